package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// watched is a local service that counts the connections it holds.
type watched struct {
	port string
	open atomic.Int64
}

func watch(t *testing.T, h http.Handler) *watched {
	t.Helper()
	return watchWith(t, net.ListenConfig{}, h)
}

func watchWith(t *testing.T, lc net.ListenConfig, h http.Handler) *watched {
	t.Helper()
	w := &watched{}
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			w.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			w.open.Add(-1)
		}
	}}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	_, w.port, _ = net.SplitHostPort(ln.Addr().String())
	return w
}

// A visitor that leaves in any phase frees the local service's side.
func TestVisitorVanishes(t *testing.T) {
	for name, x := range map[string]struct {
		send    string
		handler func(began, gone chan<- bool) http.HandlerFunc
	}{
		"while waiting": {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", func(began, gone chan<- bool) http.HandlerFunc {
			return func(_ http.ResponseWriter, q *http.Request) {
				began <- true
				<-q.Context().Done()
				gone <- true
			}
		}},
		"mid-upload": {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nsome", func(began, gone chan<- bool) http.HandlerFunc {
			return func(_ http.ResponseWriter, q *http.Request) {
				_, _ = q.Body.Read(make([]byte, 4))
				began <- true
				_, err := io.Copy(io.Discard, q.Body)
				gone <- err != nil
			}
		}},
		"mid-download": {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", endless},
	} {
		t.Run(name, func(t *testing.T) {
			began, gone := make(chan bool, 1), make(chan bool, 1)
			w := watch(t, x.handler(began, gone))
			p := start(t, nil, "http", "127.0.0.1:"+w.port, "--no-tui")
			c, err := net.Dial("tcp", strings.TrimPrefix(p.ready(), "http://"))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(c, x.send)
			wait(t, began, "the request to reach the service")
			_ = c.Close()
			if !wait(t, gone, "the service to notice") {
				t.Error("the service saw a whole upload")
			}
			eventually(t, "local connections are closed", func() bool { return w.open.Load() == 0 })
			p.waitFor(p.stdout, `ADIT-4008|VISITOR_GONE`)
		})
	}
}

func wait(t *testing.T, ch <-chan bool, what string) bool {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		return false
	}
}

// A local service that breaks off in the middle of an answer is never taken for one that finished.
func TestServiceVanishes(t *testing.T) {
	for name, answer := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly some",
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly some\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			port, _ := rawService(t, script{until: "\r\n\r\n", answer: answer, close: true})
			p := start(t, nil, "http", "127.0.0.1:"+port, "--no-tui")
			a, err := http.Get(p.ready())
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			b, err := io.ReadAll(a.Body)
			if err == nil {
				t.Errorf("the cut answer looks whole: %q", b)
			}
			if string(b) != "only some" {
				t.Errorf("what came before the cut: %q", b)
			}
			p.waitFor(p.stdout, `LOCAL_EARLY_END`)
		})
	}
	t.Run("before the answer", func(t *testing.T) {
		port, _ := rawService(t, script{until: "\r\n\r\n", close: true})
		p := start(t, nil, "http", "127.0.0.1:"+port, "--no-tui")
		if status, body := get(t, p.ready()); status != 502 || !strings.Contains(body, "LOCAL_RESET") {
			t.Errorf("%d %q", status, body)
		}
	})
}

// Server-sent events come one by one, not at the end.
func TestEventsAreNotHeldBack(t *testing.T) {
	next := make(chan bool)
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-next:
			case <-q.Context().Done():
				return
			}
		}
	}))
	p := start(t, nil, "http", port, "--no-tui")
	a, err := http.Get(p.ready())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	for i := range 3 {
		buf := make([]byte, 100)
		n, err := a.Body.Read(buf)
		if want := fmt.Sprintf("data: %d\n\n", i); string(buf[:n]) != want {
			t.Fatalf("event %d: %q, %v", i, buf[:n], err)
		}
		next <- true
	}
}
