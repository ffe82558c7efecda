package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

func (a *agent) Reconnect() {}

func (a *agent) Start(_ context.Context, d inspect.Definition) (inspect.Endpoint, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.defined = append(a.defined, d)
	return inspect.Endpoint{Name: d.Name, URL: "https://x.example.dev", Upstream: "http://localhost:80", Speaks: "http1", Inspect: true}, a.fails
}

func (a *agent) Stop(_ context.Context, name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = append(a.stopped, name)
	return a.fails
}

// last is the definition that came last.
func (a *agent) last(t *testing.T) inspect.Definition {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.defined) == 0 {
		t.Fatal("nothing was defined")
	}
	return a.defined[len(a.defined)-1]
}

// TestStart: what client libraries send comes whole to the Controller, and what they read is in the answer.
func TestStart(t *testing.T) {
	a := serve(t)
	bag := `{"addr":80,"authtoken":"secret","configPath":null,"ip_restriction.allow_cidrs":["10.0.0.0/8"],"name":"a/b (x)","port":80,"proto":"http"}`
	res, body := a.do("POST", "/api/tunnels", bag, "Content-Type", asJSON)
	want := `{"name":"a/b (x)","ID":"` + tunnelID(inspect.Endpoint{Name: "a/b (x)", URL: "https://x.example.dev"}) + `","uri":"/api/tunnels/a%2Fb%20%28x%29",` +
		`"public_url":"https://x.example.dev","proto":"https","config":{"addr":"http://localhost:80","inspect":true},"metrics":{`
	if res.StatusCode != 201 || !strings.HasPrefix(body, want) {
		t.Errorf("%s %s", res.Status, body)
	}
	if d := a.agent.last(t); d.Kind != inspect.TunnelDefinition || d.Name != "a/b (x)" || d.Replace || string(d.JSON) != bag {
		t.Errorf("%+v %s", d, d.JSON)
	}
	var e endpointJSON
	res, body = a.do("POST", "/api/endpoints", `{"name":"e","upstream":{"url":"http://localhost:80"}}`, "Content-Type", asJSON)
	if err := json.Unmarshal([]byte(body), &e); err != nil || res.StatusCode != 201 || e.URL != "https://x.example.dev" || e.URI != "/api/endpoints/e" ||
		e.Upstream.URL != "http://localhost:80" || e.Upstream.Protocol != "http1" || e.Metrics == nil {
		t.Errorf("%v: %s %s", err, res.Status, body)
	}
	if d := a.agent.last(t); d.Kind != inspect.EndpointDefinition || d.Name != "e" || d.Replace {
		t.Errorf("%+v", d)
	}
}

func TestPutEndpoint(t *testing.T) {
	a := serve(t)
	a.agent.status.Endpoints = []inspect.Endpoint{{Name: "old", URL: "https://x.example.dev"}}
	for name, status := range map[string]int{"new": 201, "old": 200} {
		for _, body := range []string{`{}`, `{"name":"` + name + `"}`} {
			res, text := a.do("PUT", "/api/endpoints/"+name, body, "Content-Type", asJSON)
			if d := a.agent.last(t); res.StatusCode != status || d.Name != name || !d.Replace || d.Kind != inspect.EndpointDefinition {
				t.Errorf("%s: %s %s, %+v", name, res.Status, text, d)
			}
		}
	}
	res, body := a.do("PUT", "/api/endpoints/old", `{"name":"other"}`, "Content-Type", asJSON)
	a.wantError(res, body, 400, codeBadRequest)
}

func TestListEndpoints(t *testing.T) {
	a := serve(t)
	a.agent.status.Endpoints = []inspect.Endpoint{{Name: "a b", URL: "https://x.example.dev", Upstream: "http://localhost:80", Speaks: "http1"}, {Name: "not bound"}}
	item := `{"name":"a b","uri":"/api/endpoints/a%20b","url":"https://x.example.dev","upstream":{"url":"http://localhost:80","protocol":"http1"},"inspect":false,"pooling_enabled":false`
	if _, body := a.do("GET", "/api/endpoints", ""); strings.TrimSpace(body) != `{"endpoints":[`+item+`}],"uri":"/api/endpoints"}` {
		t.Errorf("%s", body)
	}
	if _, body := a.do("GET", "/api/endpoints/a%20b", ""); !strings.HasPrefix(body, item+`,"metrics":{"conns":{`) {
		t.Errorf("%s", body)
	}
	res, body := a.do("GET", "/api/endpoints/not%20bound", "")
	a.wantError(res, body, 404, codeNotFound)
}

