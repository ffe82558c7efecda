package http1

import "bytes"

var (
	slash    = []byte("/")
	asterisk = []byte("*")
)

// resolve checks Host, and turns the target into its origin-form (RFC 9112, 3.2).
func (r *Request) resolve() *Error {
	host, ok := splitAuthority(r.Host)
	if !ok {
		return ErrHostMalformed
	}
	switch {
	case r.Target[0] == '/':
		r.Path = r.Target
		return nil
	case string(r.Target) == "*":
		r.Path = asterisk
		if string(r.Method) != "OPTIONS" {
			return ErrAsterisk
		}
		return nil
	}
	return r.absolute(host)
}

// absolute reads a target in absolute-form. RFC 9112, 3.2.2, lets it win over Host, which not every server does: so both must agree.
func (r *Request) absolute(host authority) *Error {
	rest, port := r.Target, "80"
	switch {
	case len(rest) > 7 && equalFold(rest[:7], "http://"):
		rest = rest[7:]
	case len(rest) > 8 && equalFold(rest[:8], "https://"):
		rest, port = rest[8:], "443"
	default:
		return ErrTarget
	}
	path := []byte(nil)
	if i := bytes.IndexAny(rest, "/?"); i >= 0 {
		rest, path = rest[:i], rest[i:]
	}
	named, ok := splitAuthority(rest)
	if !ok {
		return ErrTarget
	}
	if !named.same(host, port) {
		return ErrTargetHost
	}
	switch {
	case len(path) > 0 && path[0] == '/':
		r.Path = path
	case len(path) > 0:
		r.path = append(append(r.path[:0], '/'), path...)
		r.Path = r.path
	case string(r.Method) == "OPTIONS":
		r.Path = asterisk // RFC 9112, 3.2.4
	default:
		r.Path = slash
	}
	return nil
}

// authority is a host and a port; both point into the message.
type authority struct {
	host, port []byte
}

// splitAuthority reads a name, an IPv4 address or an IPv6 address in brackets, and a port or none. It is narrower than RFC 3986: no
// user information, percent-encoding or sub-delimiters, which no host has and parsers read differently, and no empty port.
func splitAuthority(b []byte) (a authority, ok bool) {
	var n int
	if len(b) > 0 && b[0] == '[' {
		n = 1 + run(b[1:], isIPv6)
		if n == len(b) || b[n] != ']' || bytes.Count(b[:n], []byte(":")) < 2 {
			return a, false
		}
		n++
	} else if n = run(b, isHost); n == 0 {
		return a, false
	}
	a.host = b[:n]
	if n == len(b) {
		return a, true
	}
	a.port = b[n+1:]
	return a, b[n] == ':' && validPort(a.port)
}

// validPort accepts 1 to 65535, without leading zeros.
func validPort(b []byte) bool {
	if len(b) == 0 || len(b) > 5 || b[0] == '0' {
		return false
	}
	port := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		port = port*10 + int(c-'0')
	}
	return port <= 65535
}

// same compares without case; the scheme's default port is as good as none.
func (a authority) same(b authority, defaultPort string) bool {
	if string(a.port) == defaultPort {
		a.port = nil
	}
	if string(b.port) == defaultPort {
		b.port = nil
	}
	return equalFold(a.host, b.host) && bytes.Equal(a.port, b.port)
}
