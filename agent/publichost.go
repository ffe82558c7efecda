package agent

import (
	"bytes"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// With a replaced Host a service knows a name that visitors do not. What it says of that name in its answer's head must lead them back: URLs in Location,
// Content-Location and Refresh, and the Domain of cookies. Everything else stays as it came.

// asked is the public address that the visitor asked for, as SCHEME://HOST.
func (l *lane) asked() string {
	host, scheme := first(l.req.Get("X-Forwarded-Host")), first(l.req.Get("X-Forwarded-Proto"))
	if host == "" {
		host = string(l.req.Host)
	}
	if scheme == "" {
		scheme = "http"
		if l.q.Flags&wire.ReqTLS != 0 {
			scheme = "https"
		}
	}
	if !validHost(host) || scheme != "http" && scheme != "https" {
		return ""
	}
	return scheme + "://" + host
}

// first is the first element of a list: what the visitor asked for, in front of what proxies made of it.
func first(list []byte) string {
	one, _, _ := bytes.Cut(list, []byte(","))
	return string(bytes.TrimSpace(one))
}

// wayBack leads from the name that a service was called by to the one that the visitor knows.
type wayBack struct {
	name, port string // in Host; port "" if it says none
	local      string // the port that the service listens on
	public     string // SCHEME://HOST of the visitor's
}

// wayBack is that of an exchange; false: nothing is to be led back.
func (l *lane) wayBack(x *exchange) (b wayBack, ok bool) {
	if l.ep.host == nil || x.public == "" {
		return b, false
	}
	b = wayBack{local: l.ep.up.port, public: x.public}
	b.name, b.port = splitHost(string(l.ep.host))
	return b, true
}

// splitHost parts a Host; port is "" where there is none.
func splitHost(hostport string) (name, port string) {
	if name, port, err := net.SplitHostPort(hostport); err == nil {
		return name, port
	}
	return strings.Trim(hostport, "[]"), ""
}

// head is a response's head with its fields led back; nil when there is nothing to change.
func (b wayBack) head(resp *http1.Response) []byte {
	var out []byte
	start := len(resp.Raw) - 2 // where the lines begin
	for i := range resp.Fields {
		start -= len(resp.Fields[i].Line)
	}
	for i := range resp.Fields {
		f := &resp.Fields[i]
		value, changed := b.field(f)
		if changed && out == nil {
			out = append(make([]byte, 0, len(resp.Raw)+len(value)), resp.Raw[:start]...)
			for _, before := range resp.Fields[:i] {
				out = append(out, before.Line...)
			}
		}
		switch {
		case changed:
			at := bytes.IndexByte(f.Line, ':') + 1
			for at < len(f.Line) && (f.Line[at] == ' ' || f.Line[at] == '\t') {
				at++
			}
			out = append(append(append(out, f.Line[:at]...), value...), "\r\n"...)
		case out != nil:
			out = append(out, f.Line...)
		}
	}
	if out != nil {
		out = append(out, "\r\n"...)
	}
	return out
}

// field is a field's value, led back.
func (b wayBack) field(f *http1.Field) (value string, changed bool) {
	switch len(f.Name) { // most are none of these
	case len("Refresh"), len("Location"), len("Set-Cookie"), len("Content-Location"):
	default:
		return "", false
	}
	switch old := string(f.Value); strings.ToLower(string(f.Name)) {
	case "location", "content-location":
		value = b.url(old)
		return value, value != old
	case "refresh":
		if at := strings.Index(strings.ToLower(old), "url="); at >= 0 {
			value = old[:at+len("url=")] + b.url(old[at+len("url="):])
			return value, value != old
		}
	case "set-cookie":
		value = b.cookie(old)
		return value, value != old
	}
	return "", false
}

// url leads an URL back if it is one of the service's: with its scheme, or without one (//HOST/PATH).
func (b wayBack) url(old string) string {
	scheme, rest, ok := strings.Cut(old, "//")
	if !ok || scheme != "" && !strings.EqualFold(scheme, "http:") && !strings.EqualFold(scheme, "https:") {
		return old
	}
	end := strings.IndexAny(rest, `/?#\"'`)
	if end < 0 {
		end = len(rest)
	}
	u, err := url.Parse("//" + rest[:end])
	if err != nil || u.User != nil || !b.names(u.Hostname(), u.Port()) {
		return old
	}
	public := b.public
	if scheme == "" {
		_, public, _ = strings.Cut(public, ":")
	}
	return public + rest[end:]
}

// names says that the service may have meant itself: its name, with the port of Host or the one it listens on.
func (b wayBack) names(name, port string) bool {
	switch {
	case !strings.EqualFold(name, b.name):
		return false
	case b.port == "" && (port == "" || port == "80" || port == "443"):
		return true
	}
	return port != "" && (port == b.port || port == b.local)
}

// cookie leads a cookie's Domain back if it covers the service's name (RFC 6265, 5.1.3).
func (b wayBack) cookie(old string) string {
	parts := strings.Split(old, ";")
	changed := false
	for i := 1; i < len(parts); i++ {
		key, value, ok := strings.Cut(parts[i], "=")
		domain := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(value), "."))
		if !ok || !strings.EqualFold(strings.TrimSpace(key), "Domain") || domain == "" || !covers(domain, strings.ToLower(b.name)) {
			continue
		}
		_, host, _ := strings.Cut(b.public, "//")
		name, _ := splitHost(host)
		parts[i], changed = key+"="+name, true
	}
	if !changed {
		return old
	}
	return strings.Join(parts, ";")
}

func covers(domain, name string) bool {
	if domain == name {
		return true
	}
	_, err := netip.ParseAddr(name)
	return err != nil && strings.HasSuffix(name, "."+domain)
}

// leadBack puts a head that is led back in the place of the first n bytes of what has been read, and returns its length. What was parsed points into it.
func (r *receiver) leadBack(n int) (int, error) {
	b, ok := r.l.wayBack(r.x)
	if !ok {
		return n, nil
	}
	head := b.head(&r.resp)
	if head == nil {
		return n, nil
	}
	rest := r.buf.b[r.in+n : r.n]
	if size := room + len(head) + len(rest); size > len(r.buf.b) {
		next := buffer{b: make([]byte, size)} // not pooled: heads of this size are rare
		copy(next.b[room+len(head):], rest)
		r.buf.release()
		r.buf = next
	} else {
		copy(r.buf.b[room+len(head):], rest)
	}
	r.in, r.n = room, room+len(head)+len(rest)
	copy(r.buf.b[room:], head)
	r.frame.Flags |= wire.RespEdited
	return r.resp.Parse(r.buf.b[r.in:r.n], r.x.head, r.x.upgrade)
}
