package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// legs is how many connections pass through.
func (b *breaker) legs() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.links) / 2
}

// resetOne resets one of them.
func (b *breaker) resetOne() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.links {
		_ = c.SetLinger(0)
		_ = c.Close()
		return
	}
}

// TestLegs: an agent with three connections that loses one costs those visitors their answer who were reading it there, and nobody else notices. A moment
// later it has three again.
func TestLegs(t *testing.T) {
	r := relay(t)
	b := newBreaker(t, r.agents)
	release := make(chan struct{})
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/slow" {
			hello(w, q)
			return
		}
		_, _ = io.WriteString(w, "first ")
		w.(http.Flusher).Flush()
		<-release
		_, _ = io.WriteString(w, "last")
	}))
	r.agents = b.ln.Addr().String()
	p := start(t, nil, append([]string{"http", port}, r.agentArgs("--legs", "3")...)...)
	url := p.ready()
	eventually(t, "three connections", func() bool { return b.legs() == 3 })
	eventually(t, "all of them are up", func() bool { return strings.Count(r.stderr.text(), "leg online") == 2 })
	const readers = 9
	began, got := make(chan error, readers), make(chan string, readers)
	for range readers {
		go func() {
			res, err := http.DefaultClient.Do(r.request(t, url, "/slow"))
			if err != nil {
				began <- err
				return
			}
			defer res.Body.Close()
			first := make([]byte, 6)
			_, err = io.ReadFull(res.Body, first)
			began <- err
			rest, err := io.ReadAll(res.Body)
			got <- fmt.Sprint(string(first), string(rest), " ", err)
		}()
	}
	for range readers {
		if err := <-began; err != nil {
			t.Fatal(err)
		}
	}
	b.resetOne()
	for n := range 50 {
		if status, body := fetch(t, r.request(t, url, "/")); status != 200 {
			t.Fatalf("request %d: %d %s", n, status, body)
		}
	}
	close(release)
	whole := 0
	for range readers {
		if s := <-got; s == "first last <nil>" {
			whole++
		}
	}
	if whole < 4 || whole == readers {
		t.Errorf("%d of %d answers came whole", whole, readers)
	}
	eventually(t, "three connections again", func() bool { return b.legs() == 3 && strings.Count(r.stderr.text(), "leg online") == 3 })
	if strings.Count(p.stdout.text(), "ready ") != 1 || strings.Contains(r.stderr.text(), "agent offline") {
		t.Error("the session was made anew")
	}
}
