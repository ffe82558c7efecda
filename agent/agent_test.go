package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire"
)

// world is a relay, an agent, and how the agent's Run ended.
type world struct {
	t     *testing.T
	relay *relaytest.Relay
	a     *Agent
	store *store.Memory
	stop  context.CancelFunc
	ended chan error
}

// newWorld runs an agent with one endpoint for h.
func newWorld(t *testing.T, h http.Handler, change ...func(*Options, *Endpoint)) *world {
	t.Helper()
	local := httptest.NewServer(h)
	t.Cleanup(local.Close)
	w := &world{t: t, relay: relaytest.Start(t)}
	w.start(Endpoint{Name: "web", Upstream: local.URL, Inspect: true}, change...)
	return w
}

func (w *world) start(e Endpoint, change ...func(*Options, *Endpoint)) {
	w.t.Helper()
	w.store = store.NewMemory(store.Options{OnChange: func(uint64) { w.a.Changed() }})
	o := Options{Relay: w.relay.Agents, Pin: w.relay.Pin, Token: w.relay.Token, Version: "9.9", Recorder: w.store, Grace: patience, Log: slog.New(slog.NewTextHandler(w.t.Output(), nil))}
	for _, f := range change {
		f(&o, &e)
	}
	a, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	a.SetReader(w.store)
	if err := a.Forward(e); err != nil {
		w.t.Fatal(err)
	}
	w.run(a)
}

