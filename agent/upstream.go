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

	"github.com/adit-tunnel/adit/sock"
)

// upstream is the local service that an endpoint leads to.
type upstream struct {
	kind      string // http, https, unix or file
	host      string // what a rewritten Host says: as given, with its port unless that is the usual one
	addr      string // HOST:PORT to dial, or a path; what errors call the service
	name      string // host name alone
	port      string
	localhost bool         // both families are tried
	target    bool         // of one replay, and not the endpoint's
	secure    *tls.Config  // nil: no TLS
	proxy     int          // version of the PROXY protocol in front of each connection; 0: none
	inside    *inside      // answers in this process for what is no HTTP/1.1 service; nil: the connection is the service's
	last      atomic.Int32 // index in families of the one that worked last
}

// visit is what a connection to a local service is made for.
type visit struct {
	client netip.AddrPort
	server netip.AddrPort // where the client has connected to; with an upstream.proxy only
}

// leads is where the endpoint leads, as an URL; words for a program's own Listener.
func (ep *endpoint) leads() string {
	if ep.listener != nil {
		return ep.up.addr
	}
	return ep.Upstream
}

// ofOneVisitor says that a local connection tells the service who visits, so that it must not carry another one's requests.
func (ep *endpoint) ofOneVisitor() bool { return ep.listener != nil || ep.up.proxy != 0 }

// close ends what ep has running in this process, when its exchanges have ended; why is for a Listener's Accept.
func (ep *endpoint) close(why error) {
	if ep.listener != nil {
		ep.listener.close(why)
	}
	if ep.up.inside != nil {
		ep.up.inside.close()
	}
}

// dialLocal is how long connecting to a local service may take, and as long again a handshake with it.
const dialLocal = 10 * time.Second

// families are the addresses of localhost, in the order that getaddrinfo has and so curl and browsers try: a service may listen on one only.
var families = [2]string{"::1", "127.0.0.1"}

// dial connects to what the endpoint leads to, within limit; a Listener is told who visits.
func (ep *endpoint) dial(ctx context.Context, limit time.Duration, v visit) (localConn, error) {
	switch {
	case ep.listener != nil:
		return ep.listener.dial(ctx, limit, v.client)
	case ep.up.inside != nil:
		return ep.up.inside.dial(v)
	}
	return ep.up.open(ctx, limit, v)
}

// open connects within limit, and speaks TLS where that is spoken.
func (u *upstream) open(ctx context.Context, limit time.Duration, v visit) (localConn, error) {
	c, err := u.introduced(ctx, limit, v)
	if err != nil || u.secure == nil {
		return c, err
	}
	s, err := secured(ctx, c, u.secure, limit)
	if err != nil {
		return nil, err // not s: a nil pointer is not a nil interface
	}
	return s, nil
}

// introduced connects within limit, and says who visits if it is to.
func (u *upstream) introduced(ctx context.Context, limit time.Duration, v visit) (socket, error) {
	c, err := u.dial(ctx, limit)
	if err != nil || u.proxy == 0 {
		return c, err
	}
	if _, err := c.Write(appendProxyHeader(nil, u.proxy, v)); err != nil {
		return nil, closing(c, err)
	}
	return c, nil
}

// dial connects within limit.
func (u *upstream) dial(ctx context.Context, limit time.Duration) (socket, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch {
	case u.kind == "unix":
		return connectUnix(ctx, u.addr)
	case !u.localhost:
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
func (u *upstream) dialFirst(ctx context.Context, family int32, limit time.Duration) (socket, error) {
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

func connect(ctx context.Context, addr string) (socket, error) {
	d := net.Dialer{Control: boundReceive}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return sock.OfTCP(conn.(*net.TCPConn)), nil
}

func connectUnix(ctx context.Context, path string) (socket, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return unixConn{sock.OfUnix(conn.(*net.UnixConn))}, nil
}

// unixConn is a connection to a unix socket.
type unixConn struct{ *sock.UnixConn }

// SetLinger does nothing: a unix socket knows no reset. A service sees a cut request by what it announced.
func (unixConn) SetLinger(int) error { return nil }
