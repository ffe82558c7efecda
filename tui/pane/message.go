package pane

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

func number(n int) string { return strconv.Itoa(n) }

// MessageHead draws a head: the start line and the fields, each of which is a condition to filter by.
func (l Look) MessageHead(m *inspect.Message, mask *view.Mask) []Text {
	var lines []Text
	if start := view.StartLine(m.Head); start != "" {
		shown := mask.Target(start)
		lines = append(lines, Text{Line: view.Line{{Class: classBold, Text: view.Sanitize(shown)}}, Of: &Thing{Value: start, Mask: shown != start}})
	}
	return append(lines, Fields(view.Headers(m.Head), mask)...)
}

// Fields draws header or trailer fields.
func Fields(fs []inspect.Field, mask *view.Mask) (lines []Text) {
	for _, f := range fs {
		shown, hidden := mask.Field(f)
		shown = view.Safe(shown)
		lines = append(lines, Text{
			Line:   view.Line{{Class: classNote, Text: shown.Name + ":"}, {Class: view.ClassPlain, Text: " " + shown.Value}},
			Indent: 2,
			Of:     &Thing{Key: "header." + strings.ToLower(f.Name), Value: f.Value, Mask: hidden},
		})
	}
	return lines
}

// Message draws a message: its head, its content as inspect/view lays it out, and its trailers.
func (l Look) Message(title string, m *inspect.Message, c *view.Content, mask *view.Mask) []Text {
	lines := l.Opening(title, m, c, mask)
	lines = append(lines, l.Content(c)...)
	return append(lines, l.Closing(m, mask)...)
}

// Opening is a message up to its content.
func (l Look) Opening(title string, m *inspect.Message, c *view.Content, mask *view.Mask) []Text {
	about := ""
	if m.Size > 0 {
		about = strings.TrimSpace(view.Size(m.Size) + " " + c.Media + " " + c.Coding)
	}
	lines := append([]Text{l.heading(title, about)}, l.MessageHead(m, mask)...)
	if m.Size > 0 {
		lines = append(lines, plainText(""))
	}
	return lines
}

// Closing is what follows content: the trailers.
func (l Look) Closing(m *inspect.Message, mask *view.Mask) []Text {
	if len(m.Trailers) == 0 {
		return nil
	}
	return append([]Text{plainText(""), Quiet("Trailers")}, Fields(view.Trailers(m.Trailers), mask)...)
}

// Content draws content with its notes, and its parts one after the other.
func (l Look) Content(c *view.Content) []Text {
	var lines []Text
	if c.Title != "" {
		lines = append(lines, l.prose(c.Title, classNote)...)
	}
	for _, n := range c.Notes {
		lines = append(lines, l.prose("("+n+")", classQuiet)...)
	}
	isJSON := c.Kind == view.JSON || c.Kind == view.NDJSON
	for i, line := range c.Lines {
		t := Text{Line: line}
		if isJSON {
			t.JSON = i + 1
		}
		if isJSON && len(line) > 0 && line[0].Class == view.ClassPlain {
			t.Indent = len(line[0].Text) + 2
		}
		lines = append(lines, t)
	}
	for i := range c.Parts {
		p := &c.Parts[i]
		name := strings.Join(strings.Fields(p.Name+" "+p.Filename), " ")
		lines = append(lines, ofClass(classNote, name+" · "+strings.TrimSpace(view.Size(p.Size)+" "+p.Media)))
		lines = append(lines, l.Content(&p.Content)...)
	}
	return lines
}

// None says why a tab has nothing to show.
func (l Look) None(why string) []Text { return l.prose(why, classQuiet) }

// RawLines draws a head, or trailers, line by line as they were sent.
func RawLines(lines []byte) (texts []Text) {
	for line := range bytes.Lines(lines) {
		text := view.Sanitize(strings.TrimRight(string(line), "\r\n"))
		texts = append(texts, Text{Line: view.Line{{Class: view.ClassPlain, Text: text}}, Indent: 2})
	}
	return texts
}
