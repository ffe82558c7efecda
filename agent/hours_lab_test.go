package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
	sessions "github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
)

// lab is what agents live in, all of it in memory: links, whoever listens at the relay's address, and their machine's clock and network.
type lab struct {
	t    *testing.T
	cert tls.Certificate
	pin  string
	ids  uint32 // that agents take a leg to have; 0: all there are

	mu     sync.Mutex
	door   func(net.Conn) // who listens at the relay's address; nil: nobody, and dials are refused
	lost   bool           // nothing comes through: dials wait in vain
	tries  []time.Time    // to dial the relay
	links  []*memoryLink
	last   map[string]*memoryLink // of them, by the agent's instance
	asleep time.Duration          // by which the wall clock is ahead
	addrs  []net.Addr             // of the agents' machine: home, where links begin, and one more
	home   net.IP
	moved  byte // how often it has got other addresses
}

func newLab(t *testing.T) *lab {
	w := &lab{t: t, last: map[string]*memoryLink{}, home: net.IPv4(198, 51, 100, 1)}
	w.moves()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, public, private)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	w.cert, w.pin = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, wire.Pin(ca)
	return w
}

// dial is how agents reach the relay.
func (w *lab) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.tries); n > 100 && w.tries[n-100].Equal(time.Now()) {
		panic("a hundred tries at one moment") // or the bubble's time would stand still
	}
	w.tries = append(w.tries, time.Now())
	if w.lost {
		w.mu.Unlock()
		<-ctx.Done()
		w.mu.Lock()
		return nil, ctx.Err()
	}
	if w.door == nil {
		return nil, syscall.ECONNREFUSED
	}
	k := newMemoryLink(&net.TCPAddr{IP: w.home, Port: len(w.links) + 1}, relayAddr)
	w.links = append(w.links, k)
	go w.door(k.relay)
	return k.agent, ctx.Err()
}

// change changes it.
func (w *lab) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// taken returns the tries since the last call.
func (w *lab) taken() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.tries
	w.tries = nil
	return all
}

// nextTry waits until one has just been made.
func (w *lab) nextTry() {
	for w.taken(); len(w.taken()) == 0; {
		wait(time.Second)
	}
}

// link is the last one that was made.
func (w *lab) link() *memoryLink {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.links[len(w.links)-1]
}

// linkOf is the last one that an agent made.
func (w *lab) linkOf(instance string) *memoryLink {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last[instance]
}

// sleeps lets the agents' machine sleep for d: they do not see the time pass, but the wall clock.
func (w *lab) sleeps(d time.Duration) { w.change(func() { w.asleep += d }) }

// moves changes the machine's second address.
func (w *lab) moves() {
	w.change(func() {
		w.moved++
		w.addrs = []net.Addr{ofNet(w.home), ofNet(net.IPv4(10, 0, 0, w.moved))}
	})
}

// leaves gives the machine another home: what comes for the old one is lost.
func (w *lab) leaves() {
	w.change(func() { w.home = net.IPv4(198, 51, 100, w.home[15]+1) })
	w.moves()
}

func ofNet(ip net.IP) net.Addr { return &net.IPNet{IP: ip, Mask: net.CIDRMask(8, 32)} }

// memoryRelay is one process of a relay: its agents' side, and its table of names.
type memoryRelay struct {
	t   *testing.T
	reg *registry.Registry
	srv *sessions.Server
}

// relay starts a relay at the relay's address, in place of who was there.
func (w *lab) relay(change ...func(*sessions.Options)) *memoryRelay {
	r := &memoryRelay{t: w.t, reg: registry.New(nil)}
	o := sessions.Options{
		Registry: r.reg, Namer: hosts{}, Key: []byte("a key of the relay's"), TLS: &tls.Config{Certificates: []tls.Certificate{w.cert}}, Relay: "r1",
		Control: control.Memory(map[string]control.Grant{"good": {Account: "acme"}, "other": {Account: "emca"}}),
	}
	for _, f := range change {
		f(&o)
	}
	r.srv = sessions.New(o)
	ln := newMemoryListener()
	served := make(chan error, 1)
	go func() { served <- r.srv.Serve(context.Background(), ln) }()
	w.change(func() {
		w.door = func(c net.Conn) {
			select {
			case ln.conns <- c:
			case <-ln.done:
				c.Close()
			}
		}
	})
	w.t.Cleanup(func() {
		r.stop(0)
		if err := <-served; err != nil {
			w.t.Errorf("Serve: %v", err)
		}
	})
	return r
}

// stop ends the relay, with so long for exchanges under way.
func (r *memoryRelay) stop(grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_ = r.srv.Shutdown(ctx) // that exchanges were cut shows in them
}

// atTheDoor is a relay that does no more with who comes than what f does.
func (w *lab) atTheDoor(f func(*tls.Conn)) func(net.Conn) {
	return func(k net.Conn) {
		c := tls.Server(k, wire.ServerTLS(w.cert))
		defer c.Close()
		f(c)
	}
}

// hosts gives every endpoint the name it wants.
type hosts struct{}

func (hosts) Place(_ context.Context, e *registry.Endpoint, w sessions.Wish) (func(), error) {
	e.Host, e.URL = w.Host, "http://"+w.Host
	return func() {}, nil
}

// host is the name that all agents want.
const host = "web.test"

// holder is the instance that has the name; "": nobody.
func (r *memoryRelay) holder() string {
	e, err := r.reg.Pick([]byte(host))
	if err != nil {
		return ""
	}
	return e.Instance
}

// visit is a public request; it returns the answer's content.
func (r *memoryRelay) visit(path string) (string, error) { return r.visitWith(path, "", 0) }

// visitWith is visit with further lines in the head, and flags of REQ.
func (r *memoryRelay) visitWith(path, lines string, flags uint8) (string, error) {
	e, err := r.reg.Await(r.t.Context(), []byte(host))
	if err != nil {
		return "", err
	}
	x, err := e.Upstream.Begin(r.t.Context(), &registry.Request{
		Conn: 1, Client: netip.MustParseAddrPort("192.0.2.1:1"), Start: time.Now(), Version: 0x11, Flags: flags,
		Head: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, lines),
	})
	if err != nil {
		return "", err
	}
	defer x.Finish()
	for content := ""; ; {
		f, err := x.Next()
		switch {
		case err != nil:
			return content, err
		case f.Type == wire.Abort, f.Type == wire.FailType:
			return content, errors.New(f.Type.String())
		case f.Type == wire.Data:
			content += string(f.Payload)
		}
		x.Took(wire.Cost(f))
		if f.Flags&wire.End != 0 {
			return content, nil
		}
	}
}

// works fails the test if a visitor gets no answer.
func (r *memoryRelay) works() {
	r.t.Helper()
	if got, err := r.visit("/works"); err != nil || got != "/works" {
		r.t.Fatalf("a visitor got %q %v", got, err)
	}
}
