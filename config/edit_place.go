package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// splice is one change of a text: with stands in place of what is between from and to.
type splice struct {
	from, to int
	with     string
	line     int // where, for people
}

func (s splice) apply(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(s.with))
	out = append(out, text[:s.from]...)
	out = append(out, s.with...)
	return append(out, text[s.to:]...)
}

// place finds where written, a scalar's YAML, goes to stand at keys.
func (d *Document) place(written string, keys []string) (splice, error) {
	if d.root == nil {
		return d.atEnd(entry("", keys, written)), nil
	}
	var above *yaml.Node // the key that m stands behind
	m := d.root
	for i, name := range keys {
		if m.Kind != yaml.MappingNode {
			return splice{}, d.byHand(m.Line, above.Value+" must hold keys and values")
		}
		key, value := pair(m, name)
		switch last := i == len(keys)-1; {
		case key == nil:
			return d.insert(m, above, keys[i:], written)
		case last:
			return d.replace(key, value, written)
		case isEmpty(value):
			return d.fill(key, value, keys[i+1:], written)
		}
		above, m = key, value
	}
	return splice{}, d.byHand(m.Line, "nothing to write")
}

// insert adds keys to a map that does not have the first of them.
func (d *Document) insert(m, above *yaml.Node, keys []string, written string) (splice, error) {
	if m.Style&yaml.FlowStyle != 0 || len(m.Content) == 0 {
		return d.insertInBraces(m, keys, written)
	}
	first := m.Content[0]
	line := d.lineStart(first.Line)
	indent := string(d.text[line:d.offset(first)])
	if strings.Trim(indent, " ") != "" {
		indent = strings.Repeat(" ", first.Column-1) // behind a byte order mark, "- " and the like
	}
	text := entry(indent, keys, written)
	switch {
	case above != nil: // right below its line, so that no comment is parted from what it is about
		return d.atLine(above.Line+1, text), nil
	case keys[0] == "version":
		return d.atLine(d.commentAbove(first.Line), text), nil
	default:
		return d.atEnd(text), nil
	}
}

func (d *Document) insertInBraces(m *yaml.Node, keys []string, written string) (splice, error) {
	at := d.offset(m)
	if at >= len(d.text) || d.text[at] != '{' {
		return splice{}, d.byHand(m.Line, keys[0]+" cannot be added here")
	}
	text := written
	for i := len(keys) - 1; i >= 0; i-- {
		text = keys[i] + ": " + text
		if i > 0 {
			text = "{" + text + "}"
		}
	}
	if len(m.Content) > 0 {
		text += ", "
	}
	return splice{at + 1, at + 1, text, m.Line}, nil
}

// fill writes keys behind a key that has no value yet.
func (d *Document) fill(key, value *yaml.Node, keys []string, written string) (splice, error) {
	if value.Value == "" {
		return d.atLine(key.Line+1, entry(strings.Repeat(" ", key.Column+1), keys, written)), nil
	}
	text := written
	for i := len(keys) - 1; i >= 0; i-- {
		text = "{" + keys[i] + ": " + text + "}"
	}
	return d.replace(key, value, text) // null or ~
}

// replace writes a new value in place of a scalar.
func (d *Document) replace(key, value *yaml.Node, written string) (splice, error) {
	at := d.offset(value)
	s := splice{at, at, written, value.Line}
	if value.Kind != yaml.ScalarNode && value.Kind != yaml.AliasNode {
		return s, d.byHand(value.Line, key.Value+" holds more than one value")
	}
	if isEmpty(value) && value.Value == "" {
		s.with = " " + written
		return s, nil
	}
	length := d.valueLength(key, value)
	if length < 0 {
		return s, d.byHand(value.Line, key.Value+" is written over several lines")
	}
	s.to = at + length
	if value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		s.with += d.lineEnd()
	}
	return s, nil
}

// valueLength is how many bytes a scalar's text has; negative when that is not known.
func (d *Document) valueLength(key, value *yaml.Node) int {
	rest := d.text[d.offset(value):]
	switch {
	case value.Kind == yaml.AliasNode:
		return len("*" + value.Value)
	case value.Style&yaml.DoubleQuotedStyle != 0:
		return len(doubleQuoted.Find(rest))
	case value.Style&yaml.SingleQuotedStyle != 0:
		return len(singleQuoted.Find(rest))
	case value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return d.blockLength(key, value)
	case bytes.HasPrefix(rest, []byte(value.Value)):
		return len(value.Value)
	}
	return -1
}

