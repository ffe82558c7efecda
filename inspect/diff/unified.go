package diff

import (
	"fmt"
	"strings"
)

// Unified writes the differences that matter as text, as diff -u does: a heading for each part that differs, and lines that begin with "-", "+" or, unchanged, a
// space; behind "#" stands what was not compared, and how much does not matter. It is safe to show, and "" when nothing differs.
func (d *Diff) Unified() string {
	var b strings.Builder
	d.Request.unified(&b, "request")
	d.Response.unified(&b, "response")
	return b.String()
}

func (m *Message) unified(b *strings.Builder, side string) {
	left := 0
	part := func(name string, changes []Change, separator string) {
		n := count(changes)
		if n > 0 {
			b.WriteString("@@ " + side + ", " + name + " @@\n")
		}
		for _, c := range changes {
			switch {
			case c.Volatile:
				left++
			case n > 0:
				c.unified(b, separator)
			}
		}
	}
	part("start line", m.Start, "")
	part("fields", m.Fields, ": ")
	if m.How == Text {
		part("content, by lines", m.Content, "")
	} else {
		part("content", m.Content, ": ")
	}
	for _, n := range m.Notes {
		b.WriteString("# " + side + ": " + n + "\n")
	}
	switch left {
	case 0:
	case 1:
		b.WriteString("# " + side + ": 1 more that does not matter\n")
	default:
		fmt.Fprintf(b, "# %s: %d more that do not matter\n", side, left)
	}
}

func (c *Change) unified(b *strings.Builder, separator string) {
	name := ""
	if separator != "" {
		name = c.Where + separator
	}
	switch c.Kind {
	case Same:
		b.WriteString(" " + name + text(c.New) + "\n")
		return
	case Removed, Changed:
		b.WriteString("-" + name + text(c.Old) + "\n")
	}
	if c.Kind != Removed {
		b.WriteString("+" + name + text(c.New) + "\n")
	}
}

func text(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}
