package view

import (
	"bytes"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// Safe returns a field with both parts passed through Sanitize.
func Safe(f inspect.Field) inspect.Field {
	return inspect.Field{Name: Sanitize(f.Name), Value: Sanitize(f.Value)}
}

// Headers lists the fields of a recorded head in order, raw: as they were sent, without the spaces around them. Use Safe for what is shown.
func Headers(head []byte) []inspect.Field {
	_, rest, _ := bytes.Cut(head, []byte("\n"))
	return fields(rest)
}

// Trailers lists recorded trailer lines in order, raw like Headers.
func Trailers(lines []byte) []inspect.Field { return fields(lines) }

// Get returns the value of the first field of that name, compared without case; raw; "" if there is none.
func Get(fs []inspect.Field, name string) string {
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
func fields(b []byte) []inspect.Field {
	var fs []inspect.Field
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			continue
		}
		name, value, _ := strings.Cut(string(line), ":")
		fs = append(fs, inspect.Field{Name: name, Value: strings.Trim(value, " \t")})
	}
	return fs
}
