package view

import (
	"strings"
	"unicode/utf8"
)

// Class is what a span is within its language. A face gives it a colour, or none.
type Class string

// The classes of spans.
const (
	ClassPlain     Class = ""
	ClassKey       Class = "key" // of an object, a form, a protobuf field's number
	ClassString    Class = "string"
	ClassNumber    Class = "number"
	ClassLiteral   Class = "literal" // true, false, null
	ClassPunct     Class = "punct"
	ClassTag       Class = "tag"
	ClassAttribute Class = "attribute" // its name; also variables and properties
	ClassKeyword   Class = "keyword"
	ClassComment   Class = "comment" // also what is ours: a time in words behind a number
	ClassOffset    Class = "offset"  // of a hex dump
	ClassError     Class = "error"
)

// Span is a piece of a line. Text is safe to show.
type Span struct {
	Class Class
	Text  string
}

// Line is one line without its end, of any length.
type Line []Span

// String is the line without its classes.
func (l Line) String() string {
	if len(l) == 1 {
		return l[0].Text
	}
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return b.String()
}

// maxSpans is how many spans content is made of, all lines together. It bounds memory: a line may have any number of them.
const maxSpans = 200_000

// tabStop is where text in content is put by a tab.
const tabStop = 4

// painter makes lines of spans, safe to show and as many as wanted.
type painter struct {
	lines  []Line
	line   Line
	column int // characters in line
	room   int // lines still to be made
	spans  int // made
	more   bool
}

// full says that further lines would not be kept.
func (p *painter) full() bool { return p.more }

// add appends text, which may hold line ends (LF or CR LF).
func (p *painter) add(c Class, text string) {
	for !p.more {
		piece, rest, found := strings.Cut(text, "\n")
		if !found {
			p.span(c, text)
			return
		}
		p.span(c, strings.TrimSuffix(piece, "\r"))
		p.end()
		text = rest
	}
}

func (p *painter) span(c Class, text string) {
	if text == "" {
		return
	}
	if p.room == 0 || p.spans == maxSpans {
		p.more = true
		return
	}
	if cleanPrefix(text) != len(text) {
		var b strings.Builder
		b.Grow(len(text) + 16)
		text = appendSafe(&b, text, tabStop, p.column)
		p.column += utf8.RuneCountInString(text)
	} else {
		p.column += len(text)
	}
	p.line = append(p.line, Span{c, text})
	p.spans++
}

// end ends the line.
func (p *painter) end() {
	p.column = 0
	if p.room == 0 {
		p.more = true
	} else {
		p.room--
		p.lines = append(p.lines, p.line)
	}
	p.line = nil
}

// finish ends the last line, if anything is on it.
func (p *painter) finish() {
	if p.column > 0 {
		p.end()
	}
}