// run runs a until the test ends.
func (w *world) run(a *Agent) {
	ctx, cancel := context.WithCancel(context.Background())
	w.a, w.stop, w.ended = a, cancel, make(chan error, 1)
	go func() { w.ended <- a.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err, ok := <-w.ended; ok && err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
}

// end waits for Run.
func (w *world) end() error {
	w.t.Helper()
	select {
	case err := <-w.ended:
		close(w.ended)
		return err
	case <-time.After(patience):
		w.t.Fatal("Run does not end")
		return nil
	}
}

// ready waits for Ready and returns the endpoint's URL.
func (w *world) ready() string {
	w.t.Helper()
	w.settled()
	return w.a.Status().Endpoints[0].URL
}

// settled waits for Ready.
func (w *world) settled() {
	w.t.Helper()
	select {
	case <-w.a.Ready():
	case <-time.After(patience):
		w.t.Fatalf("not ready: %+v", w.a.Status())
	}
}

// do sends a request to the endpoint's URL through the relay.
func (w *world) do(method, path, body string) (*http.Response, string) {
	w.t.Helper()
	res, b, err := w.try(method, path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, b
}

var visitor = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

func (w *world) try(method, path, body string) (*http.Response, string, error) {
	q, err := http.NewRequest(method, "http://"+w.relay.HTTP+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	_, q.Host, _ = strings.Cut(w.a.Status().Endpoints[0].URL, "://")
	res, err := visitor.Do(q)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

// until waits for a status.
func (w *world) until(what string, ok func(inspect.Status) bool) inspect.Status {
	w.t.Helper()
	hints, stop := w.a.Watch()
	defer stop()
	limit := time.After(patience)
	for {
		s := w.a.Status()
		if ok(s) {
			return s
		}
		select {
		case <-hints:
		case <-time.After(50 * time.Millisecond): // figures change without a hint
		case <-limit:
			w.t.Fatalf("no %s: %+v", what, s)
		}
	}
}

var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, b)
})

// TestForward: the whole way, with figures, records and a replay.
func TestForward(t *testing.T) {
	w := newWorld(t, echo)
	url := w.ready()
	if !strings.Contains(url, "tunnel.test") {
		t.Errorf("URL %q", url)
	}
	for i := range 3 {
		if _, b := w.do("POST", fmt.Sprint("/", i), "hello"); b != fmt.Sprintf("POST /%d hello", i) {
			t.Fatalf("got %q", b)
		}
	}
	s := w.until("figures", func(s inspect.Status) bool { return s.Conns.Count == 3 && s.Conns.Open == 0 && s.Latency > 0 })
	if s.State != inspect.Online || s.Account != "acme" || s.Plan != "free" || s.Region != "test-1" || s.Version != "9.9" || s.Relay != w.relay.Agents {
		t.Errorf("status %+v", s)
	}
	if s.Requests.Count != 3 || s.Endpoints[0].Requests.Count != 3 || s.Endpoints[0].Conns.Count != 3 || s.Conns.P50 <= 0 {
		t.Errorf("figures %+v", s)
	}
	first := listed(t, w.store)[2]
	id, err := w.a.Replay(t.Context(), first.ID, inspect.Resend{})
	if err != nil {
		t.Fatal(err)
	}
	w.until("replay", func(inspect.Status) bool {
		x, err := w.store.Get(t.Context(), id)
		return err == nil && x.State == inspect.Done && x.ReplayOf == first.ID && string(x.Response.Body) == "POST /0 hello" && x.Request.Host == first.Request.Host
	})
	if n := w.store.Count(); n != 4 {
		t.Errorf("%d exchanges", n)
	}
}

// TestProven: without any visitor, an endpoint is soon reached through the relay. Nothing else shows that.
func TestProven(t *testing.T) {
	w := newWorld(t, echo)
	begin := time.Now().Round(0)
	w.ready()
	s := w.until("proof", func(s inspect.Status) bool { at, bound := s.Proven(); return bound && !at.IsZero() })
	if at := s.Endpoints[0].Proof; at.Before(begin) || at.After(time.Now()) {
		t.Errorf("proven at %v, begun at %v", at, begin)
	}
	if s.Conns.Count != 0 || s.Requests.Count != 0 || w.store.Count() != 0 {
		t.Errorf("%d recorded, status %+v", w.store.Count(), s)
	}
}

// TestReplayRefused: what cannot be sent again as it was is not sent.
func TestReplayRefused(t *testing.T) {
	w := newWorld(t, echo)
	w.ready()
	head := []byte("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\n")
	record := func(id inspect.ID, change func(*inspect.Exchange)) {
		x := &inspect.Exchange{ID: id, Endpoint: "web", State: inspect.Done}
		x.Request.Head, x.Request.Body, x.Request.Kept, x.Request.Size, x.Request.Whole = head, []byte("hi"), 2, 2, true
		change(x)
		w.store.Record(x)
	}
	record("cut", func(x *inspect.Exchange) { x.Request.Dropped, x.Request.Size = true, 9 })
	record("open", func(x *inspect.Exchange) { x.Request.Whole = false })
	record("upgraded", func(x *inspect.Exchange) { x.Upgraded = true })
	record("other", func(x *inspect.Exchange) { x.Endpoint = "other" })
	record("length", func(x *inspect.Exchange) { x.Request.Body, x.Request.Kept, x.Request.Size = []byte("h"), 1, 1 })
	for id, want := range map[inspect.ID]wire.Code{
		"cut": wire.CodeReplayPartial, "open": wire.CodeReplayPartial, "upgraded": wire.CodeReplayPartial, "gone": wire.CodeCaptureGone,
		"other": wire.CodeNoEndpoint, "length": wire.CodeReplayPartial,
	} {
		_, err := w.a.Replay(t.Context(), id, inspect.Resend{})
		var refused *ReplayError
		if !errors.As(err, &refused) || refused.Failure.Code != int(want) {
			t.Errorf("%s: %v", id, err)
		}
	}
	record("fine", func(x *inspect.Exchange) {})
	if _, err := w.a.Replay(t.Context(), "fine", inspect.Resend{}); err != nil {
		t.Error(err)
	}
}

// TestReplayContent: chunked content, trailers, HEAD, an answer that is refused.
func TestReplayContent(t *testing.T) {
	got := make(chan string, 1)
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- fmt.Sprint(r.Method, " ", r.TransferEncoding, " ", len(b), " ", r.Trailer)
	}))
	w.ready()
	big := make([]byte, 100_000)
	for i, tt := range []struct {
		head, body, trailers, want string
	}{
		{"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTrailer: X\n\n", string(big), "X: 1\n", "POST [chunked] 100000 map[X:[1]]"},
		{"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n", "", "", "POST [chunked] 0 map[]"},
		{"PUT / HTTP/1.1\nHost: a\nContent-Length: 100000\n\n", string(big), "", "PUT [] 100000 map[]"},
		{"PUT / HTTP/1.1\nHost: a\nContent-Length: 0\n\n", "", "", "PUT [] 0 map[]"},
		{"HEAD / HTTP/1.1\nHost: a\n\n", "", "", "HEAD [] 0 map[]"},
	} {
		crlf := func(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }
		x := &inspect.Exchange{ID: inspect.ID(fmt.Sprint(i)), Endpoint: "web", State: inspect.Done}
		x.Request.Head, x.Request.Body, x.Request.Size, x.Request.Whole = crlf(tt.head), []byte(tt.body), int64(len(tt.body)), true
		x.Request.Trailers, x.Request.Kept = crlf(tt.trailers), x.Request.Size
		w.store.Record(x)
		if _, err := w.a.Replay(t.Context(), x.ID, inspect.Resend{}); err != nil {
			t.Fatal(err)
		}
		if s := <-got; s != tt.want {
			t.Errorf("%q, want %q", s, tt.want)
		}
	}
}

