package pane

import (
	"strings"

	"github.com/charmbracelet/lipgloss"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Text is a line of the detail pane, of any length. It is safe to draw.
type Text struct {
	view.Line
	Indent int    // cells by which what is broken off is moved to the right
	JSON   int    // of laid out JSON: its number among those lines, from 1
	Of     *Thing // what keys act on; nil: only the text
}

// Thing is what a line of the detail pane is about, raw.
type Thing struct {
	Key   string // of the filter language: "header.x-github-event"; "" there is none
	Value string // to copy or to filter by
	Path  string // within JSON content
	Mask  bool   // the value is not shown

	Exchange inspect.ID // another exchange, which can be opened
	Rule     string     // what leaves a difference out, or would
	LeftOut  bool       // it is left out
	Message  int        // number of a message of a stream, from 1
}

// Classes of what is ours, beside those of content.
const (
	classTitle view.Class = "title"
	classQuiet view.Class = "quiet"
	classGood  view.Class = "good"
	classNote  view.Class = "note"
	classWarn  view.Class = "warn"
	classBad   view.Class = "bad"
	classBold  view.Class = "bold"
)

// plainText and titled make lines of ours.
func plainText(s string) Text { return ofClass(view.ClassPlain, s) }
func titled(s string) Text    { return ofClass(classTitle, s) }

// Quiet makes a line of ours that stands back.
func Quiet(s string) Text { return ofClass(classQuiet, s) }

// Line is a rule between two parts of a document.
func (l Look) Line() Text { return Quiet(strings.Repeat("─", max(l.Width, 1))) }

func ofClass(c view.Class, s string) Text { return Text{Line: view.Line{{Class: c, Text: s}}} }

// styleOf is the style of a class. State is never told by it alone.
func (l Look) styleOf(c view.Class) lipgloss.Style {
	switch c {
	case classTitle, view.ClassKeyword:
		return l.Title
	case classBold:
		return l.Key
	case classQuiet, view.ClassComment, view.ClassPunct, view.ClassOffset:
		return l.Quiet
	case classGood:
		return l.Good
	case classNote, view.ClassKey, view.ClassTag, view.ClassAttribute:
		return l.Note
	case classWarn:
		return l.Warn
	case classBad, view.ClassError:
		return l.Bad
	}
	return l.Plain
}

// Strip is what one row of the screen shows of a line: bytes of its text.
type Strip struct{ Line, From, To int }

// Strips breaks lines into strips of at most w cells; w 0: each is one strip, however long.
func Strips(lines []Text, w int) []Strip {
	strips := make([]Strip, 0, len(lines))
	for i := range lines {
		text := lines[i].String()
		if w <= 0 || plain(text) && len(text) <= w {
			strips = append(strips, Strip{i, 0, len(text)})
			continue
		}
		at := 0
		for _, part := range hang(text, w, min(lines[i].Indent, w/2)) {
			strips = append(strips, Strip{i, at, at + len(part)})
			at += len(part)
		}
	}
	return strips
}

// hang breaks s into lines of at most w cells, of which all but the first leave room for an indentation.
func hang(s string, w, indent int) []string {
	parts := Break(s, w)
	if len(parts) == 1 || indent == 0 {
		return parts
	}
	return append(parts[:1:1], Break(s[len(parts[0]):], w-indent)...)
}

// Found is a place in a line that was looked for: bytes of its text.
type Found struct{ Line, From, To int }

// Draw draws a strip. left is how many cells of it are scrolled past, found are the places in its line that stand out, and at says that keys act on it.
func (l Look) Draw(t Text, s Strip, left int, found []Found, at bool) string {
	var b strings.Builder
	room, base := l.Width, 0
	if s.From > 0 {
		indent := min(t.Indent, l.Width/2)
		b.WriteString(blank(indent))
		room -= indent
	}
	put := func(text string, style lipgloss.Style) {
		if skipped := Width(text); left >= skipped {
			left -= skipped
			return
		}
		if left > 0 {
			text, left = pastCells(text, left), 0
		}
		if text = Clip(text, room); text != "" {
			room -= Width(text)
			b.WriteString(style.Render(text))
		}
	}
	for _, span := range t.Line {
		from, to := max(s.From-base, 0), min(s.To-base, len(span.Text))
		for from < to {
			end, hit := nextFound(found, base+from, base+to)
			put(span.Text[from:end-base], l.drawn(span.Class, hit, at))
			from = end - base
		}
		base += len(span.Text)
	}
	if at {
		b.WriteString(l.Selected.Render(blank(room)))
	}
	return b.String()
}

// drawn is the style of a piece: what was found stands out from its line, and the line that keys act on from the others.
func (l Look) drawn(c view.Class, found, at bool) lipgloss.Style {
	switch {
	case found && at:
		return l.Title.Underline(true)
	case found || at:
		return l.Selected
	}
	return l.styleOf(c)
}

// nextFound is where the piece ends that begins at from, at to at the latest, and whether it was found.
func nextFound(found []Found, from, to int) (end int, hit bool) {
	for _, f := range found {
		switch {
		case f.To <= from:
		case f.From <= from:
			return min(f.To, to), true
		default:
			return min(f.From, to), false
		}
	}
	return to, false
}

// pastCells is s without its first n cells; of a character that is cut, blanks are left.
func pastCells(s string, n int) string {
	if plain(s) {
		return s[n:]
	}
	for n > 0 && s != "" {
		part := cell(s, n+1)
		n -= Width(part)
		s = s[len(part):]
	}
	return blank(-n) + s
}
