package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// secure is a connection with TLS to a local service, or to another target of a replay.
type secure struct {
	*tls.Conn
	socket socket
	ahead
}

// handshakeError is a TLS handshake that failed.
type handshakeError struct{ error }

func (e handshakeError) Unwrap() error { return e.error }

// secureTo says how a server of that name proves itself: there is no way around it.
func secureTo(name string) *tls.Config {
	return &tls.Config{ServerName: name, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
}

// upstreamTLS says what TLS with an https upstream of that name is like. Its certificate is looked at only where that is asked for: services on a developer's
// machine have what they made themselves, and the way to them does not leave it.
func (e *Endpoint) upstreamTLS(name string) (*tls.Config, error) {
	c := secureTo(name)
	if e.Protocol != "" && e.Protocol != wire.ProtocolHTTP {
		c.NextProtos = nil // nobody here knows what is spoken
	}
	c.InsecureSkipVerify = !e.VerifyUpstream && e.UpstreamCAs == ""
	if e.UpstreamProtocol == "http2" {
		c.NextProtos = []string{"h2"}
	}
	if e.UpstreamCAs != "" {
		pem, err := os.ReadFile(e.UpstreamCAs)
		if err != nil {
			return nil, fmt.Errorf("the upstream's authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the upstream's authorities: no certificate in %s; want PEM", e.UpstreamCAs)
		}
	}
	if e.UpstreamCert == "" && e.UpstreamKey == "" {
		return c, nil
	}
	if e.UpstreamCert == "" || e.UpstreamKey == "" {
		return nil, errors.New("a client certificate for the upstream and its key go together: give both")
	}
	pair, err := tls.LoadX509KeyPair(e.UpstreamCert, e.UpstreamKey)
	if err != nil {
		return nil, fmt.Errorf("the client certificate for the upstream (%s, %s): %w", e.UpstreamCert, e.UpstreamKey, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// secured makes conn one with TLS, within limit; conn is closed when that fails.
func secured(ctx context.Context, conn socket, conf *tls.Config, limit time.Duration) (*secure, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := tls.Client(conn, conf)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, closing(conn, handshakeError{err})
	}
	s := &secure{Conn: c, socket: conn}
	s.ahead.conn = c
	return s, nil
}

// SetLinger is the socket's.
func (s *secure) SetLinger(sec int) error { return s.socket.SetLinger(sec) }

// Close ends the socket at once: a goodbye of TLS could block, and an end without one is no end that looks whole.
func (s *secure) Close() error { return s.socket.Close() }

// take returns what park has read, and with it what came in the same record.
func (s *secure) take(b []byte) (int, error) {
	n, err := s.ahead.take(b)
	if n == 0 || n == len(b) {
		return n, err
	}
	s.Conn.SetReadDeadline(time.Unix(1, 0)) // what has been decrypted is returned all the same; nothing is waited for
	m, _ := s.Conn.Read(b[n:])              // an error comes again
	s.Conn.SetReadDeadline(time.Time{})
	return n + m, nil
}

// told is the alert with which the other side has ended a TLS connection, in words; "" when err is none. crypto/tls has no type for it.
func told(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error()
	}
	return ""
}

// tlsTrouble words why a handshake with u failed, and what to change where that is known.
func (u *upstream) tlsTrouble(err error) (detail, mend string) {
	var (
		record  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	plainly := u.as(u.plain())
	switch {
	case told(err) != "":
		return u.alerted(told(err))
	case errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		return "it speaks plain HTTP", sentence(plainly)
	case errors.As(err, &record):
		return "it does not speak TLS", "If it is the right port, " + plainly + "."
	case errors.As(err, &unknown):
		return "its certificate is signed by an authority that is not known here", u.option("Name that authority's certificate with --upstream-tls-verify-cas.")
	case errors.As(err, &name):
		return "its certificate is for another name: " + name.Error(), u.option("Give the upstream by a name that is in the certificate.")
	case errors.As(err, &invalid):
		return "its certificate is not valid: " + invalid.Error(), ""
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "it did not answer the TLS handshake", "If it does not speak TLS, " + plainly + "."
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "it closed the connection instead of answering the TLS handshake", "If it does not speak TLS, " + plainly + "."
	}
	return err.Error(), ""
}

// alerted is tlsTrouble of an alert.
func (u *upstream) alerted(alert string) (detail, mend string) {
	const pair = "one with --upstream-client-crt and --upstream-client-key."
	shown := u.secure != nil && len(u.secure.Certificates) > 0
	switch {
	case shown && strings.Contains(alert, "certificate"):
		return "it does not take the client certificate (" + alert + ")", "Check that the local service knows the authority of the certificate in --upstream-client-crt."
	case alert == "tls: certificate required", alert == "tls: bad certificate":
		return "it wants a client certificate (" + alert + ")", u.option("Give " + pair)
	case alert == "tls: handshake failure" && !shown: // so says TLS 1.2 (RFC 5246, 7.4.6)
		return "it ended the connection: " + alert, u.option("If it wants a client certificate, give " + pair)
	case alert == "tls: no application protocol" && u.secure != nil && slices.Contains(u.secure.NextProtos, "http/1.1"):
		return errOnlyHTTP2.Error(), u.option("Add --upstream-protocol http2.")
	}
	return "it ended the connection: " + alert, ""
}

// plain is the scheme of what u leads to, without TLS.
func (u *upstream) plain() string {
	if u.kind == "tls" {
		return "tcp"
	}
	return "http"
}

// as is what to do about a service that speaks something else than it was said to.
func (u *upstream) as(scheme string) string {
	if u.target {
		return "send it to " + scheme + "://" + u.addr
	}
	return "give the upstream as " + scheme + "://" + u.addr
}

// option is what to change about the endpoint's options, which say nothing of a replay's own target.
func (u *upstream) option(mend string) string {
	if u.target {
		return ""
	}
	return mend
}

// sentence makes one of its words.
func sentence(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }
