package tui

import (
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
	"github.com/adit-tunnel/adit/tui/theme"
)

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
		return append(m.name(), m.viewDetail()...)
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
		return append(lines, pane.Beside(full(list, b.list.height), b.list.width, m.look.Rule(besideRule), m.viewDetail())...)
	}
	return append(append(append(lines, full(list, b.list.height)...), m.look.Rule(strings.Repeat("─", b.detail.width))), m.viewDetail()...)
}

// empty is what stands in the list's place, and whether the main keys are in it: where there is no room for them they stay in the footer.
func (m *model) empty() (lines []string, withKeys bool) {
	if len(m.status.Endpoints) == 0 && m.status.State == inspect.Online {
		return m.look.NoEndpoint(m.status.Web), false
	}
	return m.look.Empty(firstURL(m.status), m.look.Keys(m.mainKeys(), m.look.Width), m.rows.height)
}

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
