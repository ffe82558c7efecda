package web

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// send records a request with content.
func (a *api) send(id, head, body string) *inspect.Exchange {
	x := &inspect.Exchange{ID: inspect.ID(id), State: inspect.Done, Request: inspect.Request{Method: "POST", Target: "/hook", Host: "example.com", Message: inspect.Message{
		Head: []byte("POST /hook HTTP/1.1\r\nHost: example.com\r\n" + head + "\r\n"), Body: []byte(body), Kept: int64(len(body)), Size: int64(len(body)), Whole: true,
	}}}
	a.store.Record(x)
	return x
}

func TestLabels(t *testing.T) {
	a := serve(t)
	s := a.follow("")
	s.next("status")
	a.send("a", "Stripe-Signature: x\r\nContent-Type: application/json\r\n", `{"type":"invoice.paid"}`)
	var p page
	a.get("/api/v1/exchanges", &p)
	event, _ := s.exchange()
	for where, it := range map[string]itemJSON{"list": p.Exchanges[0], "event": event} {
		if it.Label != "stripe · invoice.paid" {
			t.Errorf("%s: %q", where, it.Label)
		}
	}
}

func TestExport(t *testing.T) {
	a := serve(t)
	x := a.send("a", "Content-Type: text/html\r\nContent-Length: 8\r\n", "<script>")
	for query, want := range map[string]string{
		"format=curl":                          "curl ",
		"format=curl&to=http://localhost:8000": "http://localhost:8000/hook",
		"format=httpie":                        "http ",
		"format=fetch":                         "await fetch(",
		"format=raw":                           string(x.Request.Head) + "<script>",
		"format=har":                           `"url":"http://example.com/hook"`,
	} {
		res, body := a.do("GET", "/api/v1/exchanges/a/export?"+query, "")
		h := res.Header
		if res.StatusCode != 200 || !strings.Contains(body, want) || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=a.") ||
			!strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox; ") || strings.Contains(h.Get("Content-Type"), "html") {
			t.Errorf("%s: %s %v %s", query, res.Status, h, body)
		}
	}
	for _, bad := range []string{"", "format=", "format=exe", "format=raw&side=both", "format=curl&side=request&x=1", "format=curl&to=javascript:x", "format=fetch&to=localhost:80", "format=httpie&to=http://"} {
		a.wantOurs("GET", "/api/v1/exchanges/a/export?"+bad, "", 400, "bad_request")
	}
	a.wantOurs("GET", "/api/v1/exchanges/a/export?format=raw&side=response", "", 404, "not_found")
	cut := *x
	cut.ID, cut.Request.Whole, cut.Request.Size, cut.Request.Dropped = "cut", true, 1<<30, true
	a.store.Record(&cut)
	a.wantOurs("GET", "/api/v1/exchanges/cut/export?format=curl", "", 409, "not_whole")
	a.store.Record(&inspect.Exchange{ID: "line", State: inspect.Done})
	a.wantOurs("GET", "/api/v1/exchanges/line/export?format=raw", "", 404, "not_found")
}

// TestExportAll: an archive of what the filter asks for.
func TestExportAll(t *testing.T) {
	a := serve(t)
	for _, id := range []string{"a", "b", "c"} {
		a.send(id, "X-Id: "+id+"\r\n", id)
	}
	for filter, want := range map[string]int{"": 3, "header.x-id:b": 1, "status:200": 0} {
		var got struct {
			Log struct{ Entries []json.RawMessage }
		}
		a.get("/api/v1/export?format=har&filter="+filter, &got)
		if len(got.Log.Entries) != want {
			t.Errorf("%q: %d entries, want %d", filter, len(got.Log.Entries), want)
		}
	}
	_, body := a.do("GET", "/api/v1/export?format=har&ids=c,none,a", "")
	if c, b, x := strings.Index(body, `"value":"c"`), strings.Index(body, `"value":"b"`), strings.Index(body, `"value":"a"`); c < 0 || b >= 0 || x < c {
		t.Errorf("by name: %s", body)
	}
	a.wantOurs("GET", "/api/v1/export?format=har&ids=a&filter=tag:x", "", 400, "bad_request")
	a.wantOurs("GET", "/api/v1/export", "", 400, "bad_request")
	a.wantOurs("GET", "/api/v1/export?format=har&filter=(", "", 400, "invalid_filter")
}

// TestExportWithoutSecrets: with redact=1 no export has what names give away.
func TestExportWithoutSecrets(t *testing.T) {
	a := serve(t)
	a.store.Record(exchange(inspect.Exchange{ID: "a"}, "POST", "/one?api_key=hunter2&n=1", 200, "Authorization: Bearer hunter2\r\nX-Plain: seen\r\nContent-Type: application/json\r\n", `{"password":"hunter2","plain":"seen"}`))
	for _, path := range []string{"/api/v1/export?format=har", "/api/v1/export?format=har&ids=a", "/api/v1/exchanges/a/export?format=har", "/api/v1/exchanges/a/export?format=curl",
		"/api/v1/exchanges/a/export?format=httpie", "/api/v1/exchanges/a/export?format=fetch", "/api/v1/exchanges/a/export?format=raw"} {
		if res, body := a.do("GET", path+"&redact=1", ""); res.StatusCode != 200 || strings.Contains(body, "hunter2") || !strings.Contains(body, "redacted") || !strings.Contains(body, "seen") {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
		if _, body := a.do("GET", path, ""); !strings.Contains(body, "hunter2") {
			t.Errorf("%s without being asked to: %s", path, body)
		}
		a.wantOurs("GET", path+"&redact=true", "", 400, "bad_request")
	}
}

func TestCompare(t *testing.T) {
	a := serve(t)
	a.send("old", "X-Same: 1\r\n", `{"a":1,"b":2}`)
	x := a.send("made", "X-Same: 1\r\nX-New: <2>\r\n", `{"b":2,"a":3}`)
	replay := *x
	replay.ID, replay.ReplayOf = "new", "old"
	a.store.Record(&replay)
	for _, query := range []string{"", "?with=old"} {
		var got diffJSON
		a.get("/api/v1/exchanges/new/diff"+query, &got)
		if f := got.Request.Fields; got.Old != "old" || got.New != "new" || got.Equal || len(f) != 1 || f[0].Kind != "added" || f[0].Where != "X-New" || f[0].New[0].Text != "<2>" {
			t.Errorf("%s: %+v", query, got)
		}
		if c := got.Request.Content; got.Request.How != "json" || len(c) != 1 || c[0].Kind != "changed" || c[0].Where != "$.a" {
			t.Errorf("%s: %+v", query, got.Request)
		}
	}
	if err := a.store.AddMemo(t.Context(), inspect.DiffIgnores, "$.a"); err != nil {
		t.Fatal(err)
	}
	for query, volatile := range map[string]bool{"": true, "?rules=on": true, "?rules=off": false} {
		var got diffJSON
		a.get("/api/v1/exchanges/new/diff"+query, &got)
		if c := got.Request.Content[0]; c.Volatile != volatile || c.Rule != "$.a" || got.Brief == "" {
			t.Errorf("%s: %+v", query, got)
		}
	}
	a.wantOurs("GET", "/api/v1/exchanges/new/diff?rules=no", "", 400, "bad_request")
	a.wantOurs("GET", "/api/v1/exchanges/old/diff", "", 400, "bad_request")
	a.wantOurs("GET", "/api/v1/exchanges/old/diff?with=none", "", 404, "not_found")
	a.wantOurs("GET", "/api/v1/exchanges/none/diff?with=old", "", 404, "not_found")
}
