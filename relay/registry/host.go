package registry

import (
	"bytes"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	maxName    = 253 // bytes of a name without its trailing dot (RFC 1035, 2.3.4)
	maxLabel   = 63
	maxSpelled = 1024 // bytes of a Host value; longer ones are not looked at
)

// CanonicalHost appends the one spelling of a Host value (RFC 9110, 7.2; RFC 3986, 3.2.2) to dst: port and one trailing dot removed, lower case,
// names beyond ASCII as xn-- (UTS 46), an IPv6 literal in brackets in its shortest form (RFC 5952). Routing, reservation and certificates all use
// it, so that no name has two owners. It is idempotent, and allocates only for names beyond ASCII and IPv6 literals.
//
// port is 0 when there was none. ok is false for everything that is not a host name or an address (empty or overlong labels, labels that begin
// or end with a hyphen, other characters than letters, digits, hyphens and underscores, zones, percent signs, port 0): name is dst then.
// Labels that come as xn-- are taken as they are.
func CanonicalHost(dst, host []byte) (name []byte, port uint16, ok bool) {
	if len(host) == 0 || len(host) > maxSpelled {
		return dst, 0, false
	}
	literal := host[0] == '['
	host, port, ok = splitPort(host, literal)
	if !ok {
		return dst, 0, false
	}
	switch {
	case literal:
		name, ok = appendIPv6(dst, host)
	case isASCII(host):
		name, ok = appendName(dst, host)
	default:
		name, ok = appendIDN(dst, host)
	}
	if !ok {
		return dst, 0, false
	}
	return name, port, true
}

// HostName is CanonicalHost of a name that stands by itself, without a port: one that is reserved or asked for.
func HostName(s string) (string, bool) {
	name, port, ok := CanonicalHost(nil, []byte(s))
	return string(name), ok && port == 0
}

// CanonicalPattern is HostName, but may begin with "*.": all names below the rest, which is no address then.
func CanonicalPattern(s string) (string, bool) {
	below, wild := strings.CutPrefix(s, wildcard)
	name, ok := HostName(below)
	if !wild {
		return name, ok
	}
	if name = wildcard + name; !ok || len(name) > maxName || isAddress(name[len(wildcard):]) {
		return "", false
	}
	return name, true
}

// CanonicalScope is the one spelling of a pattern of host names, in which * stands for any part of a label. What cannot be one stays as it is.
func CanonicalScope(pattern string) string {
	labels := strings.Split(strings.TrimSuffix(pattern, "."), ".")
	for i, label := range labels {
		if name, ok := HostName(label); ok {
			labels[i] = name
		} else if isASCII([]byte(label)) {
			labels[i] = strings.ToLower(label)
		}
	}
	return strings.Join(labels, ".")
}

// splitPort cuts ":port" off; a colon with nothing behind it is no port (RFC 3986, 3.2.3). What stands in the brackets of a literal is returned
// without them.
func splitPort(host []byte, literal bool) (rest []byte, port uint16, ok bool) {
	var tail []byte
	if literal {
		end := bytes.IndexByte(host, ']')
		if end < 0 {
			return nil, 0, false
		}
		rest, tail = host[1:end], host[end+1:]
	} else if i := bytes.IndexByte(host, ':'); i >= 0 {
		rest, tail = host[:i], host[i:]
	} else {
		rest = host
	}
	if len(tail) == 0 {
		return rest, 0, true
	}
	if tail[0] != ':' {
		return nil, 0, false
	}
	port, ok = parsePort(tail[1:])
	return rest, port, ok
}

func parsePort(digits []byte) (uint16, bool) {
	if len(digits) == 0 {
		return 0, true
	}
	if len(digits) > 5 {
		return 0, false
	}
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return uint16(n), n > 0 && n <= 65535
}

func appendIPv6(dst, literal []byte) ([]byte, bool) {
	a, err := netip.ParseAddr(string(literal))
	if err != nil || !a.Is6() || a.Zone() != "" {
		return dst, false
	}
	dst = append(dst, '[')
	dst = a.AppendTo(dst)
	return append(dst, ']'), true
}

func appendIDN(dst, host []byte) ([]byte, bool) {
	if !utf8.Valid(host) {
		return dst, false
	}
	// The Lookup profile maps case and width and refuses what no registry would give out; its answer is checked like any other name.
	s, err := idna.Lookup.ToASCII(string(host))
	if err != nil || !isASCII([]byte(s)) {
		return dst, false
	}
	return appendName(dst, []byte(s))
}

// appendName appends an ASCII name in lower case, without one trailing dot.
func appendName(dst, name []byte) ([]byte, bool) {
	if n := len(name); n > 0 && name[n-1] == '.' {
		name = name[:n-1]
	}
	if len(name) == 0 || len(name) > maxName {
		return dst, false
	}
	start := len(dst)
	label := 0 // length of the label so far
	var last byte
	for _, c := range name {
		if c == '.' {
			if label == 0 || last == '-' {
				return dst[:start], false
			}
			label = 0
		} else {
			c = lowered[c]
			if c == 0 || (c == '-' && label == 0) || label == maxLabel {
				return dst[:start], false
			}
			label++
		}
		dst = append(dst, c)
		last = c
	}
	return dst, label > 0 && last != '-'
}

// lowered maps each byte that may stand in a label to its lower case, all others to 0.
var lowered = func() (t [256]byte) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = c, c
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	t['-'], t['_'] = '-', '_'
	return t
}()

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
