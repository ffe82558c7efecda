package inspect

import (
	"bytes"
	"strings"
)

// Pieces are what a text, in lower case, must have for the condition to be met: all pieces in order, the first one at the beginning and the last one at
// the end. So {"", "x", ""} is a text that contains x, and {"x"} is x. nil: the condition is not about a text.
func (t *Term) Pieces() []string { return t.pieces }

// Words are the words that content must have one after the other; the last one may go on when prefix says so. nil: the condition is not about words.
func (t *Term) Words() (words []string, prefix bool) { return t.words, t.prefix }

// like says that text is what the condition asks for. Without a value it asks for any text.
func (t *Term) like(text string) bool {
	if t.Exists() {
		return text != ""
	}
	return hasPieces(strings.ToLower(text), t.pieces)
}

func (t *Term) likeAny(texts []string) bool {
	for _, text := range texts {
		if t.like(text) {
			return true
		}
	}
	return false
}

func hasPieces(text string, pieces []string) bool {
	first, last := pieces[0], pieces[len(pieces)-1]
	if len(pieces) == 1 {
		return text == first
	}
	text, begins := strings.CutPrefix(text, first)
	text, ends := strings.CutSuffix(text, last)
	if !begins || !ends {
		return false
	}
	for _, piece := range pieces[1 : len(pieces)-1] {
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		text = text[i+len(piece):]
	}
	return true
}

// pathOf is what path: compares: the target, without its query when the value has none.
func (t *Term) pathOf(target string) string {
	if strings.Contains(t.Value, "?") {
		return target
	}
	path, _, _ := strings.Cut(target, "?")
	return path
}

// header looks at the fields of both heads and trailers.
func (m *matching) header(t *Term) bool {
	for _, side := range []Side{RequestSide, ResponseSide} {
		msg := m.it.Message(side)
		if msg == nil {
			continue
		}
		if _, fields, _ := bytes.Cut(msg.Head, []byte("\n")); t.likeField(fields) || t.likeField(msg.Trailers) {
			return true
		}
	}
	return false
}

func (t *Term) likeField(lines []byte) bool {
	for len(lines) > 0 {
		line, rest, _ := bytes.Cut(lines, []byte("\n"))
		lines = rest
		if len(line) <= len(t.Name) || line[len(t.Name)] != ':' || !strings.EqualFold(string(line[:len(t.Name)]), t.Name) {
			continue
		}
		if t.Exists() || hasPieces(strings.ToLower(string(bytes.Trim(line[len(t.Name)+1:], " \t\r"))), t.pieces) {
			return true
		}
	}
	return false
}
