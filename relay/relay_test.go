package relay

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
)

const patience = 20 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testOptions(dir string) Options {
	return Options{
		Domain: "tunnel.test", HTTP: "127.0.0.1:0", Agents: "127.0.0.1:0", Admin: "127.0.0.1:0", StateDir: dir, Grace: patience,
		Tokens: []string{"secret"}, Account: "acme", Plan: "free",
	}
}

// start runs a relay; stop ends it and returns what Run returned.
func start(t *testing.T, o Options) (r *Relay, cancel func(), ended <-chan error) {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	select {
	case <-r.Ready():
	case <-time.After(patience):
		t.Fatal("not ready")
	}
	return r, cancel, done
}

func await(t *testing.T, ended <-chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		t.Fatal("the relay does not end")
		return nil
	}
}

// get asks with a Host of its own, on a connection of its own.
func get(t *testing.T, addr, host, path string) (status int, body string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Host = host
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	a, err := c.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(b)
}

// awaitMetric asks until the line is there: an answer is counted a moment after it was sent.
func awaitMetric(t *testing.T, r *Relay, line string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		_, page := get(t, r.AdminAddr(), "", "/metrics")
		if strings.Contains(page, line+"\n") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %q in the metrics:\n%s", line, page)
		}
	}
}

func TestServesAndStops(t *testing.T) {
	r, cancel, ended := start(t, testOptions(t.TempDir()))
	if status, _ := get(t, r.AdminAddr(), "", "/readyz"); status != http.StatusOK {
		t.Errorf("readyz %d", status)
	}
	if status, body := get(t, r.HTTPAddr(), "nobody.tunnel.test", "/"); status != http.StatusNotFound || !strings.Contains(body, "3001") {
		t.Errorf("a name nobody serves: %d %s", status, body)
	}
	for _, line := range []string{"adit_sessions 0", "adit_endpoints 0", "adit_probe_failures_total 0", "adit_edge_requests_total 1", `adit_edge_errors_total{code="NO_ENDPOINT"} 1`} {
		awaitMetric(t, r, line)
	}
	cancel()
	if err := await(t, ended); err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{r.AgentsAddr(), r.HTTPAddr(), r.AdminAddr()} {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			t.Errorf("%s is open after the end", addr)
		}
	}
	if err := r.Run(t.Context()); !errors.Is(err, errRan) {
		t.Errorf("a second Run: %v", err)
	}
}

func TestRestartKeepsPin(t *testing.T) {
	dir := t.TempDir()
	var pins []string
	for range 2 {
		r, cancel, ended := start(t, testOptions(dir))
		pins = append(pins, r.Pin())
		cancel()
		if err := await(t, ended); err != nil {
			t.Fatal(err)
		}
	}
	if pins[0] != pins[1] {
		t.Errorf("pins %v", pins)
	}
}

