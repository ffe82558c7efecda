package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
)

// FuzzRequest sends the API whatever a program or a page may send: it answers in its own words, and what is not let in changes nothing.
func FuzzRequest(f *testing.F) {
	for _, q := range [][3]string{
		{"GET", "/api/v1/exchanges?filter=status:5xx+%28a+or+b%29&limit=3&before=18&run=current", ""},
		{"GET", "/api/v1/exchanges/a/request/body?decoded=1", ""},
		{"GET", "/api/v1/exchanges/a/export?format=curl&to=http://x", ""},
		{"GET", "/api/v1/exchanges/a/diff?with=a", ""},
		{"POST", "/api/v1/exchanges/a/replay", `{"method":"PUT","target":"/x","headers":[["a","b"]],"body_base64":"AA=="}`},
		{"PATCH", "/api/v1/exchanges/a", `{"pinned":true,"note":"n","add_tags":["x"],"del_tags":["y"]}`},
		{"DELETE", "/api/v1/exchanges?filter=tag:x&all=1", ""},
		{"PUT", "/api/v1/views/x", `{"filter":"path:/a"}`},
		{"POST", "/api/tunnels", `{"name":"x","addr":80}`},
	} {
		f.Add(q[0], q[1], "localhost:4040", asJSON, q[2])
	}
	f.Fuzz(func(t *testing.T, method, target, host, kind, body string) {
		q, err := http.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(body))
		if err != nil || q.URL == nil || strings.HasPrefix(target, "/api/v1/events") {
			return // a stream of events has no end
		}
		if q.URL, err = q.URL.Parse(target); err != nil {
			return
		}
		q.RequestURI, q.Host = target, host
		q.Header.Set("Content-Type", kind)
		kept := store.NewMemory(store.Options{})
		kept.Record(&inspect.Exchange{ID: "a", State: inspect.Done, Request: inspect.Request{Method: "GET", Target: "/"}})
		version, a := kept.Version(), &agent{}
		s := New(Options{Reader: kept, Keeper: kept, Replayer: a, Observer: a, Controller: a})
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, q)
		if w.Code < 200 || w.Code >= 500 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") == "application/json" && w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("not JSON: %q", w.Body)
		}
		changed := kept.Version() != version || len(a.replayed)+len(a.defined)+len(a.stopped) > 0
		if reads := method == http.MethodGet || method == http.MethodHead; changed && (reads || w.Code >= 400 || !isJSON(kind)) {
			t.Errorf("%s as %q is answered %d, and has changed something", method, kind, w.Code)
		}
		if !newGuard(nil, nil).allowed(host) && w.Code != http.StatusForbidden {
			t.Errorf("host %q is answered %d", host, w.Code)
		}
	})
}
