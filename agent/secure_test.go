package agent

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// TestTLSInWholeRecords: what comes over TLS is passed on in the pieces that it came in, not byte by byte.
func TestTLSInWholeRecords(t *testing.T) {
	const size = 1 << 20
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Write(make([]byte, size))
	}))
	t.Cleanup(s.Close)
	r := newRig(t, "localhost:1", func(r *rig) {
		var err error
		if r.ep, err = newEndpoint(Endpoint{Name: "web", Upstream: s.URL}); err != nil {
			t.Fatal(err)
		}
	})
	r.get("/")
	a := r.answer()
	if len(a.body) != size || len(a.frames) > size/(4<<10) {
		t.Errorf("%d bytes in %d frames", len(a.body), len(a.frames))
	}
}
