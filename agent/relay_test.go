package agent_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire"
)

// limit is how long anything may take before a test fails.
const limit = 20 * time.Second

// guest is a program that uses the library, by its public names alone.
type guest struct {
	t     *testing.T
	a     *agent.Agent
	store *store.Memory
	http  string // where the relay takes visitors
	stop  context.CancelFunc
	ended chan error
}

// newGuest runs an agent with one endpoint, "web", that leads to h.
func newGuest(t *testing.T, r *relaytest.Relay, h http.Handler, change ...func(*agent.Options, *agent.Endpoint)) *guest {
	t.Helper()
	local := httptest.NewServer(h)
	t.Cleanup(local.Close)
	g := &guest{t: t, http: r.HTTP, ended: make(chan error, 1)}
	g.store = store.NewMemory(store.Options{OnChange: func(uint64) { g.a.Changed() }})
	o := agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token, Recorder: g.store}
	e := agent.Endpoint{Name: "web", Upstream: local.URL, Inspect: true}
	for _, f := range change {
		f(&o, &e)
	}
	var err error
	if g.a, err = agent.New(o); err != nil {
		t.Fatal(err)
	}
	g.a.SetReader(g.store)
	if err := g.a.Forward(e); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	g.stop = cancel
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.ended <- g.a.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return g
}

func (g *guest) end() error {
	g.t.Helper()
	select {
	case err := <-g.ended:
		return err
	case <-time.After(limit):
		g.t.Fatal("Run does not end")
		return nil
	}
}

// until waits for a status.
func (g *guest) until(what string, ok func(inspect.Status) bool) inspect.Status {
	g.t.Helper()
	hints, stop := g.a.Watch()
	defer stop()
	for late := time.After(limit); ; {
		s := g.a.Status()
		if ok(s) {
			return s
		}
		select {
		case <-hints:
		case <-late:
			g.t.Fatalf("no %s: %+v", what, s)
		}
	}
}

func online(s inspect.Status) bool { return s.State == inspect.Online && s.Endpoints[0].URL != "" }

var strangers = &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true}}

// visit is a public request.
func (g *guest) visit(method, path, body string) (status int, content string, err error) {
	q, err := http.NewRequest(method, "http://"+g.http+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	_, host, _ := strings.Cut(g.a.Status().Endpoints[0].URL, "://")
	return ask(q, host)
}

// ask sends a request for host to the address in its URL, as a stranger.
func ask(q *http.Request, host string) (status int, content string, err error) {
	q.Host = host
	res, err := strangers.Do(q)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func says(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, b)
}

// silence fails the test if anything is written to the program's own output while it runs.
func silence(t *testing.T) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	out, log := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = f, f
	t.Cleanup(func() {
		os.Stdout, os.Stderr = out, log
		b, err := os.ReadFile(f.Name())
		if f.Close(); err != nil || len(b) > 0 {
			t.Errorf("the library has printed %q (%v)", b, err)
		}
	})
}

// TestLibrary: a program forwards, replays, and drains, and has its output for itself. Figures and records agree to the last one.
func TestLibrary(t *testing.T) {
	silence(t)
	g := newGuest(t, relaytest.Start(t), http.HandlerFunc(says))
	select {
	case <-g.a.Ready():
	case <-time.After(limit):
		t.Fatal("not ready")
	}
	const n = 25
	for i := range n {
		path := fmt.Sprintf("/%d", i)
		if status, got, err := g.visit("POST", path, "content"); err != nil || status != 200 || got != "POST "+path+" content" {
			t.Fatalf("%d %q %v", status, got, err)
		}
	}
	all, err := inspect.Collect(g.store.List(t.Context(), inspect.Query{Limit: n}))
	if err != nil {
		t.Fatal(err)
	}
	first := all[n-1]
	id, err := g.a.Replay(t.Context(), first.ID, inspect.Resend{})
	if err != nil {
		t.Fatal(err)
	}
	g.until("replay", func(inspect.Status) bool { x, err := g.store.Get(t.Context(), id); return err == nil && x.Ended() })
	if x, _ := g.store.Get(t.Context(), id); x.State != inspect.Done || x.ReplayOf != first.ID || string(x.Response.Body) != "POST /0 content" {
		t.Errorf("replay %+v", x.Exchange)
	}
	g.until("agreement", func(s inspect.Status) bool { return s.Conns.Count == n && s.Conns.Open == 0 && s.Conns.P99 > 0 })
	if s := g.a.Status(); s.Requests.Count != n+1 || s.Requests.Open != 0 || g.store.Count() != n+1 || s.Endpoints[0].Conns.Count != n {
		t.Errorf("%d recorded, status %+v", g.store.Count(), s)
	}
	g.stop()
	if err := g.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if s := g.a.Status(); s.State != inspect.Stopped || s.Reason != "" || s.Conns.Open != 0 {
		t.Errorf("status %+v", s)
	}
}

