package admin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, s Source) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, ln, s) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("serve did not end")
		}
	})
	return "http://" + ln.Addr().String()
}

func do(t *testing.T, method, url string) (int, http.Header, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	a, err := c.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, a.Header, string(b)
}

func TestHealth(t *testing.T) {
	var ready atomic.Bool
	url := serve(t, Source{Ready: ready.Load, Gather: func(func(string, float64)) {}})
	status := func(method, path string, want int) {
		t.Helper()
		if got, _, _ := do(t, method, url+path); got != want {
			t.Errorf("%s %s: %d, want %d", method, path, got, want)
		}
	}
	status("GET", "/healthz", 200)
	status("GET", "/readyz", 503)
	ready.Store(true)
	status("GET", "/readyz", 200)
	ready.Store(false)
	status("GET", "/readyz", 503)
	status("HEAD", "/healthz", 200)
	status("POST", "/healthz", 405)
	status("GET", "/", 404)
	status("GET", "/debug/pprof/", 404)
}

func TestMetrics(t *testing.T) {
	url := serve(t, Source{Ready: func() bool { return true }, Gather: func(set func(string, float64)) {
		set("adit_sessions", 2)
		set(`adit_edge_errors_total{code="NO_ENDPOINT"}`, 3)
		set(`adit_seconds_bucket{le="0.5"}`, 1)
		set(`adit_seconds_bucket{le="10"}`, 2)
		set(`adit_seconds_bucket{le="+Inf"}`, 4)
		set("adit_seconds_sum", 1.5)
		set("adit_seconds_count", 4)
		set(`adit_edge_errors_total{code="AGENT_GONE"}`, 1)
	}, Families: []Family{
		{Name: "adit_edge_errors_total", Help: "Answers made here."}, {Name: "adit_never", Help: "Nothing."},
		{Name: "adit_seconds", Help: "Durations.", Histogram: true}, {Name: "adit_sessions", Help: "Agents."},
	}})
	status, head, page := do(t, "GET", url+"/metrics")
	if status != 200 || !strings.HasPrefix(head.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d %v", status, head)
	}
	want := `# HELP adit_edge_errors_total Answers made here.
# TYPE adit_edge_errors_total counter
adit_edge_errors_total{code="AGENT_GONE"} 1
adit_edge_errors_total{code="NO_ENDPOINT"} 3
# HELP adit_seconds Durations.
# TYPE adit_seconds histogram
adit_seconds_bucket{le="0.5"} 1
adit_seconds_bucket{le="10"} 2
adit_seconds_bucket{le="+Inf"} 4
adit_seconds_sum 1.5
adit_seconds_count 4
# HELP adit_sessions Agents.
# TYPE adit_sessions gauge
adit_sessions 2
`
	process, ok := strings.CutPrefix(page, want)
	if !ok {
		t.Errorf("got\n%swant first\n%s", page, want)
	}
	for _, name := range []string{"go_goroutines ", "process_start_time_seconds ", "go_memstats_alloc_bytes "} {
		if !strings.Contains(process, "\n"+name) {
			t.Errorf("no %sin the process's metrics", name)
		}
	}
}

func TestLostListenerIsAnError(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	err = Serve(t.Context(), ln, Source{Ready: func() bool { return true }, Gather: func(func(string, float64)) {}})
	if !errors.Is(err, net.ErrClosed) {
		t.Fatalf("got %v", err)
	}
}
