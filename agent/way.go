package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"github.com/adit-tunnel/adit/wire"
)

// dialFunc connects to an address, as net.Dialer does.
type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// way is how legs get to the relay.
type way struct {
	addr   string // HOST:PORT of the relay
	host   string // by which it proves itself where there is no pin
	socket string // the URL of the WebSocket that a leg is inside of; "": there is none
	proxy  *proxy // nil: there is none
}

// way reads Relay and Proxy. Its errors hold no password.
func (o *Options) way() (w way, err error) {
	w.addr = o.Relay
	if scheme, rest, ok := strings.Cut(o.Relay, "://"); ok {
		scheme = strings.ToLower(scheme)
		port := map[string]string{"ws": "80", "wss": "443"}[scheme]
		u, err := url.Parse(o.Relay)
		if err != nil || port == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
			return w, fmt.Errorf("relay %q: want HOST:PORT, or wss://HOST", strings.Map(plain, scheme+"://"+rest[strings.LastIndexByte(rest, '@')+1:]))
		}
		if u.Port() != "" {
			port = u.Port()
		}
		w.addr = net.JoinHostPort(u.Hostname(), port)
		w.socket = scheme + "://" + u.Host + wire.SocketPath
	}
	var port string
	if w.host, port, err = net.SplitHostPort(w.addr); err != nil || port == "" {
		return w, fmt.Errorf("relay %q: want HOST:PORT, or wss://HOST", w.addr)
	}
	if o.Proxy != "" {
		if w.proxy, err = parseProxy(o.Proxy); err == nil {
			w.proxy.from = o.ProxyFrom
		}
	}
	return w, err
}

// String is the way in words, without a password.
func (w *way) String() string {
	to := strings.TrimSuffix(w.socket, wire.SocketPath)
	if to == "" {
		to = w.addr
	}
	if w.proxy != nil {
		to += " through " + w.proxy.String()
	}
	return to
}

// plain leaves control characters out of what goes into an error.
func plain(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// connect makes the connection that TLS with the relay goes on, through whatever stands in between; dial makes the first one of all. Errors say at which hop it
// ends.
func (w *way) connect(ctx context.Context, dial dialFunc) (net.Conn, error) {
	if w.proxy != nil {
		dial = w.proxy.through(dial)
	}
	if w.socket == "" {
		return dial(ctx, "tcp", w.addr)
	}
	c, err := wire.DialSocket(ctx, w.socket, dial)
	if err != nil {
		return nil, fmt.Errorf("WebSocket to %s: %w", w.socket, err)
	}
	return c, nil
}

// detour is the relay's WebSocket, when err looks as if something on the way lets only HTTP pass; else "".
func (w *way) detour(err error) string {
	refused := errors.As(err, new(unwilling))
	if w.proxy == nil {
		refused = closedOff(err) && !isHere(w.host)
	}
	switch {
	case w.socket != "" || !refused:
		return ""
	case strings.Contains(w.host, ":"):
		return "wss://[" + w.host + "]"
	}
	return "wss://" + w.host
}

// isHere says that a host is this machine, as it is written.
func isHere(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost"
}

// closedOff says that err is how firewalls end connections. It is also how a relay does that does not run.
func closedOff(err error) bool {
	var slow net.Error
	return errors.As(err, &slow) && slow.Timeout() || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EHOSTUNREACH)
}
