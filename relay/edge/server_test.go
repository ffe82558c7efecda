package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

func TestAccessLog(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("hello") })
	v := w.dial().send("GET /a\"b?token=secret HTTP/1.1\r\nHost: App.test\r\n\r\n")
	v.response("GET")
	v.send("BAD\x1b[2J\r\n\r\n").rest()
	until(t, "logged", func() bool { return strings.Count(w.log.String(), "\n") == 2 })
	got := strings.Split(w.log.String(), "\n")
	want := []string{
		`^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z id=[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12} client=127\.0\.0\.1:\d+ http=1\.1 method=GET host=app\.test path="/a\\"b" status=200 bytes=5 duration=\d+\.\d{3}ms endpoint=web code=-$`,
		` http=- method=- host=- path="" status=400 bytes=\d+ duration=\d+\.\d{3}ms endpoint=- code=BAD_REQUEST$`,
	}
	for i, re := range want {
		if !regexp.MustCompile(re).MatchString(got[i]) {
			t.Errorf("line %d: %s", i, got[i])
		}
	}
}

// blocked is a log writer that never gets anything written until it is freed.
type blocked chan struct{}

func (b blocked) Write(p []byte) (int, error) { <-b; return len(p), nil }

func TestAccessLogNeverBlocks(t *testing.T) {
	b := make(blocked)
	l := newAccessLog(b)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { l.write(stop); close(done) }()
	line := []byte(strings.Repeat("x", 1000) + "\n")
	for range 1000 {
		l.add(line)
	}
	if d := l.dropped.Load(); d < 400 {
		t.Errorf("%d lines dropped", d)
	}
	close(b)
	close(stop)
	<-done
}

func TestQuoting(t *testing.T) {
	if got := string(appendQuoted(nil, []byte("a\"\\\n\x1b\xff é="))); got != `"a\"\\\x0a\x1b\xff \xc3\xa9="` {
		t.Error(got)
	}
	for in, want := range map[string]string{"": "-", "GET": "GET", "a b": `"a b"`, "a=b": `"a=b"`} {
		if got := string(appendWord(nil, []byte(in))); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}

// TestShutdown: connections that stay idle end, busy ones when they are through, all with a sign.
func TestShutdown(t *testing.T) {
	free := make(chan struct{})
	w := start(t, func(x *fakeExchange) {
		if strings.Contains(string(x.req.Head), "/slow") {
			<-free
		}
		x.ok("x")
	}, func(_ *Options, l *limits) { l.late = int64(50 * time.Millisecond) })
	fresh, idle, busy := w.dial(), w.dial(), w.dial()
	idle.send(get).response("GET")
	busy.send("GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n")
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 2 && w.s.Stats().Open == 3 })
	result := make(chan error, 1)
	go func() { result <- w.shutdown(patience) }()
	fresh.rest()
	idle.rest()
	until(t, "the door is closed", func() bool { return w.s.doors() == 0 })
	if nc, err := net.Dial("tcp", w.addr); err == nil {
		nc.Close()
		t.Error("the listener is open")
	}
	close(free)
	if head := busy.head(); !strings.Contains(head, "Connection: close\n") {
		t.Errorf("head %q", head)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// TestHandOver: visitors who are silent may still come with a request where another server has taken over, long after they would have been closed else.
func TestHandOver(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("x") }, func(_ *Options, l *limits) { l.late = int64(10 * time.Millisecond) })
	fresh, idle := w.dial(), w.dial()
	idle.send(get).response("GET")
	until(t, "both are in", func() bool { return w.s.Stats().Open == 2 })
	w.done = true
	result := make(chan error, 1)
	go func() { result <- w.s.HandOver(t.Context(), time.Hour) }()
	until(t, "it is late", func() bool {
		stop := w.s.stopAt.Load()
		return stop != 0 && w.s.clock.Load()-stop > int64(500*time.Millisecond)
	})
	for name, v := range map[string]*visitor{"fresh": fresh, "idle": idle} {
		if res, _ := v.send(get).response("GET"); !res.Close {
			t.Errorf("%s: nothing says that the next request is to come anew", name)
		}
		v.rest()
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// TestShutdownCuts: patience has an end. Who has no answer yet is told.
func TestShutdownCuts(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		if x.req.Flags&wire.ReqUpgrade != 0 {
			x.put(tunnelFrame())
		}
	})
	waiting := w.dial().send(get)
	uploading := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nhello")
	w.dial().send(upgradeReq).head()
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 3 })
	if err := w.shutdown(20 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	for _, x := range w.up.exchanges() {
		if code, _ := x.over(); code != wire.CodeRelayStopping {
			t.Errorf("aborted with %v", code)
		}
	}
	for _, v := range []*visitor{waiting, uploading} {
		if res, _ := v.response("GET"); res.StatusCode != 503 || !res.Close || res.Header.Get("Adit-Error") != "ADIT-1006 RELAY_STOPPING" {
			t.Errorf("%v", res)
		}
	}
}

