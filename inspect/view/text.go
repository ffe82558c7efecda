package view

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// text lays out what reads as text by its type, or by how it begins when the type says little.
func (o *opener) text(c *Content, data []byte) {
	declared := c.Media == "application/json" || c.Media == "text/json" || strings.HasSuffix(c.Media, "+json")
	guess := c.Media == "" || c.Media == "text/plain" || c.Media == "application/octet-stream"
	switch {
	case declared && looksLikeJSON(data) && o.graphQL(c, data):
	case declared && looksLikeJSON(data):
		o.json(c, data, false)
	case isNDJSON(c.Media):
		o.json(c, data, true)
	case c.Media == "application/graphql":
		c.Kind, c.Title = GraphQL, Sanitize(operation(string(data), ""))
		o.layGraphQL(string(data))
	case isXML(c.Media) || guess && bytes.HasPrefix(data, []byte("<?xml ")):
		o.markup(c, string(data), false)
	case c.Media == "text/html" || guess && looksLikeHTML(data):
		o.markup(c, string(data), true)
	case c.Media == "text/css":
		c.Kind = CSS
		o.code(lexCSS(), string(data))
	case isScript(c.Media):
		c.Kind = Script
		o.code(lexScript(), string(data))
	case guess && looksLikeJSON(data) && checkJSON(data, false) == nil:
		o.json(c, data, false)
	case guess && looksLikeJSON(data) && checkJSON(data, true) == nil:
		o.json(c, data, true)
	default:
		o.plain(c, data)
	}
}

// plain shows text as it came, unless it is a token.
func (o *opener) plain(c *Content, data []byte) {
	if word := bytes.TrimSpace(data); bytes.HasPrefix(word, []byte("eyJ")) && len(word) <= maxToken {
		if t, ok := openToken(string(word)); ok {
			c.Kind = Token
			o.append(t.Lines)
			return
		}
	}
	c.Kind = Text
	if c.Media == "text/event-stream" {
		c.Kind = Events
	}
	o.add(ClassPlain, string(data))
}

// append adds lines that are ready.
func (o *opener) append(lines []Line) {
	for _, l := range lines {
		for _, s := range l {
			o.span(s.Class, s.Text)
		}
		o.end()
	}
}

func isXML(media string) bool {
	return media == "application/xml" || media == "text/xml" || strings.HasSuffix(media, "+xml")
}

func looksLikeHTML(data []byte) bool {
	data = bytes.TrimLeft(data[:min(len(data), 64)], " \t\r\n")
	return hasPrefixFold(data, "<!doctype html") || hasPrefixFold(data, "<html")
}

func isScript(media string) bool {
	switch media {
	case "text/javascript", "application/javascript", "application/x-javascript", "application/ecmascript":
		return true
	}
	return false
}

func isProtobuf(media string) bool {
	switch media {
	case "application/protobuf", "application/x-protobuf", "application/vnd.google.protobuf", "application/x-google-protobuf":
		return true
	}
	return strings.HasSuffix(media, "+proto")
}

func isNDJSON(media string) bool {
	switch media {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-seq", "application/stream+json":
		return true
	}
	return false
}

// maxRaw is how much of a line of text is kept together, in bytes: faces move by lines.
const maxRaw = 8 << 10

// RawText lays out text as it came, whatever its type: its lines end where it has line ends, and longer ones are broken. It is for content that is read piece by
// piece.
func RawText(text string) []Line {
	p := painter{room: len(text) + 1}
	for line := range strings.Lines(text) {
		for len(line) > maxRaw {
			at := maxRaw - Within(line, maxRaw)
			p.add(ClassPlain, line[:at])
			p.end()
			line = line[at:]
		}
		p.add(ClassPlain, line)
	}
	p.finish()
	return p.lines
}

// Within is how many bytes of a character stand before at, when it goes on behind; 0: at is no place within one.
func Within[T string | []byte](text T, at int) int {
	for back := 1; back < utf8.UTFMax && back <= at; back++ {
		if r, n := utf8.DecodeRuneInString(string(text[at-back : min(at+utf8.UTFMax, len(text))])); r != utf8.RuneError && n > back {
			return back
		}
	}
	return 0
}

// RawBytes dumps data as hex. at is where it stands within all there is.
func RawBytes(data []byte, at int64) (lines []Line) {
	for i := 0; i < len(data); i += HexRow {
		lines = append(lines, HexLine(data[i:min(i+HexRow, len(data))], at+int64(i)))
	}
	return lines
}
