package http1

import "math"

// meaning is what the fields of one head say about the message and the connection.
type meaning struct {
	host     []byte
	hosts    int
	length   int64
	lengths  int
	padded   bool // Content-Length has leading zeros
	codings  int  // Transfer-Encoding fields, each with the one value chunked
	options  int  // connection options seen
	close    bool // Connection: close
	keep     bool // Connection: keep-alive
	upgrade  bool // Connection: upgrade
	protocol bool // an Upgrade field
	h2c      bool // Upgrade names h2c
	settings bool // HTTP2-Settings
	expect   bool // Expect: 100-continue
}

// note reads a field whose meaning is ours to know. Lengths first: most fields are told apart by that alone.
func (m *meaning) note(name, value []byte) *Error {
	switch len(name) {
	case len("Host"):
		if equalFold(name, "host") {
			m.host = value
			m.hosts++
		}
	case len("Expect"):
		if equalFold(name, "expect") && equalFold(value, "100-continue") {
			m.expect = true
		}
	case len("Upgrade"):
		if equalFold(name, "upgrade") {
			m.protocol = true
			m.h2c = m.h2c || namesHTTP2(value)
		}
	case len("Connection"):
		if equalFold(name, "connection") {
			return m.connection(value)
		}
	case len("Content-Length"): // and of HTTP2-Settings
		if equalFold(name, "content-length") {
			return m.contentLength(value)
		}
		m.settings = m.settings || equalFold(name, "http2-settings")
	case len("Transfer-Encoding"):
		if equalFold(name, "transfer-encoding") {
			return m.transferEncoding(value)
		}
	}
	return nil
}

// connection reads connection options (RFC 9110, 7.6.1). What is no token names nothing.
func (m *meaning) connection(list []byte) *Error {
	for more := true; more; {
		var option []byte
		option, list, more = cutElement(list)
		if m.options++; m.options > MaxOptions {
			return ErrOptions
		}
		switch {
		case equalFold(option, "close"):
			m.close = true
		case equalFold(option, "keep-alive"):
			m.keep = true
		case equalFold(option, "upgrade"):
			m.upgrade = true
		}
	}
	return nil
}

// contentLength accepts one field with digits. RFC 9112, 6.3, would let a list of equal numbers pass: parsers differ in which of them
// they look at, so neither a list nor a second field is accepted, even when all are equal.
func (m *meaning) contentLength(v []byte) *Error {
	if m.lengths++; m.lengths > 1 {
		return ErrLengthRepeated
	}
	if len(v) == 0 {
		return ErrLength
	}
	for _, c := range v {
		d := int64(c) - '0'
		if d < 0 || d > 9 {
			return ErrLength
		}
		if m.length > (math.MaxInt64-d)/10 {
			return ErrLengthRange
		}
		m.length = m.length*10 + d
	}
	m.padded = len(v) > 1 && v[0] == '0'
	return nil
}

// transferEncoding accepts one field with the one coding chunked (RFC 9112, 6.1, 7).
func (m *meaning) transferEncoding(v []byte) *Error {
	if m.codings++; m.codings > 1 {
		return ErrCodingRepeated
	}
	if equalFold(v, "chunked") {
		return nil
	}
	for more := true; more; {
		var coding []byte
		coding, v, more = cutElement(v)
		if !token(coding) || more && equalFold(coding, "chunked") {
			return ErrCodingMalformed
		}
	}
	return ErrCoding
}

// framing checks the fields that say where content ends against each other.
func (m *meaning) framing(minor int) *Error {
	switch {
	case m.codings == 0:
		return nil
	case m.lengths > 0:
		return ErrLengthAndCoding
	case minor == 0:
		return ErrCodingVersion // RFC 9112, 6.1: as if the framing were faulty
	}
	return nil
}

// closes says whether the connection ends after this message (RFC 9112, 9.3).
func (m *meaning) closes(minor int) bool { return m.close || minor == 0 && !m.keep }

// namesHTTP2 says whether an Upgrade list names h2c, with or without a version.
func namesHTTP2(list []byte) bool {
	for more := true; more; {
		var p []byte
		p, list, more = cutElement(list)
		if len(p) >= 3 && equalFold(p[:3], "h2c") && (len(p) == 3 || class[p[3]]&isToken == 0) {
			return true
		}
	}
	return false
}
