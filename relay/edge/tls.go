package edge

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// tlsCost is what TLS adds to what a connection holds: its state, the largest record that it has read, and until then the hello. Of a thousand connections
	// that idle each holds 24 KiB with its connCost, and 58 KiB when content has come in (measured, with what the collector has not yet given back).
	tlsCost = 46 << 10

	// lookTime is how long the last look at a TLS connection may take that was quiet for too long: whether a request has come in that very moment shows only
	// when it is decrypted.
	lookTime = 10 * time.Millisecond
)

// suites are the AEAD ones; those of TLS 1.3 are not ours to choose.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// records holds what is gathered for one write: a piece of content and its framing.
var records = sync.Pool{New: func() any { b := make([]byte, 0, maxGathered+wire.MaxData+64); return &b }}

// tlsEnd is how the server ends TLS.
type tlsEnd struct {
	certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	none        budget.Complaint // about certificates that could not be had

	hello     *tls.Config // of every handshake until the hello is understood
	requests  *tls.Config // then: of one that leads to requests,
	challenge *tls.Config // to the proof of a name,
	content   *tls.Config // to a tls endpoint
	single    *tls.Config // to requests one after the other
}

func newTLSEnd(s *Server, certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tlsEnd {
	e := &tlsEnd{certificate: certificate}
	with := func(protocols ...string) *tls.Config {
		return &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suites, NextProtos: protocols, GetCertificate: s.leaf, DynamicRecordSizingDisabled: true}
	}
	e.hello, e.requests, e.challenge, e.content, e.single = with(), with(alpnHTTP2, alpnHTTP1), with(alpnChallenge), with(), with(alpnHTTP1)
	e.hello.GetConfigForClient = understand // its session ticket keys are those of them all
	return e
}

// config is how the handshake goes on. Sessions are not resumed where a certificate is asked for: it is shown each time.
func (e *tlsEnd) config(f *front) *tls.Config {
	c := e.requests
	switch f.course {
	case courseChallenge:
		return e.challenge
	case courseTerminate:
		c = e.content
	}
	if f.single && f.offers(alpnHTTP1) {
		c = e.single
	}
	if f.ep != nil && f.ep.ClientCAs != nil {
		c = c.Clone()
		c.ClientAuth, c.ClientCAs, c.SessionTicketsDisabled = tls.RequireAndVerifyClientCert, f.ep.ClientCAs, true
	}
	return c
}

// leaf finds the certificate. Without one crypto/tls answers unrecognized_name (RFC 6066, 3).
func (s *Server) leaf(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	f := hello.Conn.(*front)
	if f.strange {
		return nil, nil
	}
	named := *hello
	named.ServerName = f.name
	cert, err := s.tls.certificate(&named)
	if err != nil {
		if n, due := s.tls.none.Due(); due {
			s.log.Warn("there is no certificate for a visitor", "name", f.name, "err", err, "times", n)
		}
	}
	return cert, err
}

// secured is what TLS tells about a connection.
type secured struct {
	name string         // the visitor called the server by; canonical, "" none
	cas  *x509.CertPool // that vouched for the visitor's certificate; nil: it has shown none
}

// newSecured describes TLS whose handshake is over.
func newSecured(f *front, st tls.ConnectionState) *secured {
	sec := &secured{name: f.name}
	if f.ep != nil && len(st.VerifiedChains) > 0 {
		sec.cas = f.ep.ClientCAs
	}
	return sec
}

// appendHello adds what a hello tells, whoever answers it.
func appendHello(ext []byte, f *front) []byte {
	if f.name == "" {
		return ext
	}
	return wire.AppendExt(ext, wire.ExtSNI, []byte(f.name))
}

// appendTLS adds what a handshake has agreed on.
func appendTLS(ext []byte, st tls.ConnectionState) []byte {
	if st.NegotiatedProtocol != "" {
		ext = wire.AppendExt(ext, wire.ExtALPN, []byte(st.NegotiatedProtocol))
	}
	ext = wire.AppendExt(ext, wire.ExtTLSVersion, binary.BigEndian.AppendUint16(nil, st.Version))
	return wire.AppendExt(ext, wire.ExtTLSSuite, binary.BigEndian.AppendUint16(nil, st.CipherSuite))
}

// secure puts TLS on a connection that has just come.
func (c *conn) secure() {
	c.front = &front{Conn: c.sock, s: c.s, owner: c}
	c.net = tls.Server(c.front, c.s.tls.hello)
	c.phase.Store(phaseHello)
}

