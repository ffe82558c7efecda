package edge

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// world is a server with one endpoint, app.test, and its fake upstream.
type world struct {
	t    testing.TB
	s    *Server
	up   *fakeUpstream
	addr string
	log  *wiretest.Log
	done bool
}

// option changes a world before it starts.
type option func(o *Options, lim *limits)

func short(d time.Duration) option {
	return func(_ *Options, l *limits) {
		l.watch, l.leave, l.early, l.linger = int64(10*time.Millisecond), int64(50*time.Millisecond), int64(d), int64(d)
	}
}

func start(t testing.TB, script func(x *fakeExchange), opts ...option) *world {
	t.Helper()
	reg := registry.New(nil)
	up := &fakeUpstream{t: t, script: script, attached: map[uint64]bool{}}
	bind(t, reg, "app.test", 0, up)
	w := &world{t: t, up: up, log: &wiretest.Log{}}
	o := Options{Registry: reg, AccessLog: w.log}
	lim := limits{}
	for _, f := range opts {
		f(&o, &lim)
	}
	w.s = New(o)
	w.s.lim.override(lim)
	ln := listen(t)
	w.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- w.s.Serve(context.Background(), ln, 0) }()
	t.Cleanup(func() {
		w.shutdown(0)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		up.wg.Wait()
	})
	return w
}

// listen opens a listener as the relay does: plain TCP.
func listen(t testing.TB) net.Listener {
	t.Helper()
	var c net.ListenConfig
	c.SetMultipathTCP(false)
	ln, err := c.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// override takes the limits that are not 0.
func (l *limits) override(o limits) {
	for _, p := range [][2]*int64{{&l.watch, &o.watch}, {&l.leave, &o.leave}, {&l.early, &o.early}, {&l.earlyAll, &o.earlyAll},
		{&l.linger, &o.linger}, {&l.lingerAll, &o.lingerAll}, {&l.late, &o.late},
		{&l.spare, &o.spare}, {&l.turn, &o.turn}} {
		if *p[1] != 0 {
			*p[0] = *p[1]
			l.tick = 5 * time.Millisecond
		}
	}
}

func bind(t testing.TB, reg *registry.Registry, host string, port int, up registry.Upstream) {
	t.Helper()
	if _, err := reg.Bind(&registry.Endpoint{Host: host, Port: port, Account: "acme", Instance: host, Name: "web", Upstream: up}, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
}

// shutdown ends the server; it may be called twice.
func (w *world) shutdown(grace time.Duration) error {
	if w.done {
		return nil
	}
	w.done = true
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return w.s.Shutdown(ctx)
}

// visitor is a raw public connection.
type visitor struct {
	t testing.TB
	*net.TCPConn
	r *bufio.Reader
}

func (w *world) dial() *visitor {
	w.t.Helper()
	return w.dialTo(w.addr)
}

func (w *world) dialTo(addr string) *visitor {
	w.t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		w.t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(patience))
	w.t.Cleanup(func() { nc.Close() })
	return &visitor{t: w.t, TCPConn: nc.(*net.TCPConn), r: bufio.NewReader(nc)}
}

func (v *visitor) send(s string) *visitor {
	v.t.Helper()
	if _, err := io.WriteString(v.TCPConn, s); err != nil {
		v.t.Fatalf("visitor's write: %v", err)
	}
	return v
}

// line reads one line without its CRLF.
func (v *visitor) line() string {
	v.t.Helper()
	s, err := v.r.ReadString('\n')
	if err != nil {
		v.t.Fatalf("visitor's read: %v after %q", err, s)
	}
	return strings.TrimSuffix(s, "\r\n")
}

// head reads a head, CRLFs turned to LFs.
func (v *visitor) head() string {
	v.t.Helper()
	var b strings.Builder
	for {
		l := v.line()
		b.WriteString(l + "\n")
		if l == "" {
			return b.String()
		}
	}
}

// bytes reads n bytes.
func (v *visitor) bytes(n int) string {
	v.t.Helper()
	b := make([]byte, n)
	if m, err := io.ReadFull(v.r, b); err != nil {
		v.t.Fatalf("visitor's read: %v after %q", err, b[:m])
	}
	return string(b)
}

// rest reads to the end, which must be a FIN.
func (v *visitor) rest() string {
	v.t.Helper()
	b, err := io.ReadAll(v.r)
	if err != nil {
		v.t.Fatalf("the connection did not end with FIN: %v after %q", err, b)
	}
	return string(b)
}

// response reads an answer with net/http: a parser that is not ours.
func (v *visitor) response(method string) (*http.Response, string) {
	v.t.Helper()
	res, err := http.ReadResponse(v.r, &http.Request{Method: method})
	if err != nil {
		v.t.Fatalf("no response: %v", err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatalf("response not whole: %v after %d bytes", err, len(b))
	}
	res.Body.Close()
	return res, string(b)
}

// until polls for what has no channel.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
