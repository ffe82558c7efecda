package view

import (
	"bytes"
	"encoding/json"
	"strings"
)

// eachMember calls f with the key and the value of each member of a JSON object, as they are spelled (the key without quotes), until f returns false. It
// needs no valid JSON and no end of it: it goes as far as it can, without recursion.
func eachMember(object []byte, f func(key, value []byte) bool) {
	b := bytes.TrimLeft(object, " \t\r\n")
	if len(b) == 0 || b[0] != '{' {
		return
	}
	for b = b[1:]; ; {
		b = bytes.TrimLeft(b, " \t\r\n,")
		if len(b) == 0 || b[0] != '"' {
			return
		}
		n := stringEnd(b)
		key := b[1:max(n-1, 1)]
		b = bytes.TrimLeft(b[n:], " \t\r\n")
		if len(b) == 0 || b[0] != ':' {
			return
		}
		b = bytes.TrimLeft(b[1:], " \t\r\n")
		n = valueEnd(b)
		if n == 0 || !f(key, b[:n]) {
			return
		}
		b = b[n:]
	}
}

// jsonMember is the value of the first member of that name; nil: there is none.
func jsonMember(object []byte, name string) (value []byte) {
	eachMember(object, func(key, v []byte) bool {
		if string(key) == name {
			value = v
		}
		return value == nil
	})
	return value
}

// stringEnd is the length of the string that b begins with, quotes included, as far as it is there.
func stringEnd[T string | []byte](b T) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// valueEnd is the length of the value that b begins with, as far as it is there.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += stringEnd(b[i:]) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(b)
}

// jsonText is a scalar as text: a string without its quotes and escapes; "" for null, objects and arrays.
func jsonText(value []byte) string {
	value = bytes.TrimSpace(value)
	if len(value) == 0 || value[0] == '{' || value[0] == '[' || string(value) == "null" {
		return ""
	}
	if value[0] != '"' {
		return string(value)
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		text = strings.Trim(string(value), `"`)
	}
	return text
}
