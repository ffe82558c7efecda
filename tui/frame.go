package tui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
	"github.com/adit-tunnel/adit/tui/theme"
)

// note is what stands beside the list's title.
func (m *model) note() string {
	var notes []string
	if m.status.Dropped > 0 {
		notes = append(notes, fmt.Sprintf("%d not recorded", m.status.Dropped))
	}
	if n := m.kept.Summaries + m.kept.NotStored; n > 0 { // they came too fast
		notes = append(notes, fmt.Sprintf("%d not kept whole", n))
	}
	if m.kept.Waiting > 0 {
		notes = append(notes, fmt.Sprintf("%d not listed yet", m.kept.Waiting))
	}
	if m.prompt.filter != nil {
		notes = append(notes, m.found())
	}
	row, selected := m.rows.selected()
	if selected && row.ReplayOf != "" {
		notes = append(notes, m.origin(row))
	}
	if i, _ := m.rows.find(row.Seq); selected && len(m.rows.rows) > m.rows.height {
		notes = append(notes, fmt.Sprintf("%d of %d", i+1, len(m.rows.rows)))
	}
	return strings.Join(notes, ", ")
}

// found is the filter and how much it has found so far.
func (m *model) found() string {
	n := strconv.Itoa(len(m.rows.rows))
	if !m.prompt.all {
		n += "+"
	}
	return n + " match " + view.Sanitize(pane.Clip(m.prompt.filter.String(), max(m.look.Width/2, 8)))
}

// origin names the row that a replay is a replay of.
func (m *model) origin(replay pane.Row) string {
	if o, ok := m.rows.lookup(replay.ReplayOf); ok {
		return "↻ of " + m.look.Clock(o.Start)
	}
	return "↻ of one no longer listed"
}

// View draws the screen: exactly the terminal's lines, the footer on the last one.
func (m *model) View() string {
	if m.look.Width <= 0 || m.height <= 0 {
		return ""
	}
	room := m.room()
	lines := full(m.panes(), room)
	if s := m.top(); s != nil {
		over := s.body(m, room)
		copy(lines[room-len(over):], over)
	}
	if room < m.height {
		lines = append(lines, m.footer())
	}
	frame := strings.Join(lines, "\n")
	if m.look.ASCII {
		frame = theme.ASCII(frame)
	}
	return frame
}

// panes draws list and detail, as far as they are seen.
func (m *model) panes() []string {
	b := m.boxes
	if !b.list.seen() {
		return append(m.name(), m.detail.lines()...)
	}
	lines := make([]string, 0, m.height)
	for _, l := range b.head {
		lines = append(lines, l.Text)
	}
	list := m.viewList()
	switch {
	case !b.detail.seen():
		return append(lines, list...)
	case b.beside:
		return append(lines, pane.Beside(full(list, b.list.height), b.list.width, m.look.Rule("│"), m.detail.lines())...)
	}
	return append(append(append(lines, full(list, b.list.height)...), m.look.Rule(strings.Repeat("─", b.detail.width))), m.detail.lines()...)
}

func (m *model) viewList() []string {
	look := m.look
	look.Width = m.boxes.list.width
	if len(m.rows.rows) == 0 {
		switch {
		case !m.loaded:
			return nil
		case m.prompt.filter != nil:
			return []string{m.look.Quiet.Render("Nothing matches the filter. esc shows everything again.")}
		}
		empty, _ := m.empty()
		return empty
	}
	var lines []string
	for _, r := range m.rows.visible() {
		lines = append(lines, look.Row(r, pane.Mark{Selected: r.Seq == m.rows.sel, Marked: m.marks.has(r.ID)}, m.now))
	}
	return lines
}

// empty is what stands in the list's place, and whether the main keys are in it: where there is no room for them they stay in the footer.
func (m *model) empty() (lines []string, withKeys bool) {
	if len(m.status.Endpoints) == 0 && m.status.State == inspect.Online {
		return m.look.NoEndpoint(m.status.Web), false
	}
	return m.look.Empty(firstURL(m.status), m.look.Keys(m.mainKeys(), m.look.Width), m.rows.height)
}

// mainKeys are the three keys that matter; the footer of an empty list has the others.
func (m *model) mainKeys() []pane.Key { return m.footerKeys(onList)[:3] }

func firstURL(st inspect.Status) string {
	for _, e := range st.Endpoints {
		if e.URL != "" {
			return e.URL
		}
	}
	return ""
}

// name is the top of what fills the screen.
func (m *model) name() []string {
	if m.height < nameFrom {
		return nil
	}
	return []string{m.look.Name(), ""}
}

// footer draws what is typed; or the toast or the keys at the left, and where one is at the right.
func (m *model) footer() string {
	if s := m.top(); s != nil {
		if line := s.line(m); line != "" {
			return line
		}
	}
	right, room := m.position(), m.look.Width
	if right != "" {
		room -= pane.Width(right) + 2
		right = m.look.Note.Render(right)
	}
	keys := m.footerKeys(m.where())
	if _, shown := m.empty(); shown && m.where() == onList && len(m.rows.rows) == 0 {
		keys = keys[3:]
	}
	left := m.look.Keys(keys, room)
	if m.toast.text != "" {
		left = m.toast.style(pane.Clip(m.toast.text, room))
	}
	return pane.Ends(left, right, m.look.Width)
}

func (m *model) position() string {
	switch m.where() {
	case onList:
		if n := m.rows.unseen(); n > 0 {
			return fmt.Sprintf("↓ %d new", n)
		}
	case onDetail:
		if more := m.detail.length() - m.detail.height; more > 0 {
			return fmt.Sprintf("%d%%", m.detail.top*100/more)
		}
	}
	return ""
}
