package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// bindTLS puts a tls endpoint online at own.test, whose TLS ends at the relay.
func (w *secureWorld) bindTLS() *registry.Endpoint {
	w.t.Helper()
	e := &registry.Endpoint{Host: "own.test", Account: "acme", Name: "own", Protocol: wire.ProtocolTLS, Terminate: true, Upstream: w.up}
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		w.t.Fatal(err)
	}
	return e
}

// comesBack sends a word through a tls endpoint whose service repeats it.
func comesBack(c *tls.Conn) error {
	b := make([]byte, 5)
	if _, err := io.WriteString(c, "hello"); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "hello" {
		return errors.Join(errors.New(string(b)), err)
	}
	return nil
}

// TestTLSEndpointAway: who comes for a tls endpoint whose agent was lost a moment ago waits for it, and is not answered as if the name had requests.
func TestTLSEndpointAway(t *testing.T) {
	w := startTLS(t, repeat)
	e := w.bindTLS()
	w.s.registry.Lose(e)
	done := make(chan error, 1)
	go func() {
		c, err := w.sealed(w.config("own.test"))
		if err == nil {
			err = comesBack(c)
		}
		done <- err
	}()
	until(t, "connected", func() bool { return w.s.Stats().Open == 1 })
	select {
	case err := <-done:
		t.Fatalf("an answer without the endpoint: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// halved is a connection whose first write stops in the middle until it may go on.
type halved struct {
	net.Conn
	half chan<- struct{}
	more <-chan struct{}
}

func (h *halved) Write(p []byte) (int, error) {
	if h.half == nil {
		return h.Conn.Write(p)
	}
	if n, err := h.Conn.Write(p[:len(p)/2]); err != nil {
		return n, err
	}
	close(h.half)
	h.half = nil
	<-h.more
	n, err := h.Conn.Write(p[len(p)/2:])
	return len(p)/2 + n, err
}

// TestStopHearsHellos: who was let in before the stop, and then turns out to come for a tls endpoint, is carried like those before.
func TestStopHearsHellos(t *testing.T) {
	w := startTLS(t, repeat)
	w.bindTLS()
	nc, err := net.Dial("tcp", w.tlsAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	half, more := make(chan struct{}), make(chan struct{})
	c := tls.Client(&halved{Conn: nc, half: half, more: more}, w.config("own.test"))
	done := make(chan error, 1)
	go func() { done <- errors.Join(c.Handshake(), comesBack(c)) }()
	<-half
	until(t, "connected", func() bool { return w.s.Stats().Open == 1 })
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	go func() { ended <- w.s.Shutdown(ctx) }()
	w.untilShut()
	close(more)
	if err := <-done; err != nil {
		t.Errorf("the visitor was not carried: %v", err)
	}
	c.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.done = true
}

// TestStopKeepsArrivals: who was let in a moment before the stop is carried, too.
func TestStopKeepsArrivals(t *testing.T) {
	var hold atomic.Bool
	more := make(chan struct{})
	w := carrying(t, repeat, nil, func(o *Options, _ *limits) {
		o.Go = func(f func()) {
			held := hold.Swap(false)
			go func() {
				if held {
					<-more
				}
				f()
			}()
		}
	})
	first := w.dial().send("x")
	first.bytes(1) // everything runs
	first.Close()
	until(t, "gone", func() bool { return w.s.Stats().Open == 0 })
	hold.Store(true)
	v := w.dial().send("x")
	until(t, "let in", func() bool { return !hold.Load() })
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	go func() { ended <- w.s.Shutdown(ctx) }()
	w.untilShut()
	close(more)
	v.bytes(1)
	v.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.done = true
}

// untilShut waits until a stop lets nobody in any more.
func (w *world) untilShut() {
	w.t.Helper()
	until(w.t, "nobody is let in", func() bool {
		w.s.mu.Lock()
		defer w.s.mu.Unlock()
		return w.s.closed
	})
}
