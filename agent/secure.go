package agent

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// secure is a connection to an https target of a replay. Its certificate must be one that the system trusts.
type secure struct {
	*tls.Conn
	tcp   *net.TCPConn
	ahead ahead
}

var _ localConn = (*secure)(nil)

// handshakeError is a TLS handshake that failed.
type handshakeError struct{ error }

func (e handshakeError) Unwrap() error { return e.error }

// secureTo says how a server of that name proves itself: there is no way around it.
func secureTo(name string) *tls.Config {
	return &tls.Config{ServerName: name, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
}

// secured makes conn one with TLS, within limit; conn is closed when that fails.
func secured(ctx context.Context, conn *net.TCPConn, conf *tls.Config, limit time.Duration) (*secure, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := tls.Client(conn, conf)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, closing(conn, handshakeError{err})
	}
	return &secure{Conn: c, tcp: conn, ahead: ahead{conn: c}}, nil
}

// SetLinger is the TCP connection's.
func (s *secure) SetLinger(sec int) error { return s.tcp.SetLinger(sec) }

// Close ends the TCP connection at once: a goodbye of TLS could block, and an end without one is no end that looks whole.
func (s *secure) Close() error { return s.tcp.Close() }
