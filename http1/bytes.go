package http1

import (
	"encoding/binary"
	"math/bits"
)

// Classes of bytes.
const (
	isToken  = 1 << iota // tchar (RFC 9110, 5.6.2)
	isTarget             // what a request target may hold: all but controls, space and #
	isText               // what extensions and reason phrases may hold: all but controls, HTAB excepted
	isHost               // letters, digits, "-", ".", "_"
	isIPv6               // hexadecimal digits, ":" and "."
)

var class = classes()

func classes() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		alnum := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if alnum || has("!#$%&'*+-.^_`|~", c) {
			t[i] |= isToken
		}
		if c > ' ' && c != 0x7f && c != '#' {
			t[i] |= isTarget
		}
		if c == '\t' || c >= ' ' && c != 0x7f {
			t[i] |= isText
		}
		if alnum || has("-._", c) {
			t[i] |= isHost
		}
		if hexDigit(c) >= 0 || has(":.", c) {
			t[i] |= isIPv6
		}
	}
	return t
}

func has(set string, c byte) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}

// run returns the length of b's beginning that consists of bytes of the class.
func run(b []byte, cl uint8) int {
	for i, c := range b {
		if class[c]&cl == 0 {
			return i
		}
	}
	return len(b)
}

// textRun is run(b, isText) eight bytes at a time: most bytes of a head are in values.
func textRun(b []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i:])
		d := w ^ 0x7f*ones
		// Bytes below a space, and bytes that are DEL. A borrow makes wrong marks only above a right one, so the lowest is right.
		m := ((w-' '*ones)&^w | (d-ones)&^d) & highs
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		if b[i] != '\t' {
			return i
		}
		i++
	}
	return i + run(b[i:], isText)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// equalFold compares ASCII without case.
func equalFold[S ~string | ~[]byte](a []byte, s S) bool {
	if len(a) != len(s) {
		return false
	}
	for i := range len(s) {
		if a[i] != s[i] && lower(a[i]) != lower(s[i]) {
			return false
		}
	}
	return true
}

// equalAlias is equalFold for a lower-case s, but reads underscores in a as hyphens, as CGI and its heirs do.
func equalAlias(a []byte, s string) bool {
	if len(a) != len(s) {
		return false
	}
	for i := range len(s) {
		if c := a[i]; lower(c) != s[i] && (c != '_' || s[i] != '-') {
			return false
		}
	}
	return true
}

// trim takes spaces and tabs (OWS) off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '\t'); n-- {
		b = b[:n-1]
	}
	return b
}

// cutElement takes the first element off a comma-separated list; more says that a comma followed it.
func cutElement(list []byte) (element, rest []byte, more bool) {
	for i, c := range list {
		if c == ',' {
			return trim(list[:i]), list[i+1:], true
		}
	}
	return trim(list), nil, false
}

// token says whether b is one.
func token(b []byte) bool { return len(b) > 0 && run(b, isToken) == len(b) }

// hexDigit returns the digit's value, or -1.
func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
