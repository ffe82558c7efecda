package inspect

import (
	"bytes"
	"encoding/json"
)

// jsonScan walks through JSON from left to right. What is cut off at the end or is no JSON just ends it: it takes one pass and no memory, whatever the
// content is.
type jsonScan struct {
	data []byte
	at   int
	is   func(value []byte) bool // asked about each value at the end of the path, as it is written
}

// anyValue says that one of the values at the end of the path is what is looked for. Several values one behind the other, as in logs, are all seen, and so
// are those within other text: the data of events, the field of a form.
func (j *jsonScan) anyValue(steps []step) bool {
	for j.space(); j.at < len(j.data); j.space() {
		before := j.at
		if j.value(steps) {
			return true
		}
		if j.at == before {
			j.at++
		}
	}
	return false
}

// value goes past one value. It does not move when there is none.
func (j *jsonScan) value(steps []step) bool {
	j.space()
	if len(steps) == 0 {
		from := j.at
		j.skip()
		return j.at > from && j.is(j.data[from:j.at])
	}
	switch c := j.next(); {
	case c == '{' && steps[0].takesMembers():
		return j.members(steps)
	case c == '[' && steps[0].takesElements():
		return j.elements(steps)
	}
	j.skip()
	return false
}

func (s step) takesMembers() bool  { return s.any || s.index < 0 }
func (s step) takesElements() bool { return s.any || s.index >= 0 }

func (j *jsonScan) members(steps []step) bool {
	for j.at++; ; j.at++ {
		j.space()
		from := j.at
		if j.next() != '"' {
			j.close('}')
			return false
		}
		j.skip()
		name := j.data[from:j.at]
		if j.space(); j.next() != ':' {
			j.at = len(j.data)
			return false
		}
		j.at++
		if steps[0].any || isString(name, steps[0].name) {
			if j.value(steps[1:]) {
				return true
			}
		} else {
			j.space()
			j.skip()
		}
		if j.space(); j.next() != ',' {
			j.close('}')
			return false
		}
	}
}

func (j *jsonScan) elements(steps []step) bool {
	j.at++
	if j.space(); j.next() == ']' {
		j.at++
		return false
	}
	for i := 0; ; i++ {
		if steps[0].any || steps[0].index == i {
			if j.value(steps[1:]) {
				return true
			}
		} else {
			j.space()
			j.skip()
		}
		if j.space(); j.next() != ',' {
			j.close(']')
			return false
		}
		j.at++
	}
}

// close goes past the bracket; anything else there is not JSON, and ends the scan.
func (j *jsonScan) close(bracket byte) {
	if j.next() != bracket {
		j.at = len(j.data)
		return
	}
	j.at++
}

// next is the byte that comes; 0 at the end.
func (j *jsonScan) next() byte {
	if j.at < len(j.data) {
		return j.data[j.at]
	}
	return 0
}

func (j *jsonScan) space() {
	for j.at < len(j.data) && (j.data[j.at] == ' ' || j.data[j.at] == '\n' || j.data[j.at] == '\r' || j.data[j.at] == '\t') {
		j.at++
	}
}

// skip goes past one value without looking into it: brackets are counted, so that depth costs nothing. A string that is not closed is not passed.
func (j *jsonScan) skip() {
	depth := 0
	for j.at < len(j.data) {
		switch c := j.data[j.at]; c {
		case '{', '[':
			depth++
			j.at++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			j.at++
		case '"':
			n := stringEnd(j.data[j.at+1:])
			if n < 0 {
				j.at = len(j.data)
				return
			}
			j.at += n + 2
		case ',', ':', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return
			}
			j.at++
		default:
			for j.at < len(j.data) && !isPunctuation(j.data[j.at]) {
				j.at++
			}
		}
		if depth == 0 {
			return
		}
	}
}

// isPunctuation says that c ends a number, true, false or null.
func isPunctuation(c byte) bool {
	switch c {
	case '{', '}', '[', ']', '"', ',', ':', ' ', '\n', '\r', '\t':
		return true
	}
	return false
}

// stringEnd finds the quote that ends a string; -1: there is none.
func stringEnd(s []byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// isString says that a string as JSON writes it is text.
func isString(written []byte, text string) bool {
	got, ok := scalar(written)
	return ok && got == text
}

// scalar is the text of a string, a number, true, false or null.
func scalar(written []byte) (text string, ok bool) {
	if len(written) == 0 || written[0] == '{' || written[0] == '[' {
		return "", false
	}
	if written[0] != '"' {
		return string(written), true
	}
	if len(written) < 2 || written[len(written)-1] != '"' {
		return "", false
	}
	inner := written[1 : len(written)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	err := json.Unmarshal(written, &text)
	return text, err == nil
}
