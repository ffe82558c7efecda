package agent

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	socks "golang.org/x/net/proxy"
)

// proxy is one that the agent's legs go through, and nothing else does: a local service is never asked for there.
type proxy struct {
	url  *url.URL // http, https, socks5 or socks5h
	addr string   // HOST:PORT
	from string   // where it is written (Options.ProxyFrom)
}

// maxProxyHead is how much of a proxy's answer is read.
const maxProxyHead = 64 << 10

// parseProxy reads http://, https:// or socks5://[USER:PASSWORD@]HOST[:PORT]. What is wrong is told without the text, which may hold a password.
func parseProxy(text string) (*proxy, error) {
	ports := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("the proxy's URL cannot be read: it looks like http://USER:PASSWORD@HOST:PORT, with % signs for what is special in USER or PASSWORD")
	case ports[u.Scheme] == "":
		return nil, errors.New("the proxy's URL begins with http://, https:// or socks5://")
	case u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return nil, fmt.Errorf("the proxy's URL looks like %s://HOST:PORT", u.Scheme)
	}
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	return &proxy{url: u, addr: net.JoinHostPort(u.Hostname(), port)}, nil
}

// String is the proxy without its password.
func (p *proxy) String() string { return p.url.Scheme + "://" + p.url.Host }

// ProxyError is what a proxy on the way to the relay does not do.
type ProxyError struct {
	Proxy string // without user and password
	From  string // where it is written (Options.ProxyFrom)
	Err   error
}

func (e *ProxyError) Error() string {
	if e.From != "" {
		return fmt.Sprintf("the proxy %s (%s) %v", e.Proxy, e.From, e.Err)
	}
	return fmt.Sprintf("the proxy %s %v", e.Proxy, e.Err)
}

func (e *ProxyError) Unwrap() error { return e.Err }

// denied is how a proxy refuses a user and a password.
type denied string

func (e denied) Error() string { return string(e) }

// unwilling is how a proxy refuses to connect to the relay.
type unwilling string

func (e unwilling) Error() string { return string(e) }

// through makes a dial that goes through the proxy. The proxy looks names up.
func (p *proxy) through(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, p.addr)
		if err != nil {
			return nil, &ProxyError{p.String(), p.from, fmt.Errorf("cannot be reached: %w", err)}
		}
		c, err = p.ask(ctx, c, addr)
		if err != nil {
			return nil, &ProxyError{p.String(), p.from, err}
		}
		return c, nil
	}
}

// ask has the proxy connect c to addr. c is closed on error.
func (p *proxy) ask(ctx context.Context, c net.Conn, addr string) (_ net.Conn, err error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() && err == nil {
			err = ctx.Err()
		}
		if err != nil {
			_ = c.Close() // err says more
		}
	}()
	switch p.url.Scheme {
	case "https":
		t := tls.Client(c, &tls.Config{ServerName: p.url.Hostname(), MinVersion: tls.VersionTLS12})
		if err := t.HandshakeContext(ctx); err != nil {
			if errors.As(err, new(*tls.CertificateVerificationError)) {
				return nil, fmt.Errorf("is not trusted by this machine: %w", err)
			}
			return nil, fmt.Errorf("does not speak TLS as its URL says: %w", err)
		}
		return t, p.tunnel(t, addr)
	case "http":
		return c, p.tunnel(c, addr)
	}
	return c, p.socks(ctx, c, addr)
}

// tunnel asks with CONNECT (RFC 9110, 9.3.6).
func (p *proxy) tunnel(c net.Conn, addr string) error {
	q := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{"User-Agent": {"adit"}}}
	if u := p.url.User; u != nil {
		password, _ := u.Password()
		q.SetBasicAuth(u.Username(), password)
		q.Header = http.Header{"User-Agent": {"adit"}, "Proxy-Authorization": q.Header["Authorization"]}
	}
	if err := q.Write(c); err != nil {
		return fmt.Errorf("was not asked: %w", err)
	}
	r := bufio.NewReader(io.LimitReader(c, maxProxyHead))
	a, err := http.ReadResponse(r, q)
	if err != nil {
		return fmt.Errorf("gave no answer to CONNECT: %w", err)
	}
	switch asks := a.StatusCode == http.StatusProxyAuthRequired; {
	case asks && !offersBasic(a.Header):
		return fmt.Errorf("wants a sign-in of a kind that adit has not (%.100q: %.60q)", a.Status, a.Header.Get("Proxy-Authenticate"))
	case asks && p.url.User == nil:
		return fmt.Errorf("wants a user and a password (%.100q): write http://USER:PASSWORD@HOST:PORT", a.Status)
	case asks, a.StatusCode == http.StatusUnauthorized && p.url.User != nil: // tinyproxy says 401
		return denied(fmt.Sprintf("does not take this user and password (%.100q)", a.Status))
	case a.StatusCode/100 != 2:
		return unwilling(fmt.Sprintf("does not connect to %s: %.100q", addr, a.Status))
	case r.Buffered() > 0:
		return errors.New("sends more than an answer to CONNECT")
	}
	return nil
}

func offersBasic(h http.Header) bool {
	return slices.ContainsFunc(h.Values("Proxy-Authenticate"), func(v string) bool { return len(v) >= 5 && strings.EqualFold(v[:5], "basic") })
}

// socks asks with SOCKS5 (RFC 1928, 1929).
func (p *proxy) socks(ctx context.Context, c net.Conn, addr string) error {
	var auth *socks.Auth
	if u := p.url.User; u != nil {
		password, _ := u.Password()
		auth = &socks.Auth{User: u.Username(), Password: password}
	}
	d, err := socks.SOCKS5("tcp", p.addr, auth, nil)
	if err != nil {
		return err
	}
	// x/net's dialer can ask on a connection that is there, though the interface it is returned as does not say so.
	asks, ok := d.(interface {
		DialWithConn(ctx context.Context, c net.Conn, network, address string) (net.Addr, error)
	})
	if !ok {
		return errors.New("cannot be asked: the SOCKS5 client has changed")
	}
	if _, err = asks.DialWithConn(ctx, c, "tcp", addr); err == nil {
		return nil
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "socks connect" {
		err = op.Err // the addresses are known
	}
	switch reason := err.Error(); {
	case auth == nil && strings.Contains(reason, "no acceptable authentication"):
		return errors.New("wants a user and a password: write socks5://USER:PASSWORD@HOST:PORT")
	case strings.Contains(reason, "authentication failed"):
		return denied("does not take this user and password: " + reason)
	case errors.As(err, &op): // of the connection to it
		return fmt.Errorf("does not connect to %s: %w", addr, err)
	default:
		return unwilling(fmt.Sprintf("does not connect to %s: %s", addr, reason))
	}
}
