package view

import (
	"bytes"
	"fmt"
	"strings"
)

// jsonError says where JSON is not valid.
type jsonError struct {
	line, column int // from 1, in bytes
	text         string
	end          bool // what is there is valid, but it is not all
}

func (e *jsonError) Error() string {
	return fmt.Sprintf("%s in line %d, column %d", e.text, e.line, e.column)
}

// checkJSON says whether data is one JSON text (many: or several, as in NDJSON). It agrees with encoding/json, but takes any depth.
func checkJSON(data []byte, many bool) *jsonError {
	c := jsonChecker{in: data}
	text := c.values(many)
	if text == "" {
		return nil
	}
	before := data[:min(c.pos, len(data))]
	line := bytes.Count(before, []byte("\n")) + 1
	return &jsonError{line: line, column: len(before) - bytes.LastIndexByte(before, '\n'), text: text, end: c.pos >= len(data)}
}

type jsonChecker struct {
	in   []byte
	pos  int
	open []byte // the brackets that are open
}

// values takes all values and says what is wrong, "" for nothing.
func (c *jsonChecker) values(many bool) string {
	for n := 0; ; n++ {
		if c.space(); c.pos == len(c.in) && n > 0 {
			return ""
		}
		if n > 0 && !many {
			return "more than one value"
		}
		if text := c.value(); text != "" {
			return text
		}
		for len(c.open) > 0 {
			if text := c.member(); text != "" {
				return text
			}
		}
	}
}

// member goes on within an open object or array, after a value: to its end, or past the next value.
func (c *jsonChecker) member() string {
	top := c.open[len(c.open)-1]
	switch next := c.next(); {
	case next == top+2: // the closing bracket of { and [ in ASCII
		c.pos++
		c.open = c.open[:len(c.open)-1]
		return ""
	case next != ',':
		return fmt.Sprintf("a comma or %q is missing", top+2)
	}
	c.pos++
	if top == '{' {
		if text := c.key(); text != "" {
			return text
		}
	}
	return c.value()
}

// value takes a scalar, or the beginnings of objects and arrays with the first scalar in them.
func (c *jsonChecker) value() string {
	for {
		b := c.next()
		switch {
		case b == '"':
			return c.text()
		case b == '-' || b >= '0' && b <= '9':
			return c.number()
		case b != '{' && b != '[':
			return c.literal()
		}
		c.pos++
		if c.next() == b+2 {
			c.pos++
			return ""
		}
		c.open = append(c.open, b)
		if b == '{' {
			if text := c.key(); text != "" {
				return text
			}
		}
	}
}

// key takes the key of a member with its colon.
func (c *jsonChecker) key() string {
	if c.next() != '"' {
		return "a key is missing"
	}
	if text := c.text(); text != "" {
		return text
	}
	if c.next() != ':' {
		return "a colon is missing"
	}
	c.pos++
	return ""
}

func (c *jsonChecker) literal() string {
	for _, word := range []string{"true", "false", "null"} {
		rest := c.in[c.pos:]
		if bytes.HasPrefix(rest, []byte(word)) {
			c.pos += len(word)
			return ""
		}
		if len(rest) < len(word) && word[:len(rest)] == string(rest) {
			c.pos = len(c.in)
		}
	}
	return "a value is missing"
}

// text takes a string.
func (c *jsonChecker) text() string {
	for c.pos++; c.pos < len(c.in); c.pos++ {
		switch b := c.in[c.pos]; {
		case b == '"':
			c.pos++
			return ""
		case b < 0x20:
			return "a control character in a string"
		case b == '\\':
			if text := c.escape(); text != "" {
				return text
			}
		}
	}
	return "a string has no end"
}

// escape goes to the last byte of an escape.
func (c *jsonChecker) escape() string {
	if c.pos++; c.pos == len(c.in) {
		return "a string has no end"
	}
	if c.in[c.pos] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, c.in[c.pos]) < 0 {
			return "an escape that is none"
		}
		return ""
	}
	for range 4 {
		if c.pos++; c.pos == len(c.in) {
			return "a string has no end"
		}
		if strings.IndexByte("0123456789abcdefABCDEF", c.in[c.pos]) < 0 {
			return "an escape that is none"
		}
	}
	return ""
}

// number takes a number: -? (0 | [1-9] digits) (. digits)? ([eE] [+-]? digits)?
func (c *jsonChecker) number() string {
	c.accept("-")
	if !c.accept("0") && c.digits() == 0 {
		return "a number without digits"
	}
	if c.accept(".") && c.digits() == 0 {
		return "a number without digits"
	}
	if c.accept("eE") {
		if c.accept("+-"); c.digits() == 0 {
			return "a number without digits"
		}
	}
	return ""
}

func (c *jsonChecker) accept(set string) bool {
	if c.pos < len(c.in) && strings.IndexByte(set, c.in[c.pos]) >= 0 {
		c.pos++
		return true
	}
	return false
}

func (c *jsonChecker) digits() (n int) {
	for c.accept("0123456789") {
		n++
	}
	return n
}

func (c *jsonChecker) space() {
	for c.pos < len(c.in) && (c.in[c.pos] == ' ' || c.in[c.pos] == '\t' || c.in[c.pos] == '\r' || c.in[c.pos] == '\n') {
		c.pos++
	}
}

// next is the next byte that is no space, which is not taken; 0 at the end.
func (c *jsonChecker) next() byte {
	if c.space(); c.pos == len(c.in) {
		return 0
	}
	return c.in[c.pos]
}