// shake does the handshake, and starts whatever follows but HTTP/1.1, for which it returns true.
func (c *conn) shake() bool {
	if !c.afford(tlsCost) {
		c.s.noRoom()
		if c.s.mayTell() {
			defer c.s.turning.Add(-1)
			c.s.tell(c.sock, true, wire.CodeRelayBusy)
		}
		return false
	}
	t := c.net.(*tls.Conn)
	err := c.handshake(t)
	c.since.Store(c.s.clock.Load())
	if !c.phase.CompareAndSwap(phaseHello, phaseFresh) { // too late
		return false
	}
	f := c.front
	c.ext = appendHello(c.ext, f)
	switch {
	case f.mute:
		c.heir = f.rewind()
		return false
	case plainly(err):
		return c.unsecure()
	case err != nil:
		c.s.log.Debug("a TLS handshake failed", "client", c.peer, "name", f.name, "err", err)
		return false
	case f.course == courseChallenge:
		return false
	}
	st := t.ConnectionState()
	c.secured, c.ext = newSecured(f, st), appendTLS(c.ext, st)
	switch {
	case f.course == courseTerminate:
		c.heir = t
		return false
	case st.NegotiatedProtocol == alpnHTTP2:
		c.multiplex(t)
		return false
	}
	return true
}

// handshake has a goroutine of its own, whose stack goes with it: of the 16 KiB that it needs half would stay with the connection's for as long as that lasts.
func (c *conn) handshake(t *tls.Conn) (err error) {
	done := make(chan struct{})
	c.s.run(func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				c.panicked(p)
				err = errGone
			}
		}()
		err = t.Handshake()
	})
	<-done
	return err
}

// unsecure takes TLS away from a visitor who speaks HTTP without it: requests of his are read, and answered with where they belong.
func (c *conn) unsecure() bool {
	if c.refill(c.front.hello) != nil {
		c.s.noRoom()
		return false
	}
	c.mu.Lock() // the sweeper may be about to end a read
	c.net, c.front, c.plain = c.sock, nil, true
	c.mu.Unlock()
	return true
}

// bequeath gives the connection to who goes on with it. An agent's is not counted here any more; what is carried keeps its place.
func (c *conn) bequeath() {
	f := c.front
	switch {
	case !c.phase.CompareAndSwap(phaseFresh, phaseBusy): // the end of the stop was quicker
		c.sock.Close()
		c.s.farewell(c)
		return
	case f.course == courseAgent:
		c.s.helpers.Add(1)
		defer c.s.helpers.Done()
		c.s.farewell(c)
		c.s.agents(c.heir)
		return
	}
	w := way{from: c, ep: f.ep, account: c.account, peer: c.peer, port: c.port, trusted: c.trusted, kind: wire.KindTLS, ext: c.ext}
	if c.secured != nil {
		w.flags = wire.ReqTLS
	}
	c.s.carry(c.heir, w)
}

// closeWrite ends our direction: in TLS with close_notify, unless what was sent is not whole, and with FIN.
func (c *conn) closeWrite() error {
	if t, ok := c.net.(*tls.Conn); ok && !c.torn {
		_ = t.CloseWrite() // FIN follows anyway
	}
	return closeWrite(c.sock)
}

// close ends the connection, in TLS so that the visitor knows that it is meant, unless something was cut. It may take a few seconds.
func (c *conn) close() {
	if c.torn {
		c.sock.Close()
		return
	}
	c.net.Close()
}

// writeRecords writes what goes out together as one: TLS makes records of what it is given.
func (c *conn) writeRecords(t *turn) error {
	b := records.Get().(*[]byte)
	defer records.Put(b)
	*b = append(append(append((*b)[:0], t.vec[0]...), t.vec[1]...), t.vec[2]...)
	_, err := c.net.Write(*b)
	return err
}

// sip is read for TLS, where nobody can wait for content without taking it: what little comes first goes into the inbox's small buffer, in which nothing else is.
func (s *source) sip(c *conn, n int) ([]byte, error) {
	p := c.in.small[:min(upRoom+n, smallInbox)]
	m, err := c.readContent(p[upRoom:])
	s.much = upRoom+m == smallInbox
	return p[:upRoom+m], err
}

// lookAgain reads what TLS has of a request that came at the last moment.
func (c *conn) lookAgain() int {
	c.net.SetReadDeadline(time.Now().Add(lookTime))
	n, _ := c.net.Read(c.in.space())
	c.unrouse()
	return n
}
