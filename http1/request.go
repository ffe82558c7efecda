package http1

import "slices"

// Request is a request head. The zero value is ready for Parse.
type Request struct {
	Head
	Method  []byte
	Target  []byte // as it came
	Path    []byte // origin-form of Target, not to be written to; "*" for OPTIONS *
	Host    []byte // the Host field's value: a name or address, and a port or none; an absolute-form target agrees with it
	Minor   int    // 0 or 1, of HTTP/1.x
	Body    Body   // BodyNone, BodyLength or BodyChunked
	Length  int64  // with BodyLength; a Content-Length of 0 is BodyLength with Length 0 (but see Upgrade)
	Close   bool   // the connection ends after this exchange
	Expect  bool   // Expect: 100-continue, of HTTP/1.1 (RFC 9110, 10.1.1)
	Upgrade bool   // HTTP/1.1 with Connection: upgrade, an Upgrade field and no content (never h2c: that is an error); a Content-Length of 0 is then BodyNone

	path []byte // of our own, for absolute-form targets with a query and no path
}

// Parse reads a request head from the front of b, all that has arrived. It returns the head's length, or 0 and no error when
// more bytes are needed: call again with the same bytes and more behind them (they may have moved). The error is an *Error, and the same
// one however the bytes arrive. A start line is judged as soon as it is there.
// Empty lines before the request line are not skipped but for one CRLF (RFC 9112, 2.2), which counts in the length but is not in Raw.
func (r *Request) Parse(b []byte) (n int, err error) {
	r.begin(b)
	n, e := r.parse(b)
	if e == nil && n == 0 {
		return 0, nil
	}
	r.line, r.scan = 0, 0
	if e != nil {
		return 0, e
	}
	return n, nil
}

func (r *Request) parse(b []byte) (int, *Error) {
	lead, e := leading(b)
	if len(b) == lead || e != nil {
		return 0, e
	}
	if c := b[lead]; class[c]&isToken == 0 {
		switch {
		case c == '\n':
			return 0, ErrBareLF
		case c != '\r':
			return 0, ErrMethod // at once: no head may ever come, as from a TLS client
		case lead > 0:
			return 0, ErrRequestLine
		}
		return 0, nil // the CR of a leading CRLF
	}
	fresh := r.line == 0
	if fresh {
		if e = r.startLine(b, lead); r.line == 0 || e != nil {
			return 0, e
		}
		if e = r.requestLine(b[lead : r.line-2]); e != nil {
			return 0, e
		}
	}
	n, e := r.end(b, lead)
	if n == 0 || e != nil {
		return 0, e
	}
	if !fresh {
		return r.again(b)
	}
	r.Raw = b[lead:n:n]
	return n, r.understand(b[r.line:n])
}

// again reads a head that has come in pieces once more, whole: its start line may lie elsewhere now, and what is accepted has then been
// seen in one call, whatever the earlier calls were given.
func (r *Request) again(b []byte) (int, *Error) {
	r.line, r.scan = 0, 0
	return r.parse(b)
}

// leading returns the length of the one CRLF that may come before a request line.
func leading(b []byte) (int, *Error) {
	switch {
	case len(b) < 2 || b[0] != '\r':
		return 0, nil
	case b[1] != '\n':
		return 0, ErrBareCR
	}
	return 2, nil
}

// requestLine reads "method SP target SP version" without its CRLF.
func (r *Request) requestLine(b []byte) *Error {
	i := run(b, isToken)
	if i == len(b) {
		return ErrRequestLine
	}
	if i == 0 || b[i] != ' ' {
		return wrong(b, i, ErrMethod)
	}
	j := i + 1 + run(b[i+1:], isTarget)
	switch {
	case j == len(b) || j == i+1 && b[j] == ' ':
		return ErrRequestLine
	case b[j] == '#':
		return ErrFragment
	case b[j] != ' ':
		return wrong(b, j, ErrTarget)
	}
	minor, e := version(b[j+1:], ErrRequestLine)
	if e != nil {
		return e
	}
	r.Method, r.Target, r.Minor = b[:i:i], b[i+1:j:j], minor
	if string(r.Method) == "CONNECT" {
		return ErrConnect
	}
	return nil
}

// wrong is e, or ErrBareCR if that is what is at b[i].
func wrong(b []byte, i int, e *Error) *Error {
	if b[i] == '\r' {
		return ErrBareCR
	}
	return e
}

// understand reads the fields and what they and the request line mean together.
func (r *Request) understand(lines []byte) *Error {
	var m meaning
	if e := r.fields(lines, &m); e != nil {
		return e
	}
	if e := m.framing(r.Minor); e != nil {
		return e
	}
	switch {
	case m.padded:
		return ErrLengthPadded // some read it as octal
	case m.h2c || m.settings:
		return ErrUpgradeHTTP2
	case m.hosts > 1:
		return ErrHostRepeated
	case m.hosts == 0 && r.Minor == 0:
		return ErrHostMissingOld
	case m.hosts == 0:
		return ErrHostMissing
	}
	r.Host = m.host
	if e := r.resolve(); e != nil {
		return e
	}
	r.Body, r.Length = BodyNone, 0
	switch {
	case m.codings > 0:
		r.Body = BodyChunked
	case m.lengths > 0:
		r.Body, r.Length = BodyLength, m.length
	}
	r.Close = m.closes(r.Minor)
	r.Expect = m.expect && r.Minor == 1
	r.Upgrade = m.upgrade && m.protocol && r.Minor == 1 && r.Body != BodyChunked && r.Length == 0
	if r.Upgrade {
		r.Body = BodyNone
	}
	return nil
}

// Append writes the request to dst: request line with origin-form target and HTTP/1.1, the lines that are not Gone as they came, the
// extra lines (each with its CRLF), and the empty line. extra is not checked.
func (r *Request) Append(dst, extra []byte) []byte {
	dst = slices.Grow(dst, len(r.Raw)+len(extra)+len("/ HTTP/1.1\r\nConnection: Upgrade\r\n"))
	dst = append(dst, r.Method...)
	dst = append(dst, ' ')
	dst = append(dst, r.Path...)
	dst = append(dst, " HTTP/1.1\r\n"...)
	return r.appendFields(dst, extra)
}

// Reset forgets the message and its buffer, keeping the field array. It is not needed between whole messages, only when an incomplete
// head is given up and before the buffer gets another owner.
func (r *Request) Reset() {
	r.reset()
	*r = Request{Head: r.Head, path: r.path[:0]}
}