// TestNotStarted: the words and numbers by which clients decide whether to try again.
func TestNotStarted(t *testing.T) {
	a := serve(t)
	for _, body := range []string{``, `[]`, `null`, `{}`, `{"name":""}`, `{"name":7}`, `{"name":"x"`, `{"name":"x"} {}`, `addr=80`} {
		res, text := a.do("POST", "/api/tunnels", body, "Content-Type", asJSON)
		a.wantError(res, text, 400, codeBadRequest)
	}
	if n := len(a.agent.defined); n > 0 {
		t.Errorf("%d of them were started", n)
	}
	failure := func(code int, name string) error {
		return fmt.Errorf("wrapped: %w", &inspect.Failure{Code: code, Name: name, Text: "What happened.", Remedy: "Mend it."})
	}
	for _, x := range []struct {
		err          error
		status, code int
		msg, detail  string
	}{
		{&inspect.DefinitionError{Key: "oauth.provider", Text: "not yet"}, 400, codeBadRequest, "invalid tunnel configuration", "oauth.provider: not yet"},
		{fmt.Errorf("endpoint %w", inspect.ErrExists), 400, codeBadRequest, "invalid tunnel configuration", "endpoint exists already"},
		{inspect.ErrNoSession, 503, codeNotReady, "", "a successful ngrok tunnel session has not yet been established"},
		{failure(3004, "NAME_TAKEN"), 502, codeFailed, "failed to start tunnel",
			"The tunnel \"x\" is already bound to another tunnel session. What happened. Mend it.\n\nADIT-3004 NAME_TAKEN"},
		{failure(3005, "BAD_NAME"), 502, codeFailed, "failed to start tunnel", "What happened. Mend it.\n\nADIT-3005 BAD_NAME"},
		{context.DeadlineExceeded, 502, codeFailed, "failed to start tunnel", "the relay has not answered in time"},
		{errors.New("anything"), 502, codeFailed, "failed to start tunnel", "anything"},
	} {
		a.agent.fails = x.err
		res, body := a.do("POST", "/api/tunnels", `{"name":"x"}`, "Content-Type", asJSON)
		a.wantError(res, body, x.status, x.code)
		var e struct {
			Msg     string
			Details struct{ Err string }
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil || x.msg != "" && e.Msg != x.msg || e.Details.Err != x.detail {
			t.Errorf("%v: %v %s", x.err, err, body)
		}
	}
}

func TestStop(t *testing.T) {
	a := serve(t)
	for _, path := range []string{"/api/tunnels/a%2Fb", "/api/endpoints/a%2Fb"} {
		for _, body := range []string{"", "{}"} {
			if res, text := a.do("DELETE", path, body, "Content-Type", asJSON); res.StatusCode != 204 || text != "" {
				t.Errorf("%s: %s %s", path, res.Status, text)
			}
		}
	}
	if got := strings.Join(a.agent.stopped, " "); got != "a/b a/b a/b a/b" {
		t.Errorf("stopped: %s", got)
	}
	a.agent.fails = fmt.Errorf("%w named x", inspect.ErrNoEndpoint)
	res, body := a.do("DELETE", "/api/tunnels/x", "")
	a.wantError(res, body, 404, codeNotFound)
	a.agent.fails = errors.New("something else")
	res, body = a.do("DELETE", "/api/tunnels/x", "")
	a.wantError(res, body, 502, codeFailed)
}

// TestPagesMayNotStart: a web page that the developer visits opens no tunnel and ends none.
func TestPagesMayNotStart(t *testing.T) {
	a := serve(t)
	a.agent.status.Endpoints = []inspect.Endpoint{{Name: "x", URL: "https://x.example.dev"}}
	for name, header := range map[string][]string{
		"host":        {"Host", "rebound.example", "Content-Type", asJSON},
		"origin":      {"Origin", "https://evil.example", "Content-Type", asJSON},
		"cross-site":  {"Sec-Fetch-Site", "cross-site", "Content-Type", asJSON},
		"form":        {"Content-Type", "application/x-www-form-urlencoded"},
		"simple type": {"Content-Type", "text/plain"},
	} {
		for _, r := range [][2]string{{"POST", "/api/tunnels"}, {"POST", "/api/endpoints"}, {"PUT", "/api/endpoints/x"}, {"DELETE", "/api/tunnels/x"}, {"DELETE", "/api/endpoints/x"}} {
			if res, body := a.do(r[0], r[1], `{"name":"x"}`, header...); res.StatusCode < 400 || res.StatusCode == 404 {
				t.Errorf("%s, %v: %s %s", name, r, res.Status, body)
			}
		}
	}
	if len(a.agent.defined)+len(a.agent.stopped) > 0 {
		t.Errorf("%v %v", a.agent.defined, a.agent.stopped)
	}
}
