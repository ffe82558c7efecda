package http1

import "bytes"

// CheckTrailers says whether lines are whole, well-formed trailer lines that may be forwarded: no framing, routing or hop-by-hop names
// (RFC 9110, 6.5.1), at most MaxTrailers bytes and MaxFields lines. nil is fine. The error is an *Error.
//
// A recipient may merge trailers into the header (some frameworks do so), so what must be known before the content, or what the relay
// answers for, is refused: see forbidden. Names are compared with underscores read as hyphens.
func CheckTrailers(lines []byte) error {
	if len(lines) > MaxTrailers {
		return ErrTrailersLarge
	}
	for count := 1; len(lines) > 0; count++ {
		if count > MaxFields {
			return ErrTrailersLarge
		}
		n, e := checkTrailer(lines)
		if e != nil {
			return e
		}
		lines = lines[n:]
	}
	return nil
}

// checkTrailer reads the trailer line at the front of b and returns its length.
func checkTrailer(b []byte) (int, *Error) {
	n := bytes.IndexByte(b, '\n') + 1
	switch {
	case n == 0:
		return 0, ErrTrailersPartial
	case n == 1 || b[n-2] != '\r':
		return 0, ErrBareLF
	}
	var f Field
	if e := readField(&f, b[:n]); e != nil {
		return 0, e
	}
	for _, name := range forbidden {
		if equalAlias(f.Name, name) {
			return 0, ErrTrailerName
		}
	}
	return n, nil
}

// forbidden are the fields that cannot be trailers. RFC 9110, 6.5.1, names the groups; the members are those of RFC 7230, 4.1.2, and
// what proxies add. Fields that say something about the content just sent (digests, signatures, grpc-status, Server-Timing) are not
// among them, nor is anything that is unknown here.
var forbidden = [...]string{
	// framing
	"content-length", "transfer-encoding", "trailer",
	// content format
	"content-encoding", "content-type", "content-range",
	// routing, and who the client is
	"host", "max-forwards", "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip",
	// hop-by-hop
	"connection", "keep-alive", "proxy-connection", "te", "upgrade", "http2-settings",
	// authentication
	"authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate", "cookie", "set-cookie",
	// request modifiers
	"expect", "range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "cache-control", "pragma",
	// response controls
	"age", "date", "expires", "location", "retry-after", "vary", "warning",
}
