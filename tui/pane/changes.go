package pane

import (
	"encoding/json"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Changes draws what differs between two exchanges; older and newer name them.
func (l Look) Changes(older, newer *inspect.Exchange, d *diff.Diff, mask *view.Mask) []Text {
	lines := []Text{
		{Line: view.Line{{Class: classBad, Text: "- "}, {Class: classQuiet, Text: l.side(older, mask)}}, Indent: 2, Of: &Thing{Exchange: older.ID}},
		{Line: view.Line{{Class: classGood, Text: "+ "}, {Class: classQuiet, Text: l.side(newer, mask)}}, Indent: 2, Of: &Thing{Exchange: newer.ID}},
		ofClass(classBold, view.Sanitize("answer: "+diff.Brief(*d))),
	}
	if d.Equal() {
		lines = append(lines, ofClass(classGood, "nothing differs that matters"))
	}
	lines = append(lines, l.sideChanges("Request", &d.Request, mask)...)
	return append(lines, l.sideChanges("Response", &d.Response, mask)...)
}

// side names one of the two.
func (l Look) side(x *inspect.Exchange, mask *view.Mask) string {
	text := l.Clock(x.Start) + " " + mask.Target(safe(x.Request.Method+" "+x.Request.Target, pathLimit)) + " " + view.Status(x)
	if x.ReplayOf != "" {
		text = "↻ " + text
	}
	return text
}

// sideChanges draws what differs between two requests, or two responses; nothing when nothing does.
func (l Look) sideChanges(title string, m *diff.Message, mask *view.Mask) []Text {
	var lines []Text
	part := func(name string, changes []diff.Change) {
		if len(changes) == 0 {
			return
		}
		lines = append(lines, Quiet(name))
		for i := range changes {
			lines = append(lines, change(&changes[i], mask)...)
		}
	}
	part("start line", m.Start)
	part("fields", m.Fields)
	part(map[diff.How]string{diff.JSON: "content, by path", diff.Text: "content, by line", diff.Bytes: "content"}[m.How], m.Content)
	for _, n := range m.Notes {
		lines = append(lines, l.prose("("+n+")", classQuiet)...)
	}
	if len(lines) == 0 {
		return nil
	}
	return append([]Text{plainText(""), titled(title)}, lines...)
}

// change draws a difference: the old line and the new one. What does not matter stands back, and says so.
func change(c *diff.Change, mask *view.Mask) (lines []Text) {
	of := thingOf(c)
	if c.Kind == diff.Same {
		return []Text{changeLine(c, of, "  ", classQuiet, c.New, mask)}
	}
	if c.Kind != diff.Added {
		lines = append(lines, changeLine(c, of, "- ", classBad, c.Old, mask))
	}
	if c.Kind != diff.Removed {
		lines = append(lines, changeLine(c, of, "+ ", classGood, c.New, mask))
	}
	return lines
}

// thingOf is what keys act on at a difference.
func thingOf(c *diff.Change) *Thing {
	value, whole := valueOf(c)
	of := &Thing{Value: value, Rule: c.Rule, LeftOut: c.Volatile}
	isJSON := strings.HasPrefix(c.Where, "$")
	if isJSON {
		of.Path = c.Where
	}
	switch {
	case whole && isJSON:
		of.Key = "body." + c.Where
	case whole && strings.HasPrefix(c.Rule, "header."):
		of.Key = "header." + strings.ToLower(c.Where)
	}
	return of
}

func changeLine(c *diff.Change, of *Thing, sign string, class view.Class, spans []diff.Span, mask *view.Mask) Text {
	if c.Volatile {
		class = classQuiet
	}
	line := view.Line{{Class: class, Text: sign}}
	if c.Where != "" {
		line = append(line, view.Span{Class: classQuiet, Text: c.Where + " "})
	}
	line = append(line, values(c, of, spans, class, mask)...)
	if c.Volatile {
		line = append(line, view.Span{Class: classQuiet, Text: "  (left out)"})
	}
	return Text{Line: line, Indent: 4, Of: of}
}

// valueOf is what there is now, or else was, as a condition has it; whole is false when it was cut.
func valueOf(c *diff.Change) (value string, whole bool) {
	spans := c.New
	if len(spans) == 0 {
		spans = c.Old
	}
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	value = b.String()
	var text string
	if strings.HasPrefix(c.Where, "$") && value != "null" && json.Unmarshal([]byte(value), &text) == nil {
		return text, true
	}
	return value, !strings.Contains(value, "…") && !strings.HasPrefix(value, "{") && !strings.HasPrefix(value, "[")
}

// values are the pieces of one side: what differs stands out. Those of a secret are not told.
func values(c *diff.Change, of *Thing, spans []diff.Span, class view.Class, mask *view.Mask) (line view.Line) {
	if shown, hidden := c.Masked(spans, mask); hidden {
		of.Mask = true
		return view.Line{{Class: classQuiet, Text: shown}}
	}
	for _, s := range spans {
		piece := view.Span{Class: class, Text: s.Text}
		if !s.Marked && (c.Kind == diff.Changed || c.Kind == diff.Same) {
			piece.Class = classQuiet
		}
		line = append(line, piece)
	}
	return line
}