// TestRefusals: what trying again cannot change ends Run, with its code.
func TestRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Options, *Endpoint)
		want   wire.Code
	}{
		"token":    {func(o *Options, _ *Endpoint) { o.Token = "wrong" }, wire.CodeBadToken},
		"no token": {func(o *Options, _ *Endpoint) { o.Token = "" }, wire.CodeTokenRequired},
		"pin":      {func(o *Options, _ *Endpoint) { o.Pin = "sha256:" + strings.Repeat("0", 64) }, wire.CodePinMismatch},
		"roots":    {func(o *Options, _ *Endpoint) { o.Pin = "" }, wire.CodeUntrustedRelay},
		"name":     {func(_ *Options, e *Endpoint) { e.Host = "example.org" }, wire.CodeDomainUnproven},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, echo, tt.change)
			var f *FatalError
			if err := w.end(); !errors.As(err, &f) || f.Code != int(tt.want) {
				t.Fatalf("Run: %v", err)
			}
			if s := w.a.Status(); s.State != inspect.Stopped || s.Reason == "" {
				t.Errorf("status %+v", s)
			}
		})
	}
}

// TestAlreadyOnline: a second instance that wants a held name is refused; the same instance takes it over, and the first one ends.
func TestAlreadyOnline(t *testing.T) {
	dir := t.TempDir()
	slot, err := TakeSlot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slot.Close() })
	held := func(o *Options, e *Endpoint) { e.Host = "mine.tunnel.test" }
	w := newWorld(t, echo, held, func(o *Options, _ *Endpoint) { o.Slot = slot })
	w.ready()
	second := &world{t: t, relay: w.relay}
	second.start(Endpoint{Name: "web", Upstream: "http://127.0.0.1:1"}, held)
	var f *FatalError
	if err := second.end(); !errors.As(err, &f) || f.Code != int(wire.CodeAlreadyOnline) {
		t.Fatalf("second: %v", err)
	}
	if e := second.a.Status().Endpoints[0]; e.Failure == nil || e.Failure.Code != int(wire.CodeAlreadyOnline) {
		t.Errorf("endpoint %+v", e)
	}
	w.do("GET", "/", "")
	heir := &world{t: t, relay: w.relay}
	heir.start(Endpoint{Name: "web", Upstream: w.a.endpoints[0].Upstream}, held, func(o *Options, _ *Endpoint) {
		o.Slot = &Slot{dir: slot.dir, lock: slot.lock, file: slot.file}
	})
	heir.ready()
	if err := w.end(); !errors.As(err, &f) || f.Code != int(wire.CodeSuperseded) {
		t.Fatalf("first: %v", err)
	}
	heir.do("GET", "/", "")
}

// TestTwoEndpoints: one that is refused does not end the other.
func TestTwoEndpoints(t *testing.T) {
	w := newWorld(t, echo)
	w.ready()
	if err := w.a.Forward(Endpoint{Name: "web", Upstream: "http://localhost:1"}); err == nil {
		t.Error("a name twice")
	}
	if err := w.a.Forward(Endpoint{Name: "bad", Upstream: "http://localhost:1", Host: "example.org"}); err != nil {
		t.Fatal(err)
	}
	s := w.until("refusal", func(s inspect.Status) bool { return len(s.Endpoints) == 2 && s.Endpoints[1].Failure != nil })
	if s.Endpoints[1].URL != "" || s.State != inspect.Online {
		t.Errorf("status %+v", s)
	}
	w.do("GET", "/", "")
}