// TestRelayRestarts: the relay goes, and another one starts in its place with the same state: the same URL serves again.
func TestRelayRestarts(t *testing.T) {
	dir, h := t.TempDir(), http.HandlerFunc(says)
	var g *guest
	var url string
	var where relaytest.Relay
	t.Run("first", func(first *testing.T) {
		r := relaytest.Start(first, func(o *relay.Options) { o.StateDir = dir })
		where = *r
		g = newGuest(t, r, h)
		url = g.until("URL", online).Endpoints[0].URL
		if status, _, err := g.visit("GET", "/", ""); err != nil || status != 200 {
			t.Fatalf("%d %v", status, err)
		}
	})
	if s := g.until("loss", func(s inspect.Status) bool { return s.State == inspect.Reconnecting }); s.Reason == "" || s.NextTry.IsZero() {
		t.Errorf("status %+v", s)
	}
	t.Run("second", func(second *testing.T) {
		relaytest.Start(second, func(o *relay.Options) { o.StateDir, o.HTTP, o.Agents = dir, where.HTTP, where.Agents })
		g.a.Reconnect()
		for late := time.Now().Add(limit); ; {
			status, got, err := g.visit("GET", "/again", "")
			if err == nil && status == 200 && got == "GET /again " {
				break
			}
			if time.Now().After(late) {
				t.Fatalf("%d %q %v", status, got, err)
			}
		}
		if s := g.a.Status(); s.Endpoints[0].URL != url || s.State != inspect.Online {
			t.Errorf("URL %s before, now %+v", url, s)
		}
		g.stop() // before the relay ends
		if err := g.end(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestSupersededLetsExchangesEnd: another agent with the same identity takes the name over. What the first one has under way ends where it
// began, and then its Run says why it is over.
func TestSupersededLetsExchangesEnd(t *testing.T) {
	r := relaytest.Start(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	take := func(dir string) *agent.Slot {
		slot, err := agent.TakeSlot(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { slot.Close() })
		return slot
	}
	slot := take(dirs[0])
	arrived, release := make(chan struct{}), make(chan struct{})
	letGo := sync.OnceFunc(func() { close(release) })
	first := newGuest(t, r, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		close(arrived)
		<-release
		io.WriteString(w, "whole")
	}), func(o *agent.Options, _ *agent.Endpoint) { o.Slot = slot })
	first.until("URL", online)
	answer := make(chan string, 1)
	go func() {
		status, content, err := first.visit("GET", "/", "")
		answer <- fmt.Sprint(status, " ", content, " ", err)
	}()
	<-arrived
	defer letGo()
	for slot.Ticket(r.Agents, "web") == "" {
		time.Sleep(time.Millisecond) // it is written down after the URL is shown
	}
	copySlot(t, dirs[0], dirs[1]) // as a cloned machine has it
	slot = take(dirs[1])
	heir := newGuest(t, r, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Slot = slot })
	heir.until("URL", online)
	first.until("supersession", func(s inspect.Status) bool { return s.Endpoints[0].Failure != nil })
	letGo()
	if got := <-answer; got != "200 whole <nil>" {
		t.Errorf("the exchange under way: %s", got)
	}
	var f *agent.FatalError
	if err := first.end(); !errors.As(err, &f) || f.Code != int(wire.CodeSuperseded) {
		t.Errorf("Run: %v", err)
	}
	if status, got, err := heir.visit("GET", "/", ""); err != nil || status != 200 || got != "GET / " {
		t.Errorf("the heir: %d %q %v", status, got, err)
	}
}

func copySlot(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(from, "agent", "slot-1", "agent.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(to, "agent", "slot-1")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "agent.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDrainUnderLoad: the agent stops while visitors come faster than their exchanges end. Nobody gets a cut answer that looks whole.
func TestDrainUnderLoad(t *testing.T) {
	g := newGuest(t, relaytest.Start(t), http.HandlerFunc(says))
	g.until("URL", online)
	var visitors sync.WaitGroup
	for i := range 8 {
		visitors.Go(func() {
			for {
				status, got, err := g.visit("POST", "/", "content")
				switch {
				case err != nil, status == 200 && got != "POST / content":
					t.Errorf("visitor %d: %d %q %v", i, status, got, err)
					return
				case status != 200:
					return // the agent is stopping, or has gone
				}
			}
		})
	}
	g.until("load", func(s inspect.Status) bool { return s.Requests.Count > 200 })
	g.stop()
	if err := g.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	visitors.Wait()
}

// TestSlotIsHeldUntilClose: an embedded relay uses the slot's directory and ports a little longer than the agent runs.
func TestSlotIsHeldUntilClose(t *testing.T) {
	dir := t.TempDir()
	take := func() *agent.Slot {
		t.Helper()
		s, err := agent.TakeSlot(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	slot := take()
	g := newGuest(t, relaytest.Start(t), http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Slot = slot })
	g.until("URL", online)
	g.stop()
	if err := g.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if other := take(); other.Instance() == slot.Instance() {
		t.Error("the slot is free before Close")
	}
	if err := g.a.Close(); err != nil {
		t.Error(err)
	}
	if again := take(); again.Instance() != slot.Instance() {
		t.Error("the slot is taken after Close")
	}
}

// TestRefusedByTheRelay: what trying again cannot mend ends Run, with the code and in words.
func TestRefusedByTheRelay(t *testing.T) {
	g := newGuest(t, relaytest.Start(t), http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Token = "adit_unknown" })
	var f *agent.FatalError
	if err := g.end(); !errors.As(err, &f) || f.Code != int(wire.CodeBadToken) || f.Error() == "" {
		t.Errorf("Run: %v", err)
	}
	if s := g.a.Status(); s.State != inspect.Stopped || s.Reason == "" {
		t.Errorf("status %+v", s)
	}
}
