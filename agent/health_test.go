package agent

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// TestHealth: a local service that is not there is told, with its reason and since when; that it is back is known before the next request comes.
func TestHealth(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	w := newWorld(t, nil, func(_ *Options, e *Endpoint) { e.Upstream = "http://" + addr })
	w.ready()
	health := func() inspect.Health { return w.a.Status().Endpoints[0].Health }
	if h := health(); h.State != inspect.HealthUnknown {
		t.Errorf("before any request: %+v", h)
	}
	w.do("GET", "/", "")
	first := health()
	if first.State != inspect.HealthDown || first.Reason != "refused" || first.Since.IsZero() {
		t.Errorf("refused: %+v", first)
	}
	w.do("GET", "/", "")
	if h := health(); h != first {
		t.Errorf("refused again: %+v, before %+v", h, first)
	}

	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			w.WriteHeader(500)
		case "/cut":
			panic(http.ErrAbortHandler)
		}
	})}
	go s.Serve(ln)
	defer s.Close()
	w.until("the service to be back", func(s inspect.Status) bool { return s.Endpoints[0].Health.State == inspect.HealthUp })
	for _, path := range []string{"/", "/broken", "/cut"} {
		w.do("GET", path, "")
	}
	if h := health(); h.State != inspect.HealthDown || h.Reason != "reset" {
		t.Errorf("reset: %+v", h)
	}
	w.do("GET", "/", "")
	st := w.until("an answer", func(s inspect.Status) bool { return s.Endpoints[0].Health.State == inspect.HealthUp })
	if all, one := st.Requests, st.Endpoints[0].Requests; all.Errors != 4 || one.Errors != 4 || all.Count != 6 {
		t.Errorf("%d and %d errors of %d requests, want 4 of 6", all.Errors, one.Errors, all.Count)
	}
}

// TestSlept: that the machine has slept is told, with how long.
func TestSlept(t *testing.T) {
	w := newWorld(t, echo)
	w.ready()
	w.a.onWake(41 * time.Minute)
	w.a.onWake(0) // a network that came with it
	if s := w.a.Status(); s.Slept != 41*time.Minute || s.Woke.IsZero() {
		t.Errorf("slept %v, woke %v", s.Slept, s.Woke)
	}
}
