package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// terminated is the visitor's side where its TLS ends at the agent.
type terminated struct {
	stream *streamConn
	conn   *tls.Conn // over stream
	buf    buffer
	much   bool // the last read filled a page
}

func newTerminated(l *lane, visitor netip.AddrPort) *terminated {
	c := &streamConn{bare: bare{l: l, short: true}, visitor: visitor}
	return &terminated{stream: c, conn: tls.Server(c, l.ep.end.config())}
}

// next reads with a page, and with a block as long as much comes. While nothing comes it holds neither.
func (s *terminated) next() ([]byte, error) {
	for {
		if s.much && s.buf.block == nil {
			s.buf.release()
			s.buf.takeBlock()
		} else if s.buf.b == nil {
			s.buf.takePage()
		}
		n, err := s.conn.Read(s.buf.b)
		if n > 0 {
			s.much = n >= len(page{})
			return s.buf.b[:n], nil
		}
		s.buf.release()
		if err != errPause {
			return nil, err // an end without close_notify is io.ErrUnexpectedEOF: who cut it need not be the visitor
		}
		s.stream.await()
	}
}

func (s *terminated) took() {
	if !s.much {
		s.buf.release()
	}
}

func (s *terminated) send(p []byte) error {
	_, err := s.conn.Write(p[wire.HeaderSize:])
	return err
}

func (s *terminated) end(before func()) error {
	if err := s.conn.CloseWrite(); err != nil {
		return err
	}
	return s.stream.end(before)
}

// streamConn is a stream as crypto/tls wants it.
type streamConn struct {
	bare
	visitor netip.AddrPort
	rest    []byte // of the last frame
	pauses  bool   // Read does not wait, but fails with errPause where it may be long until more comes
	awaited bool   // more has come
}

// errPause goes through crypto/tls, which reads on behind it: it is temporary.
var errPause net.Error = pause{}

type pause struct{}

func (pause) Error() string   { return "nothing has come" }
func (pause) Timeout() bool   { return true }
func (pause) Temporary() bool { return true }

// await waits behind errPause until Read has something to tell.
func (c *streamConn) await() {
	c.l.link.Await()
	c.awaited = true
}

func (c *streamConn) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		if c.pauses && c.short && !c.awaited && !c.l.link.Buffered() {
			return 0, errPause
		}
		c.awaited = false
		p, err := c.next()
		if err != nil {
			return 0, err
		}
		c.rest = p
	}
	n := copy(b, c.rest)
	if c.rest = c.rest[n:]; len(c.rest) == 0 {
		c.took()
	}
	return n, nil
}

func (c *streamConn) Write(b []byte) (int, error) {
	var buf buffer
	buf.takeBlock()
	sent := 0
	for sent < len(b) {
		n := copy(buf.b[wire.HeaderSize:], b[sent:])
		if err := c.send(buf.b[:wire.HeaderSize+n]); err != nil {
			buf.drop()
			return sent, err
		}
		sent += n
	}
	buf.release()
	return sent, nil
}

// Close ends the stream: what waits for it returns.
func (c *streamConn) Close() error {
	c.l.link.Close()
	return nil
}

func (c *streamConn) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(netip.AddrPort{}) }
func (c *streamConn) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(c.visitor) }
func (c *streamConn) SetDeadline(time.Time) error      { return nil } // the handshake's is its context's
func (c *streamConn) SetReadDeadline(time.Time) error  { return nil }
func (c *streamConn) SetWriteDeadline(time.Time) error { return nil }

var _ net.Conn = (*streamConn)(nil)

// handshakeTime is how long a visitor's TLS handshake may take.
const handshakeTime = 10 * time.Second

// startTLS ends the visitor's TLS, and connects to the local service when it is clear who comes.
func (p *passage) startTLS(ctx context.Context) error {
	l := p.l
	if err := l.link.Write(wire.AppendReady(nil, p.x.seq)); err != nil {
		return err
	}
	s := newTerminated(l, p.x.client)
	p.side = s
	limited, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	if err := s.conn.HandshakeContext(limited); err != nil {
		return p.turnedAway(err)
	}
	s.stream.pauses = true
	if err := p.connect(ctx); err != nil {
		if l.isDead() {
			return errDead
		}
		return p.abort(p.ail(err).code)
	}
	p.passDown()
	return nil
}

// turnedAway ends a connection whose handshake has failed.
func (p *passage) turnedAway(err error) error {
	if broken := mistake(err); broken != nil {
		return broken
	}
	code := wire.CodeVisitorGone
	var bad *tls.CertificateVerificationError
	if errors.As(err, &bad) || err.Error() == "tls: client didn't provide a certificate" {
		code = wire.CodeClientCert
	}
	p.fail(failure(code, "TLS handshake: "+err.Error()))
	p.l.eng.log.Debug("a visitor's TLS handshake failed", "endpoint", p.l.ep.Name, "client", p.x.client, "err", err)
	return p.abort(code)
}

// abort tells the relay that the connection is broken.
func (p *passage) abort(code wire.Code) error {
	if err := p.l.link.Write((&wire.AbortFrame{Seq: p.x.seq, Code: code}).Append(nil)); err != nil {
		return err
	}
	return p.awaitEnd()
}
