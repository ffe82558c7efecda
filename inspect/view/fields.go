package view

import (
	"bytes"
	"strings"
)

// Field is one header or trailer field. Name and Value are raw: as they were sent, without the spaces around them.
type Field struct{ Name, Value string }

// Safe returns the field with both parts passed through Sanitize.
func (f Field) Safe() Field { return Field{Sanitize(f.Name), Sanitize(f.Value)} }

// Headers lists the fields of a recorded head in order. They are raw: use Safe for what is shown.
func Headers(head []byte) []Field {
	_, rest, _ := bytes.Cut(head, []byte("\n"))
	return fields(rest)
}

// Trailers lists recorded trailer lines in order, raw like Headers.
func Trailers(lines []byte) []Field { return fields(lines) }

// Get returns the value of the first field of that name, compared without case; raw; "" if there is none.
func Get(fs []Field, name string) string {
	for _, f := range fs {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// StartLine is the first line of a head without its line end, raw.
func StartLine(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r")))
}

// fields reads lines leniently: they have been forwarded, whatever they are, and are only shown here.
func fields(b []byte) []Field {
	var fs []Field
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			continue
		}
		name, value, _ := strings.Cut(string(line), ":")
		fs = append(fs, Field{name, strings.Trim(value, " \t")})
	}
	return fs
}
