package view

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
)

// Kind says what content was taken for.
type Kind uint8

// The kinds of content.
const (
	Empty  Kind = iota // nothing to show
	Text               // lines as they came
	JSON               // laid out anew: spaces and line ends are ours
	Form               // URL-encoded fields, one "name = value" a line
	Binary             // a hex dump
)

// Bounds of what is laid out, in bytes. Beyond, content is shown in a simpler form or in part, with a Note.
const (
	maxJSON  = 1 << 20   // input that is laid out
	maxLaid  = 8 << 20   // what it may grow to
	maxForm  = 256 << 10 // input that is decoded
	maxDump  = 64 << 10  // bytes of a hex dump
	maxProbe = 64 << 10  // bytes that are looked at to tell text from binary
)

// Body is recorded content, ready to show. Everything in it is safe; lines have no line ends and any length.
type Body struct {
	Kind   Kind
	Media  string   // media type without parameters, lower case: "application/json"; "" when none was told
	Coding string   // the content coding it is still in, "gzip"; "" for none
	Lines  []string // nothing for Empty
	Notes  []string // what is to be known about it: coded, not recorded to its end, shown in part
}

// BodyOf lays out the content of a message. The media type decides, unless the bytes say otherwise: content that is declared as text and is
// not is dumped, content of an unknown type is text when it reads as text. Content in a content coding is dumped as it is.
func BodyOf(m *inspect.Message) Body {
	fs := Headers(m.Head)
	b := Body{Media: mediaType(Get(fs, "Content-Type")), Coding: coding(fs)}
	data := m.Body
	switch {
	case len(data) == 0:
	case b.Coding != "":
		b.Notes = append(b.Notes, "encoded with "+b.Coding+", shown as it passed")
		b.dump(data)
	case b.Media == "application/x-www-form-urlencoded" && len(data) <= maxForm && isText(data):
		b.Kind, b.Lines = Form, formLines(string(data))
	case !isText(data):
		b.dump(data)
	default:
		b.text(data, m.Dropped || !m.Whole)
	}
	if m.Dropped && m.Size > int64(len(data)) {
		b.Notes = append(b.Notes, fmt.Sprintf("%s of %s were recorded", Size(int64(len(data))), Size(m.Size)))
	}
	return b
}

// text lays out JSON, and anything else as it came. cut says that the end is missing.
func (b *Body) text(data []byte, cut bool) {
	b.Kind = Text
	declared := b.Media == "application/json" || strings.HasSuffix(b.Media, "+json") || b.Media == "text/json"
	guessed := b.Media == "" || b.Media == "text/plain" || b.Media == "application/octet-stream"
	if looks := looksLikeJSON(data); looks && (declared || guessed) && len(data) <= maxJSON {
		if valid := json.Valid(data); valid || declared && cut {
			if laid, ok := layOut(data); ok {
				b.Kind, b.Lines = JSON, lines(laid)
				return
			}
		} else if declared && !cut {
			b.Notes = append(b.Notes, "not valid JSON, shown as it came")
		}
	}
	b.Lines = lines(string(data))
}

func (b *Body) dump(data []byte) {
	b.Kind = Binary
	if len(data) > maxDump {
		b.Notes = append(b.Notes, fmt.Sprintf("the first %s of %s", Size(maxDump), Size(int64(len(data)))))
		data = data[:maxDump]
	}
	b.Lines = lines(hex.Dump(data))
}

// mediaType is the type without parameters; a malformed one is shown as far as it goes.
func mediaType(v string) string {
	t, _, err := mime.ParseMediaType(v)
	if err != nil {
		t, _, _ = strings.Cut(v, ";")
		t = strings.ToLower(strings.TrimSpace(t))
	}
	return Sanitize(t)
}

// coding is the value of Content-Encoding, all fields of it, without "identity".
func coding(fs []Field) string {
	var codings []string
	for _, f := range fs {
		if !strings.EqualFold(f.Name, "Content-Encoding") {
			continue
		}
		for c := range strings.SplitSeq(f.Value, ",") {
			if c = strings.ToLower(strings.TrimSpace(c)); c != "" && c != "identity" {
				codings = append(codings, Sanitize(c))
			}
		}
	}
	return strings.Join(codings, ", ")
}

// isText says that data reads as text: UTF-8 but for a character that is cut off at the end or rare bytes of an older character set, without
// NUL, and with hardly a control character that text does not use.
func isText(data []byte) bool {
	data = data[:min(len(data), maxProbe)]
	odd := 0
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == 0:
			return false
		case r == utf8.RuneError && size == 1:
			if i+utf8.UTFMax > len(data) && !utf8.FullRune(data[i:]) {
				return i > 0 // the rest of it was cut off
			}
			odd++
		case r < 0x20 && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != 0x1b, r == 0x7f:
			odd++
		}
		i += size
	}
	return odd <= len(data)/20
}

func looksLikeJSON(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && (data[0] == '{' || data[0] == '[')
}

// formLines decodes URL-encoded fields in order. An escape that is none stays as it came.
func formLines(s string) []string {
	var out []string
	for pair := range strings.SplitSeq(strings.TrimRight(s, "\r\n"), "&") {
		if pair == "" {
			continue
		}
		name, value, has := strings.Cut(pair, "=")
		line := Sanitize(unescape(name))
		if has {
			line += " = " + Sanitize(unescape(value))
		}
		out = append(out, line)
	}
	return slices.Clip(out)
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}