// TestAttach: a connection counts for its first endpoint only, and is detached from all when it ends.
func TestAttach(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("x") })
	other := &fakeUpstream{t: t, script: w.up.script, attached: map[uint64]bool{}}
	t.Cleanup(other.wg.Wait)
	bind(t, w.s.registry, "other.test", 0, other)
	v := w.dial()
	for _, host := range []string{"app.test", "other.test", "app.test"} {
		v.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").response("GET")
	}
	if n, counted := w.up.seats(); n != 1 || counted != 1 {
		t.Errorf("%d attached, %d counted", n, counted)
	}
	if n, counted := other.seats(); n != 1 || counted != 0 {
		t.Errorf("other: %d attached, %d counted", n, counted)
	}
	v.Close()
	until(t, "closed", func() bool { return w.s.Stats().Open == 0 })
	a, _ := w.up.seats()
	if b, _ := other.seats(); a+b != 0 {
		t.Error("still attached")
	}
	if st := w.s.Stats(); st.Connections != 1 || st.Requests != 3 {
		t.Errorf("%+v", st)
	}
}

// TestFixedPort: a listener of one endpoint's own serves it under any name.
func TestFixedPort(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("x") })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	bind(t, w.s.registry, "localhost", port, w.up)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.s.Serve(ctx, ln, port) }()
	w.addr = ln.Addr().String()
	v := w.dial()
	for _, host := range []string{"localhost:1", "quiet-otter.localhost", "127.0.0.1"} {
		if res, _ := v.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").response("GET"); res.StatusCode != 200 {
			t.Errorf("%s: %v", host, res.Status)
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	v.send(get).response("GET") // the connection goes on
}

// hungry is a listener whose first Accept fails as when descriptors run out.
type hungry struct {
	net.Listener
	failed bool
}

func (h *hungry) Accept() (net.Conn, error) {
	if !h.failed {
		h.failed = true
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return h.Listener.Accept()
}

func TestAcceptRecovers(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("x") })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- w.s.Serve(context.Background(), &hungry{Listener: ln}, 0) }()
	w.addr = ln.Addr().String()
	w.dial().send(get).response("GET")
	ln.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a listener that was closed by somebody else: %v", err)
	}
}

// TestPanic: a bug in one connection is that connection's end.
func TestPanic(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("x") })
	boom := &fakeUpstream{t: t, attached: map[uint64]bool{}}
	bind(t, w.s.registry, "boom.test", 0, panicking{boom})
	w.dial().send("GET / HTTP/1.1\r\nHost: boom.test\r\n\r\n").rest()
	w.dial().send(get).response("GET")
	if n := w.s.Stats().Errors["INTERNAL"]; n != 1 {
		t.Errorf("%d counted", n)
	}
}

type panicking struct{ *fakeUpstream }

func (panicking) Begin(context.Context, *registry.Request) (registry.Exchange, error) { panic("boom") }

// TestPanicCutsVisibly: an answer that a bug ends in the middle is not taken for whole.
func TestPanicCutsVisibly(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("half", false))
	})
	bind(t, w.s.registry, "boom.test", 0, &brittle{w.up})
	v := w.dial().send("GET / HTTP/1.0\r\nHost: boom.test\r\n\r\n")
	if got, err := io.ReadAll(v.r); err == nil {
		t.Errorf("%q looks whole", got)
	}
}

// brittle panics when its exchange waits for a third frame.
type brittle struct{ *fakeUpstream }

func (b *brittle) Begin(ctx context.Context, r *registry.Request) (registry.Exchange, error) {
	x, err := b.fakeUpstream.Begin(ctx, r)
	return &brittleExchange{Exchange: x}, err
}

type brittleExchange struct {
	registry.Exchange
	frames int
}

func (x *brittleExchange) Next() (wire.Frame, error) {
	if x.frames++; x.frames > 2 {
		panic("boom")
	}
	return x.Exchange.Next()
}
