package edge

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// connectionFields say something about a connection, which in HTTP/2 no field can (RFC 9113, 8.2.2).
var connectionFields = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "Http2-Settings"}

func malformed(text string) error { return &registry.Error{Code: wire.CodeBadRequest, Text: text} }

// appendHead writes a request of HTTP/2 as a head of HTTP/1.1 (RFC 9113, 8.3.1), which is read again with all strictness. Fields are sorted, because their order
// is not known any more.
func appendHead(b []byte, r *http.Request) ([]byte, error) {
	if err := checkFields(r); err != nil {
		return b, err
	}
	b = append(append(append(append(b, r.Method...), ' '), r.RequestURI...), " HTTP/1.1\r\n"...)
	fields := 0
	add := func(name, value string) {
		b = appendField(b, name, value)
		fields++
	}
	add("Host", r.Host)
	chunked := r.ContentLength < 0 || r.ContentLength > 0 && len(r.Trailer) > 0 // HTTP/1.1 has trailers behind chunks only
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if name == "Host" || name == "Content-Length" && chunked {
			continue
		}
		for _, v := range r.Header[name] {
			add(name, v)
		}
	}
	if len(r.Trailer) > 0 { // net/http has taken the field apart
		add("Trailer", strings.Join(slices.Sorted(maps.Keys(r.Trailer)), ", "))
	}
	if chunked {
		add("Transfer-Encoding", "chunked")
	}
	b = append(b, "\r\n"...)
	return b, checkLines(b, fields)
}

// headSize is how many bytes of a head the visitor has sent, roughly.
func headSize(r *http.Request) int64 {
	n := len(r.Host) + len(r.RequestURI)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return int64(n)
}

// checkLines refuses a head in which anything but us ends a line. HTTP/2's framing lets nothing of that kind through, but this is where it would be dangerous.
func checkLines(head []byte, fields int) error {
	lines := fields + 2 // the request line, and the empty one
	if bytes.Count(head, []byte{'\r'}) != lines || bytes.Count(head, []byte{'\n'}) != lines || bytes.IndexByte(head, 0) >= 0 {
		return malformed("there is a control character in it")
	}
	return nil
}

// appendField writes one line.
func appendField(b []byte, name, value string) []byte {
	return append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
}

// checkFields refuses what HTTP/1.1 would read differently.
func checkFields(r *http.Request) error {
	if r.Method == http.MethodConnect {
		return http1.ErrConnect
	}
	for name := range r.Header {
		if http.CanonicalHeaderKey(name) != name {
			return malformed("HTTP/2 has no capital letters in names") // net/http has seen to it; what follows relies on it
		}
	}
	for _, name := range connectionFields {
		if r.Header[name] != nil {
			return malformed("HTTP/2 has no field " + name)
		}
	}
	for _, v := range r.Header["Te"] {
		if v != "trailers" {
			return malformed("TE may only be trailers in HTTP/2")
		}
	}
	hosts := r.Header["Host"]
	if len(hosts) > 1 || len(hosts) == 1 && !sameHost(hosts[0], r.Host) {
		return malformed(":authority and Host differ")
	}
	if !strings.HasPrefix(r.RequestURI, "/") && (r.RequestURI != "*" || r.Method != http.MethodOptions) {
		return malformed(":path is not a path")
	}
	return checkLength(r)
}

// checkLength holds Content-Length against what follows: net/http looks at it only where content does, and counts that.
func checkLength(r *http.Request) error {
	switch n := r.Header["Content-Length"]; {
	case len(n) == 0:
		return nil
	case len(n) > 1:
		return http1.ErrLengthRepeated
	case r.ContentLength == 0 && n[0] != "0":
		return malformed("Content-Length is not that of the content")
	case n[0] != strconv.FormatInt(r.ContentLength, 10):
		return http1.ErrLength
	}
	return nil
}

// sameHost says that two spellings are the same name and port.
func sameHost(a, b string) bool {
	x, xp, ok := registry.CanonicalHost(nil, []byte(a))
	y, yp, also := registry.CanonicalHost(nil, []byte(b))
	if xp == 443 {
		xp = 0
	}
	if yp == 443 {
		yp = 0
	}
	return ok && also && string(x) == string(y) && xp == yp
}

// understand makes a turn of a request.
func (st *stream) understand(t *turn) error {
	head, err := appendHead(make([]byte, 0, 1<<10), st.r)
	if err != nil {
		return err
	}
	n, err := t.req.Parse(head)
	switch {
	case err != nil:
		return err
	case n != len(head):
		return malformed("the fields are not one head")
	case t.req.Upgrade || t.req.Close:
		return malformed("HTTP/2 has no upgrade")
	}
	return nil
}

// header copies the lines of an answer's head that stay.
func (t *turn) header(h http.Header) {
	for i := range t.res.Fields {
		f := &t.res.Fields[i]
		if f.Gone {
			continue
		}
		name := http.CanonicalHeaderKey(string(f.Name))
		if name != "Transfer-Encoding" {
			h[name] = append(h[name], string(f.Value))
		}
	}
}
