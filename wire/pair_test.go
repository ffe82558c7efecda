package wire

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// testTime is how long a test waits for anything.
const testTime = 20 * time.Second

// eventually polls until ok, or fails.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(testTime)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// within runs f and fails if it takes too long.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(testTime):
		t.Fatalf("%s took too long", what)
	}
}

// memConn is one end of a buffered connection in memory.
type memConn struct {
	in, out *memPipe
}

// memPipe is one direction; size bounds it, frozen stops its reader.
type memPipe struct {
	mu     sync.Mutex
	cond   *sync.Cond
	buf    []byte
	size   int
	eof    bool // writer closed
	gone   bool // reader closed
	frozen bool
	limit  time.Time
	timer  *time.Timer
}

func newMemPipe(size int) *memPipe {
	p := &memPipe{size: size}
	p.cond = sync.NewCond(&p.mu)
	return p
}

func memPair(size int) (*memConn, *memConn) {
	a, b := newMemPipe(size), newMemPipe(size)
	return &memConn{a, b}, &memConn{b, a}
}

func (p *memPipe) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	p.cond.Broadcast()
}

func (p *memPipe) late() bool { return !p.limit.IsZero() && !time.Now().Before(p.limit) }

func (c *memConn) Read(b []byte) (int, error) {
	p := c.in
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.gone:
			return 0, net.ErrClosed
		case len(p.buf) > 0 && !p.frozen:
			n := copy(b, p.buf)
			p.buf = p.buf[n:]
			p.cond.Broadcast()
			return n, nil
		case p.eof && !p.frozen:
			return 0, io.EOF
		case p.late():
			return 0, os.ErrDeadlineExceeded
		}
		p.cond.Wait()
	}
}

func (c *memConn) Write(b []byte) (n int, err error) {
	p := c.out
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(b) > 0 {
		switch {
		case p.eof:
			return n, net.ErrClosed
		case p.gone:
			return n, io.ErrClosedPipe
		case len(p.buf) < p.size:
			m := min(len(b), p.size-len(p.buf))
			p.buf = append(p.buf, b[:m]...)
			b, n = b[m:], n+m
			p.cond.Broadcast()
			continue
		}
		p.cond.Wait()
	}
	return n, nil
}

func (c *memConn) Close() error {
	c.in.set(func() { c.in.gone = true })
	c.out.set(func() { c.out.eof = true })
	return nil
}

func (c *memConn) CloseWrite() error {
	c.out.set(func() { c.out.eof = true })
	return nil
}

func (c *memConn) SetReadDeadline(t time.Time) error {
	c.in.set(func() {
		c.in.limit = t
		if c.in.timer != nil {
			c.in.timer.Stop()
		}
		if !t.IsZero() {
			c.in.timer = time.AfterFunc(time.Until(t), func() { c.in.set(func() {}) })
		}
	})
	return nil
}

func (c *memConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }
func (c *memConn) LocalAddr() net.Addr              { return memAddr{} }
func (c *memConn) RemoteAddr() net.Addr             { return memAddr{} }
func (c *memConn) freeze(on bool)                   { c.in.set(func() { c.in.frozen = on }) }

type memAddr struct{}

func (memAddr) Network() string { return "memory" }
func (memAddr) String() string  { return "memory" }

// testCA makes a CA and a certificate for 127.0.0.1 and relay.test signed by it, once.
var testCA = sync.OnceValues(func() (tls.Certificate, *x509.Certificate) { return makeCA(time.Now().Add(time.Hour)) })

func makeCA(until time.Time) (tls.Certificate, *x509.Certificate) {
	caKey, ca := makeCert(nil, nil, until)
	key, leaf := makeCert(caKey, ca, until)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, ca.Raw}, PrivateKey: key, Leaf: leaf}, ca
}

func makeCert(parentKey *ecdsa.PrivateKey, parent *x509.Certificate, until time.Time) (*ecdsa.PrivateKey, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "adit test"},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until, BasicConstraintsValid: true,
	}
	if parent == nil {
		tmpl.IsCA, tmpl.KeyUsage = true, x509.KeyUsageCertSign
		parent, parentKey = tmpl, key
	} else {
		tmpl.DNSNames, tmpl.IPAddresses = []string{"relay.test"}, []net.IP{net.IPv4(127, 0, 0, 1)}
		tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	raw, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), parentKey)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		panic(err)
	}
	return key, cert
}

// tcpPair is a TCP connection over loopback.
func tcpPair(t testing.TB) (relay, agent net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	agent, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	relay, err = ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return relay, agent
}

// tlsPair is a TLS connection over loopback.
func tlsPair(t testing.TB) (relay, agent net.Conn) {
	t.Helper()
	cert, ca := testCA()
	r, a := tcpPair(t)
	TuneLink(r)
	TuneLink(a)
	cfg, err := ClientTLS(Pin(ca), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	server, client := tls.Server(r, ServerTLS(cert)), tls.Client(a, cfg)
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-done); err != nil {
		t.Fatal(err)
	}
	return server, client
}

// legs are two legs that run against each other, and what their Runs returned.
type legs struct {
	relay, agent       *Leg
	relayEnd, agentEnd chan error
}

type legSetup struct {
	relay, agent LegOptions
	lim          limits           // the relay's
	now          func() time.Time // likewise
}

func startLegs(t testing.TB, r, a net.Conn, s legSetup) *legs {
	t.Helper()
	relay, err := NewRelayLeg(r, s.relay)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := NewAgentLeg(a, s.agent)
	if err != nil {
		t.Fatal(err)
	}
	if s.lim != (limits{}) {
		relay.pulse.lim = s.lim
	}
	if s.now != nil {
		relay.now = s.now
	}
	l := &legs{relay: relay, agent: agent, relayEnd: runLeg(t, relay), agentEnd: runLeg(t, agent)}
	return l
}

// runLeg runs a leg until the test's end, and checks that it ends.
func runLeg(t testing.TB, l *Leg) chan error {
	t.Helper()
	end, over := make(chan error, 1), make(chan struct{})
	go func() { end <- l.Run(context.Background()); close(over) }()
	t.Cleanup(func() {
		_ = l.Close()
		select {
		case <-over:
		case <-time.After(testTime):
			t.Error("Run did not return")
		}
	})
	return end
}

// transports runs f over memory and over TLS.
func transports(t *testing.T, f func(t *testing.T, r, a net.Conn)) {
	t.Run("memory", func(t *testing.T) { r, a := memPair(64 << 10); f(t, r, a) })
	t.Run("tls", func(t *testing.T) { r, a := tlsPair(t); f(t, r, a) })
}

func waitEnd(t testing.TB, end chan error) error {
	t.Helper()
	select {
	case err := <-end:
		return err
	case <-time.After(testTime):
		t.Fatal("the leg did not end")
		return nil
	}
}

func openStream(t testing.TB, l *Leg) *Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	defer cancel()
	s, err := l.Open(ctx, &OpenFrame{Kind: KindHTTP, Handle: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// acceptStream accepts a stream and reads its OPEN.
func acceptStream(t testing.TB, l *Leg) *Stream {
	t.Helper()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	mustNext(t, s, Open)
	return s
}

func mustNext(t testing.TB, s *Stream, typ Type) Frame {
	t.Helper()
	f, err := s.Next()
	if err != nil {
		t.Fatalf("no %s: %v", typ, err)
	}
	if f.Type != typ {
		t.Fatalf("%s instead of %s", f.Type, typ)
	}
	return f
}

func dataFrame(n int, f Flags) []byte {
	b := make([]byte, HeaderSize+n)
	PutHeader(b, Data, f, n)
	return b
}
