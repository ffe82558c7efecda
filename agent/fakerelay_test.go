package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// fakeRelay speaks the protocol and leaves every decision to the test.
type fakeRelay struct {
	t        testing.TB
	ln       net.Listener
	ca       string
	legs     int                             // Options.Legs of its agents
	ids      uint32                          // of a leg
	limits   map[string]int64                // of Welcome
	refuse   atomic.Pointer[wire.FatalError] // what answers Leg; nil: Welcome
	sessions chan *relaySide
	joined   chan *relaySide // further legs
}

// relaySide is the relay's end of a session.
type relaySide struct {
	*wire.Leg
	t       testing.TB
	join    *wire.Join // nil: the first of its session
	refused bool       // the leg was refused; there is no Leg
	msgs    chan *wire.Message
}

func newFakeRelay(t testing.TB) *fakeRelay {
	t.Helper()
	cert, ca := selfSigned(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{wire.ALPN}, MinVersion: tls.VersionTLS13})
	if err != nil {
		t.Fatal(err)
	}
	r := &fakeRelay{t: t, ln: ln, ca: ca, sessions: make(chan *relaySide, 100), joined: make(chan *relaySide, 100)}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	wg.Add(1)
	go func() {
		defer wg.Done()
		for n := 1; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Add(1)
			go func() { defer wg.Done(); r.serve(ctx, conn, n) }()
		}
	}()
	t.Cleanup(func() {
		cancel()
		ln.Close()
		wg.Wait()
	})
	return r
}

func (r *fakeRelay) serve(ctx context.Context, conn net.Conn, n int) {
	defer conn.Close()
	s := &relaySide{t: r.t, msgs: make(chan *wire.Message, 1024)}
	_, err := wire.ServerHandshake(conn, func(*wire.Auth) (*wire.Welcome, error) {
		return &wire.Welcome{Account: "acme", Session: fmt.Sprint("s", n), Secret: "shh", Relay: "r", Legs: 1, Limits: r.limits}, nil
	}, func(j *wire.Join) (*wire.Welcome, error) {
		s.join = j
		if f := r.refuse.Load(); f != nil {
			s.refused = true
			r.joined <- s
			return nil, f
		}
		return &wire.Welcome{Session: j.Session}, nil
	})
	if err != nil {
		return
	}
	if s.Leg, err = wire.NewRelayLeg(conn, wire.LegOptions{IDs: r.ids, OnMessage: func(m *wire.Message) { s.msgs <- m }}); err != nil {
		return
	}
	if s.join != nil {
		r.joined <- s
	} else {
		r.sessions <- s
	}
	_ = s.Run(ctx)
	s.Close()
}

// next waits for the agent's next session.
func (r *fakeRelay) next() *relaySide {
	r.t.Helper()
	return r.of(r.sessions)
}

func (r *fakeRelay) of(c chan *relaySide) *relaySide {
	r.t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(patience):
		r.t.Fatal("the agent makes no connection")
		return nil
	}
}

// run starts an agent with these endpoints.
func (r *fakeRelay) run(names ...string) *world {
	r.t.Helper()
	w := &world{t: r.t.(*testing.T)}
	a, err := New(Options{Relay: r.ln.Addr().String(), CA: r.ca, Grace: patience, Legs: r.legs, Log: slog.New(slog.NewTextHandler(r.t.Output(), nil))})
	if err != nil {
		r.t.Fatal(err)
	}
	a.ids = r.ids
	for _, name := range names {
		if err := a.Forward(Endpoint{Name: name, Upstream: "http://127.0.0.1:1"}); err != nil {
			r.t.Fatal(err)
		}
	}
	w.run(a)
	return w
}

func (s *relaySide) say(typ string, body any) {
	s.t.Helper()
	if err := s.Send(typ, 0, body); err != nil {
		s.t.Fatal(err)
	}
}

// hear waits for a message of the type.
func (s *relaySide) hear(typ string) *wire.Message {
	s.t.Helper()
	for late := time.After(patience); ; {
		select {
		case m := <-s.msgs:
			if m.Type == typ {
				return m
			}
		case <-late:
			s.t.Fatalf("no %s comes", typ)
		}
	}
}

func (s *relaySide) bind() *wire.Bind {
	s.t.Helper()
	return s.hear(wire.MsgBind).Body.(*wire.Bind)
}

// bound answers a Bind, and waits until the agent has heard it.
func (s *relaySide) bound(handle uint32, epoch, ticket string) {
	s.t.Helper()
	s.say(wire.MsgBound, &wire.Bound{Handle: handle, URL: "http://a.test", Epoch: epoch, Ticket: ticket})
	s.say(wire.MsgStats, &wire.Stats{Seq: "0"})
	s.hear(wire.MsgStatsAck)
}

// unbound answers an Unbind.
func (s *relaySide) unbound() {
	s.t.Helper()
	s.say(wire.MsgUnbound, &wire.Unbound{Handle: s.hear(wire.MsgUnbind).Body.(*wire.Unbind).Handle})
}

// ended waits for the session's end.
func (s *relaySide) ended() {
	s.t.Helper()
	select {
	case <-s.Done():
	case <-time.After(patience):
		s.t.Fatal("the session does not end")
	}
}

// selfSigned is a certificate for 127.0.0.1 and the file that has it as a CA.
func selfSigned(t testing.TB) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}
