package http1

import "slices"

// Response is a response head. The zero value is ready for Parse.
type Response struct {
	Head
	Status int    // 100 to 599
	Reason []byte // as it came, may be empty
	Minor  int    // 0 or 1, of HTTP/1.x
	Body   Body
	Length int64 // with BodyLength
	Close  bool  // the connection ends after this exchange; always with BodyClose

	rest []byte // the status line from the space behind the version on, with its CRLF
}

// Parse reads a response head from the front of b. head says that it answers a HEAD request, upgrade that the request asked for an
// upgrade (else 101 is an error). 1xx heads but 101 have BodyNone and are followed by another head. Otherwise it works like
// Request.Parse; the Status of its errors is not made for a visitor: answer 502.
func (r *Response) Parse(b []byte, head, upgrade bool) (n int, err error) {
	r.begin(b)
	n, e := r.parse(b, head, upgrade)
	if e == nil && n == 0 {
		return 0, nil
	}
	r.line, r.scan = 0, 0
	if e != nil {
		return 0, e
	}
	return n, nil
}

func (r *Response) parse(b []byte, head, upgrade bool) (int, *Error) {
	if !startsLike(b, "HTTP/") {
		return 0, ErrStatusLine // at once: what does not speak HTTP may never end a line
	}
	fresh := r.line == 0
	if fresh {
		if e := r.startLine(b, 0); r.line == 0 || e != nil {
			return 0, e
		}
		if e := r.statusLine(b[:r.line]); e != nil {
			return 0, e
		}
	}
	n, e := r.end(b, 0)
	if n == 0 || e != nil {
		return 0, e
	}
	if !fresh {
		r.line, r.scan = 0, 0 // as in Request.again
		return r.parse(b, head, upgrade)
	}
	r.Raw = b[:n:n]
	return n, r.understand(b[r.line:n], head, upgrade)
}

// startsLike says whether b, as far as it goes, begins with s.
func startsLike(b []byte, s string) bool {
	n := min(len(b), len(s))
	return string(b[:n]) == s[:n]
}

// statusLine reads "version SP status SP reason CRLF". The second space may be missing when there is no reason, as many servers have it.
func (r *Response) statusLine(b []byte) *Error {
	text := b[:len(b)-2]
	if i := textRun(text); i < len(text) {
		return wrong(text, i, ErrStatusLine)
	}
	if len(text) < len("HTTP/1.1 200") || text[8] != ' ' || len(text) > 12 && text[12] != ' ' {
		return ErrStatusLine
	}
	minor, e := version(text[:8], ErrStatusLine)
	if e != nil {
		return e
	}
	status := 0
	for _, c := range text[9:12] {
		if c < '0' || c > '9' {
			return ErrStatus
		}
		status = status*10 + int(c-'0')
	}
	if status < 100 || status > 599 {
		return ErrStatus
	}
	r.Status, r.Minor, r.Reason, r.rest = status, minor, nil, b[8:len(b):len(b)]
	if len(text) > 13 {
		r.Reason = text[13:len(text):len(text)]
	}
	return nil
}

// understand reads the fields and finds out where the content ends (RFC 9112, 6.3). The framing fields are checked even where they
// have no say: the next reader may let them.
func (r *Response) understand(lines []byte, head, upgrade bool) *Error {
	var m meaning
	if e := r.fields(lines, &m); e != nil {
		return e
	}
	if e := m.framing(r.Minor); e != nil {
		return e
	}
	switch {
	case m.codings > 0 && (r.Status < 200 || r.Status == 204):
		return ErrCodingStatus
	case r.Status == 101 && !upgrade:
		return ErrUpgradeUnasked
	case r.Status == 101 && r.Minor == 0:
		return ErrUpgradeVersion10
	case r.Status == 101 && m.h2c:
		return ErrUpgradeHTTP2 // in other answers it is only an offer, and hop-by-hop
	}
	r.Close = m.closes(r.Minor)
	r.Length = 0
	switch {
	case r.Status == 101:
		r.Body = BodyTunnel
	case head || r.Status < 200 || r.Status == 204 || r.Status == 304:
		r.Body = BodyNone
	case m.codings > 0:
		r.Body = BodyChunked
	case m.lengths > 0:
		r.Body, r.Length = BodyLength, m.length
	default:
		r.Body, r.Close = BodyClose, true
	}
	return nil
}

// Append writes the response to dst: the status line as it came but as HTTP/1.1, the lines that are not Gone as they came, the extra
// lines (each with its CRLF), and the empty line. extra is not checked.
func (r *Response) Append(dst, extra []byte) []byte {
	dst = slices.Grow(dst, len(r.Raw)+len(extra)+len("Connection: Upgrade\r\n"))
	dst = append(dst, "HTTP/1.1"...)
	dst = append(dst, r.rest...)
	return r.appendFields(dst, extra)
}

// Reset forgets the message and its buffer, keeping the field array. It is not needed between whole messages, only when an incomplete
// head is given up and before the buffer gets another owner.
func (r *Response) Reset() {
	r.reset()
	*r = Response{Head: r.Head}
}
