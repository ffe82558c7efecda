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

	"github.com/adit-tunnel/adit/relay/policy"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// carrying starts a server with a tcp endpoint on a port of its own, where w.dial comes to.
func carrying(t *testing.T, script func(x *fakeExchange), p *policy.Policy, opts ...option) *world {
	t.Helper()
	return carryingWith(t, nil, script, p, opts...)
}

func carryingWith(t *testing.T, credit <-chan struct{}, script func(x *fakeExchange), p *policy.Policy, opts ...option) *world {
	t.Helper()
	w := start(t, script, opts...)
	w.up.credit = credit
	ln := listen(t)
	w.addr = ln.Addr().String()
	e := &registry.Endpoint{Host: "tunnel.test", Port: 7, Account: "acme", Name: "ssh", Protocol: wire.ProtocolTCP, Upstream: w.up, Policy: p}
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	w.serveAlso(ln, 7)
	return w
}

func readyFrame() []byte { return wire.AppendReady(nil, 1) }

// repeat is the local service of echo's kind, without HTTP.
func repeat(x *fakeExchange) {
	x.put(readyFrame())
	sendBack(x)
}

// sendBack answers content with the same, to its end.
func sendBack(x *fakeExchange) {
	for {
		f, ok := x.recv()
		if !ok {
			return
		}
		x.put(dataFrame(string(f.payload), f.end))
		if f.end {
			return
		}
	}
}

// wasReset says that a read or write has met an RST.
func wasReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// cut reads until the connection ends, which must be with an RST.
func (v *visitor) cut() string {
	v.t.Helper()
	b, err := io.ReadAll(v.r)
	if !wasReset(err) {
		v.t.Errorf("the connection did not end with RST: %v after %q", err, b)
	}
	return string(b)
}

// refused dials, and is cut at once: perhaps even before it knows that it has come through.
func (w *world) refused() {
	w.t.Helper()
	nc, err := net.Dial("tcp", w.addr)
	if err == nil {
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(patience))
		_, err = nc.Read(make([]byte, 1))
	}
	if !wasReset(err) {
		w.t.Errorf("the connection was not reset: %v", err)
	}
}

func TestCarry(t *testing.T) {
	w := carrying(t, repeat, nil)
	v := w.dial().send("SSH-2.0-hello\r\n")
	if got := v.bytes(15); got != "SSH-2.0-hello\r\n" {
		t.Errorf("got %q", got)
	}
	x := w.up.exchanges()[0]
	if q := &x.req; q.Kind != wire.KindTCP || q.Body != wire.BodyUntil || q.Version != 0 || len(q.Head) != 0 || q.ServerPort != 7 || !q.Client.IsValid() {
		t.Errorf("request %+v", q)
	}
	big := strings.Repeat("0123456789", 300_000)
	go v.TCPConn.Write([]byte(big))
	if v.bytes(len(big)) != big {
		t.Error("the bytes differ")
	}
	v.CloseWrite()
	if rest := v.rest(); rest != "" {
		t.Errorf("rest %q", rest)
	}
	if _, finished := x.over(); !finished {
		t.Error("not finished")
	}
	until(t, "left", func() bool { n, counted := w.up.seats(); return n == 0 && counted == 1 && w.s.Stats().Open == 0 })
	if st := w.s.Stats(); st.Requests != 0 || st.BytesIn["tcp"] != 3000015 || st.BytesOut["tcp"] != 3000015 || st.BytesIn["http"] != 0 {
		t.Errorf("counted %+v", st)
	}
	line := regexp.MustCompile(`^time=\S+ id=\S+ client=127\.0\.0\.1:\d+ kind=tcp port=7 host=- received=3000015 bytes=3000015 duration=\S+ms endpoint=ssh code=-\n$`)
	until(t, "logged", func() bool { return strings.Contains(w.log.String(), "\n") })
	if got := w.log.String(); !line.MatchString(got) {
		t.Errorf("logged %s", got)
	}
}

// TestCarryHalfClosed: the service may be the first to end, and the visitor go on.
func TestCarryHalfClosed(t *testing.T) {
	heard := make(chan string, 1)
	w := carrying(t, func(x *fakeExchange) {
		x.put(readyFrame(), dataFrame("bye", true))
		_, content := x.upload()
		heard <- content
	}, nil)
	v := w.dial()
	if got := v.rest(); got != "bye" {
		t.Errorf("got %q", got)
	}
	v.send("still here")
	v.CloseWrite()
	if got := <-heard; got != "still here" {
		t.Errorf("heard %q", got)
	}
	if _, finished := w.up.exchanges()[0].over(); !finished {
		t.Error("not finished")
	}
}