// cutter is a TCP proxy whose connections can be cut.
type cutter struct {
	ln    net.Listener
	mu    sync.Mutex
	conns []net.Conn
	deny  bool
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{ln: ln}
	var wg sync.WaitGroup
	pipe := func(dst, src net.Conn) {
		defer wg.Done()
		io.Copy(dst, src)
		dst.Close()
	}
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			a, err := ln.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			c.mu.Lock()
			if err != nil || c.deny {
				a.Close()
				c.mu.Unlock()
				continue
			}
			c.conns = append(c.conns, a, b)
			c.mu.Unlock()
			wg.Add(2)
			go pipe(a, b)
			go pipe(b, a)
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		c.cut(true)
		wg.Wait()
	})
	return c
}

func (c *cutter) cut(deny bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deny = deny
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

// TestReconnect: the link is lost, the same URL serves again, exchanges under way fail visibly, totals go on and open connections end.
func TestReconnect(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, 1)
	var c *cutter
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			arrived <- struct{}{}
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	})
	w := newWorld(t, h, func(o *Options, _ *Endpoint) {
		c = newCutter(t, o.Relay)
		o.Relay = c.ln.Addr().String()
	})
	defer close(release)
	url := w.ready()
	w.do("GET", "/", "")
	waited := make(chan error, 1)
	go func() {
		_, _, err := w.try("POST", "/wait", "x")
		waited <- err
	}()
	<-arrived
	w.until("an open connection", func(s inspect.Status) bool { return s.Conns.Open == 1 && s.Conns.Count == 2 })
	c.cut(true)
	s := w.until("loss", func(s inspect.Status) bool { return s.State == inspect.Reconnecting && s.Conns.Open == 0 })
	if s.Reason == "" || s.NextTry.IsZero() || s.Requests.Open != 0 || s.Account != "acme" {
		t.Errorf("status %+v", s)
	}
	<-waited // an answer or an error, at once
	w.until("tries", func(s inspect.Status) bool { return s.Attempt >= 3 })
	c.cut(false)
	w.a.Reconnect()
	w.until("session", func(s inspect.Status) bool { return s.State == inspect.Online && s.Endpoints[0].Failure == nil })
	if n := w.a.Status().Attempt; n != 0 {
		t.Errorf("attempt %d with a session", n)
	}
	deadline := time.Now().Add(patience)
	for {
		res, _, err := w.try("GET", "/", "")
		if err == nil && res.StatusCode == 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v %v", res, err)
		}
	}
	if got := w.a.Status().Endpoints[0].URL; got != url {
		t.Errorf("URL %q, before %q", got, url)
	}
	w.until("totals", func(s inspect.Status) bool { return s.Conns.Count >= 3 && s.Conns.Open == 0 && s.Requests.Open == 0 })
}

// TestDrain: exchanges under way end well, new ones are refused, and the visitor gets the whole answer.
func TestDrain(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
		io.WriteString(w, strings.Repeat("whole", 100_000))
	}))
	w.ready()
	type outcome struct {
		n   int
		err error
	}
	got := make(chan outcome, 1)
	go func() {
		_, b, err := w.try("GET", "/", "")
		got <- outcome{len(b), err}
	}()
	<-arrived
	w.stop()
	deadline := time.Now().Add(patience)
	for !w.a.eng.stopping.Load() && time.Now().Before(deadline) {
		<-time.After(time.Millisecond)
	}
	if res, _, err := w.try("GET", "/", ""); err == nil && res.StatusCode < 400 {
		t.Errorf("a new exchange: %v", res.Status)
	}
	close(release)
	if o := <-got; o.err != nil || o.n != 500_000 {
		t.Errorf("%+v", o)
	}
	if err := w.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// TestDrainGrace: what does not end within the grace is cut.
func TestDrainGrace(t *testing.T) {
	arrived := make(chan struct{})
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}), func(o *Options, _ *Endpoint) { o.Grace = 50 * time.Millisecond })
	w.ready()
	got := make(chan int, 1)
	go func() {
		res, _, err := w.try("GET", "/", "")
		if err != nil {
			got <- 0
			return
		}
		got <- res.StatusCode
	}()
	<-arrived
	w.stop()
	if err := w.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if s := <-got; s == 200 {
		t.Error("a cut exchange looks whole")
	}
}
