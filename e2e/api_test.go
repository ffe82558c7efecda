package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// api is the local API of a running agent.
func (p *process) api() string {
	p.t.Helper()
	return p.waitFor(p.stdout, `^ready .*inspect=(http://\S+)`)[1]
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

type requests struct {
	Requests []struct {
		ID      string
		Request struct {
			Method, URI string
		}
		Response *struct {
			StatusCode int `json:"status_code"`
		}
	}
}

func TestReplayThroughTheAPI(t *testing.T) {
	var hits atomic.Int64
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		hits.Add(1)
		hello(w, q)
	}))
	p := start(t, nil, "http", port, "--no-tui", "--web-addr", "127.0.0.1:0")
	url, api := p.ready(), p.api()
	q, _ := http.NewRequest("POST", url+"/hook", strings.NewReader(`{"a":1}`))
	q.Header.Set("Content-Type", "application/json")
	if status, _ := fetch(t, q); status != 200 {
		t.Fatalf("status %d", status)
	}
	var list requests
	eventually(t, "the exchange is recorded with its answer", func() bool {
		_, body := get(t, api+"/api/requests/http")
		list = requests{}
		decode(t, body, &list)
		return len(list.Requests) == 1 && list.Requests[0].Response != nil
	})
	replay := func() int {
		q, _ := http.NewRequest("POST", api+"/api/requests/http", strings.NewReader(`{"id":"`+list.Requests[0].ID+`"}`))
		q.Header.Set("Content-Type", "application/json")
		status, _ := fetch(t, q)
		return status
	}
	if status := replay(); status != 204 {
		t.Errorf("replay answers %d", status)
	}
	eventually(t, "the replay reaches the service", func() bool { return hits.Load() == 2 })
	eventually(t, "the replay is a new exchange", func() bool {
		_, body := get(t, api+"/api/requests/http")
		var now requests
		decode(t, body, &now)
		return len(now.Requests) == 2 && now.Requests[0].Request.URI == "/hook" && now.Requests[0].ID != list.Requests[0].ID
	})
	var status struct {
		Status       string
		AgentVersion string `json:"agent_version"`
	}
	_, body := get(t, api+"/api/status")
	decode(t, body, &status)
	if status.Status != "online" || status.AgentVersion == "" {
		t.Errorf("status %s", body)
	}
}

// A web page that the developer visits must not reach the captures or start a replay.
func TestHostilePage(t *testing.T) {
	p := start(t, nil, "http", service(t, http.HandlerFunc(hello)), "--no-tui", "--web-addr", "127.0.0.1:0")
	p.ready()
	api := p.api()
	for name, change := range map[string]func(*http.Request){
		"foreign host":   func(q *http.Request) { q.Host = "evil.example" },
		"foreign origin": func(q *http.Request) { q.Header.Set("Origin", "http://evil.example") },
		"cross site":     func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") },
		"form":           func(q *http.Request) { q.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
		"plain text":     func(q *http.Request) { q.Header.Set("Content-Type", "text/plain") },
	} {
		q, _ := http.NewRequest("POST", api+"/api/requests/http", strings.NewReader(`{"id":"x"}`))
		q.Header.Set("Content-Type", "application/json")
		change(q)
		if status, body := fetch(t, q); status < 400 || status == 404 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	q, _ := http.NewRequest("GET", api+"/api/requests/http", nil)
	q.Host = "rebound.example:4040"
	if status, _ := fetch(t, q); status < 400 {
		t.Errorf("a rebound host reads captures: %d", status)
	}
}

// post sends JSON, by any method, and returns the answer's status and content.
func post(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	q, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	return fetch(t, q)
}

// Endpoints come, change and go while the agent runs; those beside them are not disturbed.
func TestEndpointsAtRunTime(t *testing.T) {
	r := relay(t)
	one, two := service(t, http.HandlerFunc(hello)), service(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("the second"))
	}))
	p := start(t, nil, append([]string{"http", one, "--web-addr", "127.0.0.1:0"}, r.agentArgs()...)...)
	url, api := p.ready(), p.api()
	type endpoint struct {
		URL       string
		PublicURL string `json:"public_url"`
	}
	var added, changed endpoint
	status, body := post(t, "POST", api+"/api/tunnels", `{"name":"more","addr":"`+one+`","proto":"http","auth":"user:password1"}`)
	if decode(t, body, &added); status != 201 || added.PublicURL == "" || added.PublicURL == url {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := fetch(t, r.request(t, added.PublicURL, "/")); status != 401 {
		t.Errorf("a visitor without the password gets %d", status)
	}
	status, body = post(t, "PUT", api+"/api/endpoints/more", `{"upstream":{"url":"http://localhost:`+two+`"}}`)
	if decode(t, body, &changed); status != 200 || changed.URL != added.PublicURL {
		t.Fatalf("%d %s, want the same URL %s", status, body, added.PublicURL)
	}
	if status, body := fetch(t, r.request(t, changed.URL, "/")); status != 200 || body != "the second" {
		t.Errorf("after the change: %d %q", status, body)
	}
	if status, body := post(t, "PUT", api+"/api/endpoints/more", `{"upstream":{"url":"http://localhost:`+one+`"},"url":"elsewhere.example"}`); status != 502 {
		t.Errorf("a name that nobody may have: %d %s", status, body)
	}
	if status, body := fetch(t, r.request(t, changed.URL, "/")); status != 200 || body != "the second" {
		t.Errorf("a change was refused, and what was there answers %d %q", status, body)
	}
	if status, body := post(t, "DELETE", api+"/api/endpoints/more", ""); status != 204 {
		t.Errorf("%d %s", status, body)
	}
	if status, body := fetch(t, r.request(t, changed.URL, "/")); status < 400 || !strings.Contains(body, "not found") {
		t.Errorf("it is gone, and answers %d %q", status, body)
	}
	if status, body := fetch(t, r.request(t, url, "/a")); status != 200 || !strings.HasPrefix(body, "GET /a ") {
		t.Errorf("the one beside it: %d %q", status, body)
	}
}