// TestCarryCut: whatever breaks a connection behind us shows as an RST, after what came before it.
func TestCarryCut(t *testing.T) {
	for name, c := range map[string]struct {
		script func(x *fakeExchange)
		want   string
		code   wire.Code
	}{
		"refused":    {func(x *fakeExchange) { x.failWith(wire.CodeLocalRefused, "no") }, "", wire.CodeLocalRefused},
		"aborted":    {func(x *fakeExchange) { x.put(readyFrame(), dataFrame("some", false)); x.abortWith(wire.CodeLocalReset) }, "some", wire.CodeLocalReset},
		"lost":       {func(x *fakeExchange) { x.put(readyFrame(), dataFrame("some", false)); x.lose() }, "some", wire.CodeLinkLost},
		"takes none": {func(x *fakeExchange) { x.put(readyFrame(), dataFrame("some", true)); x.stop() }, "some", wire.CodeLocalReset},
		"nonsense": {func(x *fakeExchange) {
			x.put(readyFrame(), respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false))
		}, "", wire.CodeFrameOrder},
	} {
		t.Run(name, func(t *testing.T) {
			w := carrying(t, func(x *fakeExchange) { x.recv(); c.script(x) }, nil)
			v := w.dial().send("x")
			if c.want != "" {
				if got := v.bytes(len(c.want)); got != c.want {
					t.Errorf("got %q", got)
				}
			}
			if name == "takes none" {
				until(t, "reset", func() bool { _, err := v.TCPConn.Write([]byte("x")); return wasReset(err) })
			} else {
				v.cut()
			}
			if code, _ := w.up.exchanges()[0].over(); code != c.code {
				t.Errorf("ended with %v", code)
			}
			until(t, "logged", func() bool { return strings.HasSuffix(w.log.String(), "\n") })
			if got := w.log.String(); !strings.HasSuffix(got, " code="+c.code.Info().Name+"\n") {
				t.Errorf("logged %s", got)
			}
		})
	}
}

// TestCarryVisitorGone: a visitor's RST ends the exchange, also while nobody reads from it.
func TestCarryVisitorGone(t *testing.T) {
	for name, c := range map[string]struct {
		credit chan struct{}
		before func(v *visitor)
	}{
		"idle":                 {nil, func(*visitor) {}},
		"half-closed":          {nil, func(v *visitor) { v.CloseWrite() }},
		"waiting for its turn": {make(chan struct{}), func(v *visitor) { v.send("x") }},
	} {
		t.Run(name, func(t *testing.T) {
			w := carryingWith(t, c.credit, func(x *fakeExchange) { x.put(readyFrame(), dataFrame("some", false)) }, nil)
			if c.credit != nil {
				defer close(c.credit)
			}
			v := w.dial()
			v.bytes(4)
			c.before(v)
			until(t, "begun", func() bool { return len(w.up.exchanges()) == 1 })
			if name == "half-closed" {
				w.up.exchanges()[0].upload()
			}
			v.SetLinger(0)
			v.Close()
			if code, _ := w.up.exchanges()[0].over(); code != wire.CodeVisitorGone {
				t.Errorf("ended with %v", code)
			}
		})
	}
}

// TestCarryGuarded: rules about addresses are for connections, too.
func TestCarryGuarded(t *testing.T) {
	p, err := policy.Compile(`{"on_tcp_connect": [{"actions": [{"type": "restrict-ips", "config": {"deny": ["127.0.0.0/8"]}}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	w := carrying(t, repeat, p)
	w.refused()
	until(t, "told", func() bool { w.up.mu.Lock(); defer w.up.mu.Unlock(); return len(w.up.turned) == 1 })
	if n := len(w.up.exchanges()); n != 0 {
		t.Errorf("%d exchanges", n)
	}
	until(t, "logged", func() bool { return strings.Contains(w.log.String(), " code=ADDRESS_DENIED\n") })
}

// TestCarryShare: connections count for the share of their address.
func TestCarryShare(t *testing.T) {
	w := carrying(t, repeat, nil, share(1))
	ln := listen(t)
	w.serveAlso(elsewhere{ln, &net.TCPAddr{IP: net.ParseIP("203.0.113.9"), Port: 1}}, 7)
	w.addr = ln.Addr().String()
	first := w.dial().send("x")
	first.bytes(1)
	w.refused()
	first.CloseWrite()
	first.rest()
	until(t, "left", func() bool { return w.s.Stats().Open == 0 })
	w.dial().send("x").bytes(1)
}

// TestCarryAway: who comes to a port while the agent is being looked for waits for it.
func TestCarryAway(t *testing.T) {
	w := carrying(t, repeat, nil, func(o *Options, _ *limits) { o.PortsCarry = true })
	e, err := w.s.registry.PickPort(7)
	if err != nil {
		t.Fatal(err)
	}
	w.s.registry.Lose(e)
	v := w.dial().send("x")
	until(t, "waiting", func() bool { return w.s.Stats().Open == 1 })
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	v.bytes(1)
	w.s.registry.Unbind(e)
	w.refused()
}

// TestCarryShutdown: a connection goes on during the grace, and is cut then.
func TestCarryShutdown(t *testing.T) {
	w := carrying(t, repeat, nil)
	v := w.dial().send("x")
	v.bytes(1)
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	go func() { done <- w.s.Shutdown(ctx) }()
	until(t, "the door is closed", func() bool { return w.s.doors() == 0 })
	v.send("y").bytes(1)
	time.Sleep(10 * time.Millisecond)
	select {
	case err := <-done:
		t.Fatalf("Shutdown did not wait: %v", err)
	default:
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	v.cut()
	if code, _ := w.up.exchanges()[0].over(); code != wire.CodeRelayStopping {
		t.Errorf("ended with %v", code)
	}
	w.done = true
}
