package web

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

func TestRequest(t *testing.T) {
	a := serve(t)
	x := a.record("0199-a")
	var got exchangeJSON
	a.get("/api/requests/http/0199-a", &got)
	if got.URI != "/api/requests/http/0199-a" || got.ID != "0199-a" || got.TunnelName != "command_line" || got.RemoteAddr != "192.168.100.25" ||
		got.Start != "2026-01-15T20:32:07Z" || got.Duration != 3893202 {
		t.Errorf("%+v", got)
	}
	q := got.Request
	if q.Method != "POST" || q.Proto != "HTTP/1.1" || q.URI != "/hook?a=<b>" || strings.Join(q.Headers["Accept"], "|") != "a|b" ||
		!bytes.Equal(q.Raw, append(bytes.Clone(x.Request.Head), x.Request.Body...)) {
		t.Errorf("request: %+v", q)
	}
	r := got.Response
	if r.Status != "502 Bad Gateway" || r.StatusCode != 502 || string(r.Raw) != string(x.Response.Head)+"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n" {
		t.Errorf("response: %+v", r)
	}
	res, body := a.do("GET", "/api/requests/http/none", "")
	a.wantError(res, body, 404, codeNotFound)
}

func TestRequestWithoutResponse(t *testing.T) {
	a := serve(t)
	a.store.Record(&inspect.Exchange{ID: "p", State: inspect.Pending})
	res, body := a.do("GET", "/api/requests/http/p", "")
	if res.StatusCode != 200 || !strings.Contains(body, `"response":null`) {
		t.Errorf("%s", body)
	}
}

// Raw content that was not recorded to its end, or is not all in memory, has no end.
func TestRawOfCutContent(t *testing.T) {
	for _, m := range []inspect.Message{
		{Body: []byte("hi"), Kept: 2, Size: 100, Dropped: true, Whole: true},
		{Body: []byte("hi"), Kept: 100, Size: 100, Whole: true},
		{Body: []byte("hi"), Kept: 2, Size: 2},
	} {
		m.Head = []byte("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n")
		if raw := string(rawOf(&m)); raw != string(m.Head)+"2\r\nhi\r\n" {
			t.Errorf("%q", raw)
		}
	}
	if raw := rawOf(&inspect.Message{Size: 100, Dropped: true}); raw == nil {
		t.Error("null where clients want base64")
	}
}

func TestRequests(t *testing.T) {
	a := serve(t)
	var got struct {
		Requests []exchangeJSON `json:"requests"`
		URI      string         `json:"uri"`
	}
	a.get("/api/requests/http", &got)
	if got.Requests == nil || len(got.Requests) != 0 || got.URI != "/api/requests/http" {
		t.Errorf("nothing recorded: %+v", got)
	}
	for i := range 5 {
		a.record(strconv.Itoa(i))
	}
	a.store.Record(&inspect.Exchange{ID: "other", Endpoint: "other"})
	for query, want := range map[string]string{
		"":                                   "other 4 3 2 1 0",
		"?limit=2":                           "other 4",
		"?limit=2&tunnel_name=command_line":  "4 3",
		"?tunnel_name=nobody":                "",
		"?tunnel_name=other&limit=999999999": "other",
	} {
		a.get("/api/requests/http"+query, &got)
		var ids []string
		for _, x := range got.Requests {
			ids = append(ids, x.ID)
		}
		if s := strings.Join(ids, " "); s != want {
			t.Errorf("%s: %s, want %s", query, s, want)
		}
	}
	for _, bad := range []string{"0", "-1", "x", "1e3"} {
		res, body := a.do("GET", "/api/requests/http?limit="+bad, "")
		a.wantError(res, body, 400, codeBadRequest)
	}
	if res, body := a.do("HEAD", "/api/requests/http", ""); res.StatusCode != 200 || body != "" {
		t.Errorf("HEAD: %s", res.Status)
	}
}

// another is a reader in a run of its own: all that it has is of the one before.
type another struct{ inspect.Reader }

func (another) Run() int64 { return 1 }

// TestThisRunOnly: what another run has recorded is in our API, and not in ngrok's.
func TestThisRunOnly(t *testing.T) {
	a := serve(t, func(o *Options) { o.Reader = another{o.Reader} })
	a.record("a")
	if _, body := a.do("GET", "/api/requests/http", ""); !strings.Contains(body, `"requests":[]`) {
		t.Errorf("%s", body)
	}
	res, body := a.do("GET", "/api/requests/http/a", "")
	a.wantError(res, body, 404, codeNotFound)
	res, body = a.do("POST", "/api/requests/http", `{"id":"a"}`, "Content-Type", asJSON)
	if a.wantError(res, body, 404, codeNotFound); len(a.agent.replayed) > 0 {
		t.Error("replayed")
	}
	for query, want := range map[string]string{"": "a", "?run=all": "a", "?run=current": ""} {
		var p page
		if a.get("/api/v1/exchanges"+query, &p); p.ids() != want {
			t.Errorf("%s: %s", query, p.ids())
		}
	}
}

func TestReplay(t *testing.T) {
	a := serve(t)
	a.record("a")
	for _, in := range []string{
		`{"id":"a"}`, `{"id":"a","tunnel_name":"command_line"}`, `{"id":"a","tunnelName":"command_line","port":80}`, `{"id":"a","tunnel_name":null}`,
	} {
		if res, body := a.do("POST", "/api/requests/http", in, "Content-Type", asJSON); res.StatusCode != 204 || body != "" {
			t.Errorf("%s: %s %s", in, res.Status, body)
		}
	}
	if len(a.agent.replayed) != 4 || a.agent.replayed[3] != "a" {
		t.Errorf("replayed: %v", a.agent.replayed)
	}
	for in, status := range map[string]int{
		``: 400, `{}`: 400, `{"id":""}`: 400, `{"id":7}`: 400, `[]`: 400, `{"id":"a"} {"id":"b"}`: 400, `{"id":"a"`: 400, `id=a`: 400,
		`{"id":"a","tunnel_name":"other"}`: 400, `{"id":"a","tunnelName":"other"}`: 400,
	} {
		res, body := a.do("POST", "/api/requests/http", in, "Content-Type", asJSON)
		a.wantError(res, body, status, codeBadRequest)
	}
	res, body := a.do("POST", "/api/requests/http", `{"id":"none"}`, "Content-Type", asJSON)
	a.wantError(res, body, 404, codeNotFound)
	if len(a.agent.replayed) != 4 {
		t.Errorf("replayed: %v", a.agent.replayed)
	}
	a.agent.fails = errors.New("nobody listens")
	res, body = a.do("POST", "/api/requests/http", `{"id":"a"}`, "Content-Type", asJSON)
	if a.wantError(res, body, 502, codeFailed); !strings.Contains(body, "nobody listens") {
		t.Errorf("%s does not say why", body)
	}
}

func TestClear(t *testing.T) {
	a := serve(t)
	for _, header := range [][]string{nil, {"Content-Type", asJSON}} {
		a.record("a")
		if res, body := a.do("DELETE", "/api/requests/http", "", header...); res.StatusCode != 204 || body != "" {
			t.Errorf("%v: %s %s", header, res.Status, body)
		}
		if left, _ := inspect.Collect(a.store.List(t.Context(), inspect.Query{})); len(left) != 0 {
			t.Errorf("%d are left", len(left))
		}
	}
}
