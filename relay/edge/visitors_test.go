package edge

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// elsewhere is a listener whose connections seem to come from one address.
type elsewhere struct {
	net.Listener
	from net.Addr
}

type fromElsewhere struct {
	*net.TCPConn
	from net.Addr
}

func (l elsewhere) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return fromElsewhere{nc.(*net.TCPConn), l.from}, nil
}

func (c fromElsewhere) RemoteAddr() net.Addr { return c.from }

// serveFrom serves one more listener, whose visitors come from ip, and returns its address.
func (w *world) serveFrom(ip string) (addr string) {
	w.t.Helper()
	ln := listen(w.t)
	w.serveAlso(elsewhere{ln, &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}}, 0)
	return ln.Addr().String()
}

// serveAlso serves one more listener.
func (w *world) serveAlso(ln net.Listener, port int) {
	served := make(chan error, 1)
	go func() { served <- w.s.Serve(context.Background(), ln, port) }()
	w.t.Cleanup(func() {
		w.shutdown(0)
		if err := <-served; err != nil {
			w.t.Errorf("Serve: %v", err)
		}
	})
}

func share(n int, trust ...string) option {
	return func(o *Options, _ *limits) {
		o.Share = n
		for _, p := range trust {
			o.Trust = append(o.Trust, netip.MustParsePrefix(p))
		}
	}
}

// served says whether a visitor at addr is answered, on a connection that stays open; else it demands the page.
func (w *world) served(addr string) bool {
	w.t.Helper()
	v := w.dialTo(addr).send(get)
	head := v.head()
	switch {
	case strings.HasPrefix(head, "HTTP/1.1 200 "):
		return true
	case !strings.HasPrefix(head, "HTTP/1.1 429 ") || !strings.Contains(head, "ADIT-4010 TOO_MANY_CONNECTIONS") || !strings.Contains(head, "\nRetry-After: 1\n"):
		w.t.Errorf("got %q", head)
	}
	v.rest()
	return false
}

func TestShareOfAnAddress(t *testing.T) {
	answer := func(x *fakeExchange) { x.ok("x") }
	t.Run("no more than its share", func(t *testing.T) {
		var log wiretest.Log
		w := start(t, answer, share(2), func(o *Options, _ *limits) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		crowd, other := w.serveFrom("192.0.2.1"), w.serveFrom("192.0.2.2")
		first := w.dialTo(crowd).send(get)
		first.response("GET")
		if !w.served(crowd) || w.served(crowd) || w.served(crowd) {
			t.Error("an address with a share of 2 does not have 2 connections")
		}
		if !w.served(other) {
			t.Error("another address is not served")
		}
		if n := w.s.Stats().Errors[wire.CodeTooManyConns.Info().Name]; n != 2 {
			t.Errorf("%d were counted", n)
		}
		if text := log.String(); strings.Count(text, "turned away") != 1 || !strings.Contains(text, "address=192.0.2.1") {
			t.Errorf("logged: %s", text)
		}
		first.Close()
		until(t, "the first one's place is free", func() bool { return w.served(crowd) })
	})
	t.Run("a /64 is one address", func(t *testing.T) {
		w := start(t, answer, share(1))
		if !w.served(w.serveFrom("2001:db8::1")) || w.served(w.serveFrom("2001:db8::ffff:1")) || !w.served(w.serveFrom("2001:db8:0:1::1")) {
			t.Error("what counts is not the /64")
		}
	})
	t.Run("this machine and trusted peers are many", func(t *testing.T) {
		w := start(t, answer, share(1, "192.0.2.0/24"))
		for _, addr := range []string{w.addr, w.serveFrom("192.0.2.1"), w.serveFrom("::1")} {
			if !w.served(addr) || !w.served(addr) {
				t.Errorf("a second visitor at %s is not served", addr)
			}
		}
	})
	t.Run("any number", func(t *testing.T) {
		w := start(t, answer, share(-1))
		crowd := w.serveFrom("192.0.2.1")
		for range 20 {
			if !w.served(crowd) {
				t.Fatal("a visitor was turned away")
			}
		}
	})
}

// TestTurnedAwayInCrowds: who opens connections by the hundred beyond its share has some of them told, no goroutine for each, and takes nobody's place.
func TestTurnedAwayInCrowds(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("x") }, share(1))
	crowd := w.serveFrom("192.0.2.1")
	w.dialTo(crowd).send(get).response("GET")
	var all []*visitor
	for range 10 * maxTurned {
		all = append(all, w.dialTo(crowd)) // and says nothing
	}
	told := 0
	for _, v := range all {
		if strings.HasPrefix(v.rest(), "HTTP/1.1 429 ") {
			told++
		}
	}
	if told < maxTurned {
		t.Errorf("%d were told", told)
	}
	if n := w.s.Stats().Errors[wire.CodeTooManyConns.Info().Name]; n != uint64(len(all)) {
		t.Errorf("%d of %d were counted", n, len(all))
	}
}
