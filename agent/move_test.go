package agent_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// outcome is what a visitor got.
type outcome struct {
	status  int
	content string
	err     error
}

func (g *guest) visits(method, path string) <-chan outcome {
	got := make(chan outcome, 1)
	go func() {
		status, content, err := g.visit(method, path, "")
		got <- outcome{status, content, err}
	}()
	return got
}

// rests waits until nothing is open, and all connections are counted, if it is known how many there were. Figures change without a hint.
func (g *guest) rests(conns int64) inspect.Status {
	g.t.Helper()
	for late := time.Now().Add(limit); ; <-time.After(5 * time.Millisecond) {
		s := g.a.Status()
		if s.Conns.Open == 0 && s.Requests.Open == 0 && (conns < 0 || s.Conns.Count == conns) {
			return s
		}
		if time.Now().After(late) {
			g.t.Fatalf("something is left: %+v", s)
		}
	}
}

// TestMuteLink: a link that passes nothing any more, while both ends believe in it. Reconnect makes another session beside it that has the name; when the
// link comes back, the answers to what was under way on it arrive. One that stays mute costs what cannot be repeated.
func TestMuteLink(t *testing.T) {
	for _, back := range []bool{true, false} {
		t.Run(fmt.Sprint("it comes back: ", back), func(t *testing.T) {
			r := relaytest.Start(t)
			link := wiretest.NewCable(t, r.Agents)
			behind := *r
			behind.Agents = link.Addr
			arrived, release := make(chan string, 9), make(chan struct{})
			var posts atomic.Int64
			g := newGuest(t, &behind, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if q.Method == "POST" {
					posts.Add(1)
				}
				if q.URL.Path == "/slow" {
					arrived <- q.Method
					<-release
				}
				says(w, q)
			}))
			url := g.until("URL", online).Endpoints[0].URL
			events, stop := iter.Pull(g.a.Events(t.Context()))
			defer stop()
			get, post := g.visits("GET", "/slow"), g.visits("POST", "/slow")
			<-arrived
			<-arrived
			link.Interrupt()
			g.a.Reconnect() // as on wake-up
			for moved := false; !moved; {
				e, ok := events()
				if !ok {
					t.Fatal("the agent has stopped")
				}
				_, moved = e.(agent.EndpointOnline)
			}
			if status, got, err := g.visit("GET", "/", ""); err != nil || status != 200 || got != "GET / " {
				t.Fatalf("%d %q %v", status, got, err)
			}
			if s := g.a.Status(); s.Endpoints[0].URL != url || s.State != inspect.Online {
				t.Errorf("%+v", s)
			}
			close(release)
			if back {
				link.Mend()
			} else {
				link.Reset()
			}
			if o := <-get; o.err != nil || o.status != 200 || o.content != "GET /slow " {
				t.Errorf("GET: %+v", o)
			}
			want := map[bool]int{true: 200, false: 502}[back]
			if o := <-post; o.err != nil || o.status != want {
				t.Errorf("POST: %+v", o)
			}
			if n := posts.Load(); n != 1 {
				t.Errorf("the POST came %d times", n)
			}
			g.rests(3)
			g.stop()
			if err := g.end(); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// TestRelayChangesUnderLoad: a relay stops, and its next process takes its addresses and state over while the old one finishes what it has. Visitors get
// their own answers, or are not let in for a moment; no POST comes twice, and the URL is the same.
func TestRelayChangesUnderLoad(t *testing.T) {
	dir := t.TempDir()
	first := relay.Options{
		Domain: "tunnel.test", HTTP: "127.0.0.1:0", Agents: "127.0.0.1:0", Tokens: []string{"adit_t"}, Account: "acme", StateDir: dir, Grace: limit,
	}
	run := func(o relay.Options) (*relay.Relay, func()) {
		t.Helper()
		var r *relay.Relay
		var err error
		for late := time.Now().Add(limit); ; <-time.After(5 * time.Millisecond) {
			if r, err = relay.New(o); err == nil {
				break
			}
			if time.Now().After(late) {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		<-r.Ready()
		return r, sync.OnceFunc(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("relay: %v", err)
			}
		})
	}
	r, end := run(first)
	defer end()
	arrived, release := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	posts := map[string]int{}
	where := &relaytest.Relay{Agents: r.AgentsAddr(), HTTP: r.HTTPAddr(), Pin: r.Pin(), Token: "adit_t"}
	g := newGuest(t, where, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/slow" {
			close(arrived)
			<-release
		}
		mu.Lock()
		posts[q.URL.Path]++
		mu.Unlock()
		says(w, q)
	}), func(o *agent.Options, _ *agent.Endpoint) { o.Grace = limit })
	url := g.until("URL", online).Endpoints[0].URL
	slow := g.visits("POST", "/slow")
	<-arrived
	var over atomic.Bool
	var whole atomic.Int64
	var visitors sync.WaitGroup
	for i := range 6 {
		visitors.Go(func() {
			for n := 0; !over.Load(); n++ {
				path := fmt.Sprintf("/%d/%d", i, n)
				status, got, err := g.visit("POST", path, "x")
				if err != nil { // between the two processes
					continue
				}
				if want := "POST " + path + " x"; status == 200 && got != want || status != 200 && status != 502 && status != 503 && status != 504 {
					t.Errorf("%d %q, want %q", status, got, want)
				}
				if status == 200 {
					whole.Add(1)
				}
			}
		})
	}
	next := first
	next.HTTP, next.Agents = r.HTTPAddr(), r.AgentsAddr()
	stopped := make(chan struct{})
	go func() { defer close(stopped); end() }()
	_, endNext := run(next)
	defer endNext()
	before := whole.Load()
	for late := time.Now().Add(limit); whole.Load() < before+50; <-time.After(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("the next process serves nobody")
		}
	}
	close(release)
	if o := <-slow; o.err != nil || o.status != 200 || o.content != "POST /slow " {
		t.Errorf("what was under way: %+v", o)
	}
	<-stopped
	over.Store(true)
	visitors.Wait()
	for path, n := range posts {
		if n != 1 {
			t.Errorf("POST %s came %d times", path, n)
		}
	}
	if s := g.rests(-1); s.Endpoints[0].URL != url || s.State != inspect.Online {
		t.Errorf("URL %s, was %s; %s", s.Endpoints[0].URL, url, s.State)
	}
	g.stop()
	if err := g.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
}
