package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// upstream is the local service that an endpoint leads to.
type upstream struct {
	host      string // as given, with its port: what a rewritten Host says
	addr      string // HOST:PORT to dial
	port      string
	localhost bool         // both families are tried
	secure    *tls.Config  // nil: no TLS, which only targets of replays have
	last      atomic.Int32 // index in families of the one that worked last
}

// leads is where the endpoint leads, as an URL; words for a program's own Listener.
func (ep *endpoint) leads() string {
	if ep.listener != nil {
		return ep.up.addr
	}
	return ep.Upstream
}

// families are the addresses of localhost, in the order that getaddrinfo has and so curl and browsers try: a service may listen on one only.
var families = [2]string{"::1", "127.0.0.1"}

// dial connects to what the endpoint leads to, within limit; a Listener is told who visits.
func (ep *endpoint) dial(ctx context.Context, limit time.Duration, visitor netip.AddrPort) (localConn, error) {
	if ep.listener != nil {
		return ep.listener.dial(ctx, limit, visitor)
	}
	c, err := ep.up.dial(ctx, limit)
	if err != nil {
		return nil, err // not c: a nil pointer is not a nil interface
	}
	if ep.up.secure == nil {
		return c, nil
	}
	s, err := secured(ctx, c, ep.up.secure, limit)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// dial connects within limit.
func (u *upstream) dial(ctx context.Context, limit time.Duration) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if !u.localhost {
		return connect(ctx, u.addr)
	}
	first := u.last.Load()
	c, err := u.dialFirst(ctx, first, limit)
	if err == nil {
		return c, nil
	}
	second := 1 - first
	c, err2 := connect(ctx, net.JoinHostPort(families[second], u.port))
	if err2 == nil {
		u.last.Store(second)
		return c, nil
	}
	if tells(err, err2) {
		return nil, err
	}
	return nil, err2
}

// dialFirst leaves half of the time to the other family.
func (u *upstream) dialFirst(ctx context.Context, family int32, limit time.Duration) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit/2)
	defer cancel()
	return connect(ctx, net.JoinHostPort(families[family], u.port))
}

// tells says that a says more than b about why nothing answered: anything but a machine without that family, and a time-out more than a refusal.
func tells(a, b error) bool {
	for _, absent := range []error{syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT, syscall.ENETUNREACH} {
		switch {
		case errors.Is(a, absent):
			return false
		case errors.Is(b, absent):
			return true
		}
	}
	return !errors.Is(a, syscall.ECONNREFUSED)
}

func connect(ctx context.Context, addr string) (*net.TCPConn, error) {
	d := net.Dialer{Control: boundReceive}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}
