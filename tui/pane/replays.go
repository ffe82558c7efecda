package pane

import (
	"cmp"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Relative is an exchange of a family: an original, or one of its replays.
type Relative struct {
	inspect.Item
	Brief  string // how its answer compares with that of what it is a replay of; "" for the original
	Open   bool   // it is the one that is open
	OfOpen bool   // it is a replay of that one, which is a replay itself
}

// Family draws an original and its replays, one a line, oldest first.
func (l Look) Family(all []Relative, more bool) []Text {
	var lines []Text
	for i := range all {
		lines = append(lines, l.relative(&all[i]))
	}
	if more {
		lines = append(lines, Quiet("older replays are not listed"))
	}
	return lines
}

// relative draws one of them. It opens with a key.
func (l Look) relative(f *Relative) Text {
	r := RowOf(f.Item)
	mark, name := "  ", "original"
	if f.Open {
		mark = "› "
	}
	switch {
	case f.OfOpen:
		name = "↻ of this"
	case f.ReplayOf != "":
		name = "↻ replay"
	}
	outcome, _ := l.outcome(r)
	class := classGood
	switch {
	case r.Failed || r.Code >= 500:
		class = classBad
	case r.Code >= 400 || r.Live:
		class = classWarn
	}
	line := view.Line{{Class: view.ClassPlain, Text: mark}}
	if l.Width >= splitWords {
		line = append(line, view.Span{Class: classQuiet, Text: l.Clock(r.Start) + "  "})
	}
	line = append(line, view.Span{Class: view.ClassPlain, Text: Pad(name, 10)}, view.Span{Class: class, Text: outcome})
	return Text{Line: append(line, notes(f)...), Indent: 4, Of: &Thing{Key: "replay", Value: string(cmp.Or(f.ReplayOf, f.ID)), Exchange: f.ID}}
}

// notes says what is special about a replay.
func notes(f *Relative) (line view.Line) {
	add := func(class view.Class, text string) {
		if text != "" {
			line = append(line, view.Span{Class: class, Text: " · " + view.Sanitize(text)})
		}
	}
	add(classBold, f.Brief)
	if f.Edited {
		add(classNote, "edited")
	}
	if f.Resigned {
		add(classNote, "signed anew")
	}
	if f.To != "" {
		add(classNote, "to "+f.To)
	}
	return line
}