var (
	doubleQuoted = regexp.MustCompile(`^"(?s:\\.|[^\\"])*"`)
	singleQuoted = regexp.MustCompile(`^'(?:''|[^'])*'`)
)

// blockLength is the length of a scalar that begins with | or >: all lines that are indented more than its key, without the empty
// ones at the end.
func (d *Document) blockLength(key, value *yaml.Node) int {
	from, end := d.offset(value), d.lineStart(value.Line+1)
	if bytes.ContainsRune(d.text[from:end], '#') {
		return -1 // a comment behind the |, which would be lost
	}
	for line := value.Line + 1; d.lineStart(line) < len(d.text); line++ {
		text := d.text[d.lineStart(line):d.lineStart(line+1)]
		indent := len(text) - len(bytes.TrimLeft(text, " "))
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if indent < key.Column {
			break
		}
		end = d.lineStart(line + 1)
	}
	return end - from
}

// entry is keys, each below the other, and a value behind the last; indent stands in front of all lines. Lines end in \n.
func entry(indent string, keys []string, written string) string {
	var b strings.Builder
	for i, k := range keys {
		fmt.Fprintf(&b, "%s%s%s:", indent, strings.Repeat("  ", i), k)
		if i < len(keys)-1 {
			b.WriteString("\n")
		}
	}
	return b.String() + " " + written + "\n"
}

// atLine puts whole lines in front of a line, which may be the one behind the last.
func (d *Document) atLine(line int, text string) splice {
	at := d.lineStart(line)
	text = strings.ReplaceAll(text, "\n", d.lineEnd())
	if at > 0 && at == len(d.text) && !bytes.HasSuffix(d.text, []byte("\n")) {
		text = d.lineEnd() + text
	}
	return splice{at, at, text, line}
}

func (d *Document) atEnd(text string) splice {
	last := len(lineBreak.FindAllIndex(d.text, -1)) + 1
	s := d.atLine(last+1, text)
	s.line = last
	return s
}

// commentAbove is the first line of the comment that touches line from above, or line.
func (d *Document) commentAbove(line int) int {
	for line > 1 && bytes.HasPrefix(bytes.TrimSpace(d.text[d.lineStart(line-1):d.lineStart(line)]), []byte("#")) {
		line--
	}
	return line
}

// lineEnd is how lines end in this text.
func (d *Document) lineEnd() string {
	if i := bytes.IndexByte(d.text, '\n'); i > 0 && d.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

const byteOrderMark = "\ufeff"

// lineBreak is all that ends a line for the YAML reader (is_break of go.yaml.in/yaml, after YAML 1.1, 5.4): the lines of nodes are counted by it.
var lineBreak = regexp.MustCompile(`\r\n|[\r\n\x{85}\x{2028}\x{2029}]`)

// lineStart is where a line begins; lines count from 1. Behind the last line it is the end of the text.
func (d *Document) lineStart(line int) int {
	at := 0
	if bytes.HasPrefix(d.text, []byte(byteOrderMark)) {
		at = len(byteOrderMark)
	}
	for ; line > 1; line-- {
		end := lineBreak.FindIndex(d.text[at:])
		if end == nil {
			return len(d.text)
		}
		at += end[1]
	}
	return at
}

// offset is where a node begins. Its column counts characters.
func (d *Document) offset(n *yaml.Node) int {
	at := d.lineStart(n.Line)
	for column := 1; column < n.Column && at < len(d.text); column++ {
		_, size := utf8.DecodeRune(d.text[at:])
		at += size
	}
	return at
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./~+][A-Za-z0-9_./~+@%=:-]*$`)

// scalar is the YAML of a string: as it is when that is safe and is read as a string, else in double quotes.
func scalar(value string) string {
	var n yaml.Node
	if plainWord.MatchString(value) && yaml.Unmarshal([]byte(value), &n) == nil && n.Content[0].Tag == "!!str" &&
		n.Content[0].Value == value {
		return value
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(value) // a string can be encoded
	return strings.TrimSuffix(b.String(), "\n")
}