// Relays that are started at once on a fresh directory agree on their CA.
func TestStartedAtOnce(t *testing.T) {
	dir := t.TempDir()
	pins := make([]string, 4)
	var wg sync.WaitGroup
	for i := range pins {
		wg.Go(func() {
			r, err := New(testOptions(dir))
			if err != nil {
				t.Error(err)
				return
			}
			pins[i] = r.Pin()
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, p := range pins {
		if p != pins[0] {
			t.Fatalf("pins %v", pins)
		}
	}
}

func TestPartThatEndsStopsTheWhole(t *testing.T) {
	for name, part := range map[string]func(*Relay) net.Listener{
		"public listener":  func(r *Relay) net.Listener { return r.http },
		"agents' listener": func(r *Relay) net.Listener { return r.agents },
		"admin listener":   func(r *Relay) net.Listener { return r.admin },
	} {
		r, _, ended := start(t, testOptions(t.TempDir()))
		part(r).Close()
		if err := await(t, ended); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBusyAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for flag, set := range map[string]func(*Options){
		"--agents": func(o *Options) { o.Agents = taken.Addr().String() },
		"--http":   func(o *Options) { o.HTTP = taken.Addr().String() },
		"--admin":  func(o *Options) { o.Admin = taken.Addr().String() },
	} {
		o := testOptions(t.TempDir())
		set(&o)
		if r, err := New(o); err == nil || r != nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: %v %v", flag, r, err)
		}
	}
}

func TestTokenFileMistakes(t *testing.T) {
	o := testOptions(t.TempDir())
	o.TokenFile = o.StateDir + "/none"
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "--token-file") {
		t.Errorf("got %v", err)
	}
}

func TestEmbedded(t *testing.T) {
	r, cancel, ended := start(t, Options{Embedded: true, Agents: "127.0.0.1:0", StateDir: t.TempDir(), Tokens: []string{"secret"}})
	if r.HTTPAddr() != "" || r.AdminAddr() != "" {
		t.Errorf("http %q, admin %q", r.HTTPAddr(), r.AdminAddr())
	}
	if g, err := r.lookup.Authenticate("secret"); err != nil || g.Account != "local (embedded relay)" || r.o.Region != "this machine" {
		t.Errorf("%+v %v, region %q", g, err, r.o.Region)
	}
	e := &registry.Endpoint{Account: "local", Instance: "one", Name: "web"}
	release, err := r.local.Place(t.Context(), e, session.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	e.Upstream = &slowUpstream{begun: make(chan struct{}), finish: closed()}
	if _, err := r.registry.Bind(e, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimPrefix(e.URL, "http://")
	if status, body := get(t, addr, "anything.example", "/"); status != http.StatusOK || body != answer {
		t.Errorf("%d %q", status, body)
	}
	cancel()
	if err := await(t, ended); err != nil {
		t.Fatal(err)
	}
	if open(e.Port) {
		t.Error("the endpoint's port is open after the end")
	}
}

// While a request is under way: not ready, no new visitors, but the request is answered, and then all ends.
func TestStopFinishesRequests(t *testing.T) {
	r, cancel, ended := start(t, testOptions(t.TempDir()))
	up := &slowUpstream{begun: make(chan struct{}), finish: make(chan struct{})}
	if _, err := r.registry.Bind(&registry.Endpoint{Host: "a.tunnel.test", Account: "acme", Instance: "one", Upstream: up}, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", r.HTTPAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a.tunnel.test\r\n\r\n")
	<-up.begun
	cancel()
	for deadline := time.Now().Add(patience); ; {
		status, _ := get(t, r.AdminAddr(), "", "/readyz")
		c, err := net.Dial("tcp", r.HTTPAddr())
		if err == nil {
			c.Close()
		}
		if status == http.StatusServiceUnavailable && err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("readyz %d, public listener %v", status, err)
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("ended with a request under way: %v", err)
	default:
	}
	close(up.finish)
	a, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if body, err := io.ReadAll(a.Body); err != nil || string(body) != answer {
		t.Errorf("%q %v", body, err)
	}
	if err := await(t, ended); err != nil {
		t.Fatal(err)
	}
}

const answer = "done"

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// slowUpstream answers when finish is closed.
type slowUpstream struct{ begun, finish chan struct{} }

func (u *slowUpstream) Attach(uint64, bool) func()  { return func() {} }
func (u *slowUpstream) Load() int                   { return 0 }
func (u *slowUpstream) TurnedAway(registry.Visitor) {}
func (u *slowUpstream) Begin(ctx context.Context, _ *registry.Request) (registry.Exchange, error) {
	close(u.begun)
	return &slowExchange{ctx: ctx, finish: u.finish}, nil
}

type slowExchange struct {
	ctx    context.Context
	finish chan struct{}
	n      int
}

func (x *slowExchange) Next() (wire.Frame, error) {
	if x.n++; x.n > 1 {
		return wire.Frame{Type: wire.Data, Flags: wire.End | wire.Taken, Payload: []byte(answer)}, nil
	}
	select {
	case <-x.finish:
	case <-x.ctx.Done():
		return wire.Frame{}, &registry.Error{Code: wire.CodeRelayStopping}
	}
	head := wire.Resp{Seq: 1, Body: wire.BodyLength, Length: uint64(len(answer)), Head: []byte("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")}
	return wire.Frame{Type: wire.RespType, Payload: head.Append(nil, 0)[wire.HeaderSize:]}, nil
}

func (x *slowExchange) Buffered() bool               { return x.n == 1 }
func (x *slowExchange) Unproven() bool               { return false }
func (x *slowExchange) Idle()                        {}
func (x *slowExchange) Took(int)                     {}
func (x *slowExchange) Send([]byte, int, bool) error { return nil }
func (x *slowExchange) Stopped() <-chan struct{}     { return nil }
func (x *slowExchange) Finish()                      {}
func (x *slowExchange) Abort(wire.Code)              {}