// What a definition may ask for: a key that comes later is refused by its name, and what names a secret elsewhere is not looked up for whoever asks.
func TestDefinitionsAtTheAPI(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	p := start(t, nil, "http", "1", "--no-tui", "--web-addr", "127.0.0.1:0")
	p.ready()
	api := p.api()
	for body, x := range map[string]struct {
		path, says string
		status     int
	}{
		`{"name":"a","addr":80,"oauth":{"provider":"google"}}`:      {"tunnels", "oauth", 400},
		`{"name":"a","addr":80,"verify_webhook.provider":"stripe"}`: {"tunnels", "verify_webhook", 400},
		`{"name":"a","addr":80,"proto":"tls","crt":"a.crt"}`:        {"tunnels", "key is missing", 400},
		`{"name":"a","addr":80,"proto":"nonsense"}`:                 {"tunnels", "proto", 400},
		`{"name":"a","addr":"file:///etc"}`:                         {"tunnels", "without a password", 400},
		`{"name":"a","upstream":{"url":"unix:/run/docker.sock"}}`:   {"endpoints", "without a password", 400},
		`{"name":"a"}`:                      {"tunnels", "addr", 400},
		`{"name":"command_line","addr":80}`: {"tunnels", "exists already", 400},
		`{"name":"a","upstream":{"url":80},"traffic_policy":"on_http_request: []"}`:       {"endpoints", "traffic_policy", 400},
		`{"name":"a","upstream":{"url":"localhost:80"},"nobody":1,"knows":{"this":[]}}`:   {"endpoints", `"url":"http`, 201},
		`{"name":"b","addr":80,"basic_auth":["cmd:touch ` + mark + `"]}`:                  {"tunnels", "public_url", 201},
		`{"name":"c","addr":"localhost:80","schemes":["https","http"],"bind_tls":"both"}`: {"tunnels", "say the same", 400},
	} {
		status, answer := post(t, "POST", api+"/api/"+x.path, body)
		if status != x.status || !strings.Contains(answer, x.says) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a command was run for whoever asked")
	}
}

// Without a session the API says so, in the words by which clients decide to ask again; everything that can be answered is.
func TestAPIWithoutASession(t *testing.T) {
	p := asNgrok(t, append(cleanEnv(t), "ADIT_RELAY=127.0.0.1:1"), "start", "--none", "--log=stdout")
	api := "http://" + p.waitFor(p.stdout, `starting web service.* addr=(\S+)`)[1]
	p.waitFor(p.stdout, `failed to reconnect session`)
	for path, says := range map[string]string{
		"/api/": "tunnels_uri", "/api/status": `"status":"reconnecting"`, "/api/tunnels": `"tunnels":[]`, "/api/endpoints": `"endpoints":[]`,
		"/api/requests/http": `"requests":[]`, "/status": "adit",
	} {
		if status, body := get(t, api+path); status != 200 || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	status, body := post(t, "POST", api+"/api/tunnels", `{"name":"a","addr":80,"proto":"http"}`)
	if status != 503 || !strings.Contains(body, `"err":"a successful ngrok tunnel session has not yet been established"`) || !strings.Contains(body, `"error_code":104`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := post(t, "DELETE", api+"/api/tunnels/a", ""); status != 404 {
		t.Errorf("status %d", status)
	}
}
