package agent

import (
	"bufio"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/meter"
	"github.com/adit-tunnel/adit/wire"
)

// newListenRig is a lane to a Listener.
func newListenRig(t *testing.T) (*rig, *Listener) {
	t.Helper()
	a, err := New(Options{Relay: "relay.test:4443"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Listen(Endpoint{Name: "web", Inspect: true})
	if err != nil {
		t.Fatal(err)
	}
	return newRig(t, "unused.test", func(r *rig) { r.ep = l.ep }), l
}

// serveOne reads a request on c and answers it.
func serveOne(t *testing.T, c net.Conn) {
	t.Helper()
	r := bufio.NewReader(c)
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = r.ReadString('\n'); err != nil {
			t.Error(err)
			return
		}
	}
	if _, err := c.Write([]byte(strings.ReplaceAll(ok, "\n", "\r\n"))); err != nil {
		t.Error(err)
	}
}

// TestListenerNotAccepted: a program that does not accept is not waited for for ever, and its visitor learns why.
func TestListenerNotAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newListenRig(t)
		begin := time.Now()
		r.get("/")
		a := r.answer()
		if took := time.Since(begin); took != 10*time.Second || !strings.HasPrefix(a.head, "HTTP/1.1 504 ") || !strings.Contains(a.head, "ADIT-2002") {
			t.Errorf("after %v: %q", took, a.head)
		}
		if x := r.rec.nth(t, 0, inspect.Failed); !strings.Contains(x.Failure.Text, "the program's listener: the program does not accept connections") {
			t.Errorf("%+v", x.Failure)
		}
		r.get("/late")
		synctest.Wait()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		serveOne(t, c)
		if a := r.answer(); string(a.body) != "ok" {
			t.Errorf("%q %q", a.head, a.body)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		c.Close()
		synctest.Wait()
		r.get("/closed")
		if a := r.answer(); !strings.HasPrefix(a.head, "HTTP/1.1 502 ") || !strings.Contains(a.head, "ADIT-2001") {
			t.Errorf("closed: %q", a.head)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

// TestListenerOwner: a connection is its visitor's alone, and an idle one is not taken for another's request.
func TestListenerOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l := newListenRig(t)
		var now net.Conn
		for _, step := range []struct {
			conn    uint64
			port    uint16
			another bool
		}{{1, 100, true}, {1, 100, false}, {2, 200, true}, {2, 200, false}, {1, 100, true}, {3, 300, true}} {
			q := r.req("GET / HTTP/1.1\nHost: a.example\n\n", wire.BodyNone, 0)
			q.Conn, q.Client = step.conn, netip.AddrPortFrom(netip.MustParseAddr("203.0.113.9"), step.port)
			r.send(q.Append(nil, wire.End))
			if step.another {
				before := now
				var err error
				if now, err = l.Accept(); err != nil {
					t.Fatal(err)
				}
				if before != nil { // closed, and so of no more use to its server
					if n, err := before.Read(make([]byte, 1)); n > 0 || err == nil {
						t.Errorf("%d bytes on the connection of another visitor, %v", n, err)
					}
					before.Close()
				}
			}
			serveOne(t, now)
			if a := r.answer(); string(a.body) != "ok" {
				t.Errorf("%+v: %q", step, a.head)
			}
			if got := now.RemoteAddr().(*net.TCPAddr); got.String() != q.Client.String() {
				t.Errorf("%+v: RemoteAddr %v", step, got)
			}
		}
		now.Close()
	})
}

// TestListenerAddr: what a listener says of where it is.
func TestListenerAddr(t *testing.T) {
	l := &Listener{a: &Agent{}, ep: &endpoint{Endpoint: Endpoint{Name: "web"}, conns: meter.New(nil)}}
	for url, want := range map[string]string{
		"": "web", "https://a.example": "a.example:443", "http://a.example": "a.example:80", "http://a.example:8080": "a.example:8080",
	} {
		l.ep.url = url
		if got := l.Addr(); got.String() != want || got.Network() != "adit" {
			t.Errorf("%q: %v", url, got)
		}
	}
}

// TestRemovedIsNotBound: what is tried again later is not, when the program has given it up by then.
func TestRemovedIsNotBound(t *testing.T) {
	a, err := New(Options{Relay: "relay.test:4443"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Listen(Endpoint{Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := &session{a: a, bindings: map[uint32]*binding{}}
	s.bind(l.ep)
	if len(s.bindings) != 0 || len(a.Status().Endpoints) != 0 {
		t.Errorf("%d bindings, %+v", len(s.bindings), a.Status().Endpoints)
	}
}
