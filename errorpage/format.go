package errorpage

import (
	"bytes"
	"strconv"
)

// Format is what a page is written as.
type Format uint8

// The formats; the zero value is for those who want nothing in particular.
const (
	Text Format = iota
	HTML
	JSON
)

// FormatOf reads an Accept field (RFC 9110, 12.5.1): of HTML, JSON and text the one with the highest weight, the first among equals. Wildcards say
// nothing: curl and most libraries send them, and a person in front of them reads text best.
func FormatOf(accept []byte) Format {
	best, weight := Text, 0.0
	for len(accept) > 0 {
		var item []byte
		item, accept, _ = bytes.Cut(accept, []byte(","))
		kind, params, _ := bytes.Cut(item, []byte(";"))
		var f Format
		switch kind = bytes.TrimSpace(kind); {
		case bytes.EqualFold(kind, []byte("text/html")), bytes.EqualFold(kind, []byte("application/xhtml+xml")):
			f = HTML
		case bytes.EqualFold(kind, []byte("application/json")), bytes.HasSuffix(kind, []byte("+json")):
			f = JSON
		case bytes.EqualFold(kind, []byte("text/plain")):
		default:
			continue
		}
		if w := weightOf(params); w > weight {
			best, weight = f, w
		}
	}
	return best
}

// weightOf reads ";q=0.8"; without q it is 1.
func weightOf(params []byte) float64 {
	_, q, ok := bytes.Cut(params, []byte("q="))
	if !ok {
		return 1
	}
	q, _, _ = bytes.Cut(q, []byte(";"))
	w, err := strconv.ParseFloat(string(bytes.TrimSpace(q)), 64)
	if err != nil || !(w >= 0 && w <= 1) {
		return 0
	}
	return w
}
