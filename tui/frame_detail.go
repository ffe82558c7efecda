package tui

import (
	"fmt"
	"strings"
	"time"
)

// viewDetail draws what is seen of the open exchange: its title, the tabs, and a screen of the open tab.
func (m *model) viewDetail() []string {
	d, look := &m.detail, m.look
	look.Width = m.boxes.detail.width
	lines := make([]string, 0, d.fixed+d.height)
	if d.fixed > 0 {
		r := d.row
		r.Path, r.Duration = m.mask().Target(r.Path), r.Lasted(m.now)
		lines = append(lines, look.DetailTitle(r, look.Focus(m.focus == onDetail, !m.boxes.list.seen())))
	}
	if d.fixed > 1 {
		lines = append(lines, look.TabBar(d.tab, d.doc.full))
	}
	for i := d.top; i < min(d.top+d.height, len(d.doc.strips)); i++ {
		s := d.doc.strips[i]
		lines = append(lines, look.Draw(d.doc.lines[s.Line], s, d.left, d.find.on(s.Line), i == d.cursor && m.focus == onDetail))
	}
	return lines
}

// whereInDetail is what stands at the right of the footer: how long secrets are shown, which of the places found it is, and how far the end is.
func (m *model) whereInDetail() string {
	d := &m.detail
	var notes []string
	if left := d.bare.Sub(m.now); left > 0 && !m.maskAll {
		notes = append(notes, fmt.Sprintf("secrets shown for %d s", (left+time.Second-1)/time.Second))
	}
	if count := d.count(); count != "" {
		notes = append(notes, count)
	}
	if d.unwrap && d.left > 0 {
		notes = append(notes, fmt.Sprintf("→ %d", d.left))
	}
	if n, more := d.percent(); more {
		notes = append(notes, fmt.Sprintf("%d%%", n))
	}
	return strings.Join(notes, ", ")
}
