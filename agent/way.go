package agent

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"

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
		w.proxy, err = parseProxy(o.Proxy)
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
