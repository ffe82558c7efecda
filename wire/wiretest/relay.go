package wiretest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// Relay is a puppet relay's port for agents.
type Relay struct {
	Addr, Pin string
	t         testing.TB
	ln        net.Listener
	cfg       *tls.Config
}

// identity is made once: a CA and a certificate that it signed.
var identity = sync.OnceValues(func() (tls.Certificate, string) {
	caKey, ca := certificate(nil, nil)
	key, leaf := certificate(caKey, ca)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, ca.Raw}, PrivateKey: key}, wire.Pin(ca)
})

func certificate(parentKey *ecdsa.PrivateKey, parent *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "wiretest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true,
	}
	if parent == nil {
		tmpl.IsCA, tmpl.KeyUsage = true, x509.KeyUsageCertSign
		parent, parentKey = tmpl, key
	} else {
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

// Listen opens a puppet relay's port until the test ends.
func Listen(t testing.TB) *Relay {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	cert, pin := identity()
	return &Relay{Addr: ln.Addr().String(), Pin: pin, t: t, ln: ln, cfg: wire.ServerTLS(cert)}
}

// AcceptTLS waits for an agent's connection, on which nothing has been read yet, and returns the TCP connection below it too.
func (r *Relay) AcceptTLS() (conn, link net.Conn) {
	r.t.Helper()
	_ = r.ln.(*net.TCPListener).SetDeadline(time.Now().Add(Patience))
	link, err := r.ln.Accept()
	if err != nil {
		r.t.Fatal(err)
	}
	c := tls.Server(link, r.cfg)
	_ = c.SetDeadline(time.Now().Add(Patience))
	if err := c.Handshake(); err != nil {
		link.Close()
		r.t.Fatal(err)
	}
	_ = c.SetDeadline(time.Time{})
	return c, link
}

// Greeting is all that a relay says before smux.
func Greeting() []byte {
	return append([]byte{0, 1, 0, 0, 0, 0, 0, 0}, Message(wire.MsgWelcome, 1, &wire.Welcome{
		Account: "acme", Plan: "free", Region: "test", Relay: "puppet", Version: "0", Session: "s", Legs: 1,
	})...)
}

// ReadHello reads what an agent says before Welcome.
func ReadHello(conn io.Reader) error {
	if _, err := io.ReadFull(conn, make([]byte, len(Preface()))); err != nil {
		return err
	}
	_, err := readFrame(conn)
	return err
}

// Accept waits for an agent, welcomes it and opens the control stream.
func (r *Relay) Accept() *Peer {
	r.t.Helper()
	conn, link := r.AcceptTLS()
	if err := ReadHello(conn); err != nil {
		link.Close()
		r.t.Fatal(err)
	}
	if _, err := conn.Write(Greeting()); err != nil {
		link.Close()
		r.t.Fatal(err)
	}
	p := newPeer(r.t, conn, link)
	p.Syn(Control)
	return p
}

// Bound waits for a Bind, answers it with that URL and returns the handle.
func (p *Peer) Bound(url string) (handle uint32) {
	p.t.Helper()
	var b wire.Bind
	id, ok := p.Message(wire.MsgBind, &b)
	if !ok {
		p.t.Fatal("the leg has ended instead of a Bind")
	}
	p.Say(Message(wire.MsgBound, id, &wire.Bound{Handle: b.Handle, URL: url, Epoch: "1"}))
	return b.Handle
}

// Reserve takes the id of the next stream without announcing it, which Syn does.
func (p *Peer) Reserve() (id uint32) {
	p.set(func() { p.next += 2; id = p.next })
	return id
}

// Begin announces the next stream and says nothing on it. Ids come in order, whoever calls.
func (p *Peer) Begin() (id uint32) {
	p.wmu.Lock()
	defer p.wmu.Unlock()
	id = p.Reserve()
	_, _ = p.conn.Write(smuxFrame(cmdSyn, id, nil))
	return id
}

// Open opens the next stream with its OPEN frame.
func (p *Peer) Open(kind wire.Kind, handle uint32) (id uint32) {
	id = p.Begin()
	p.Send(id, Opening(kind, handle))
	return id
}

// Opening is an OPEN frame.
func Opening(kind wire.Kind, handle uint32) []byte {
	o := wire.OpenFrame{Kind: kind, Handle: handle}
	return o.Append(nil)
}
