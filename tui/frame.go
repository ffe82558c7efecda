package tui

import (
	"fmt"
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

// mainKeys are the three keys that matter; the footer of an empty list has the others.
func (m *model) mainKeys() []pane.Key {
	keys := m.footerKeys(onList)
	return keys[:min(3, len(keys))]
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

// footer draws what is typed; or the toast or the keys at the left, and where one is at the right.
func (m *model) footer() string {
	if s := m.top(); s != nil {
		if line := s.line(m); line != "" {
			return line
		}
	}
	right, room := m.rightOfFooter(), m.look.Width
	if right != "" {
		room -= pane.Width(right) + 2
		right = m.look.Note.Render(right)
	}
	keys := m.footerKeys(m.where())
	if _, shown := m.empty(); shown && m.where() == onList && m.emptyRun() {
		keys = keys[len(m.mainKeys()):]
	}
	if m.status.State == inspect.Reconnecting {
		keys = append([]pane.Key{{Press: m.keyOf("reconnect"), Does: "try now"}}, keys...)
	}
	left := m.look.Keys(keys, room)
	if m.toast.text != "" {
		left = m.toast.style(pane.Clip(m.toast.text, room))
	}
	if text := m.running(); text != "" {
		left = m.look.Note.Render(pane.Clip(text, room))
	}
	return pane.Ends(left, right, m.look.Width)
}

// rightOfFooter is what holds for now, and where one is.
func (m *model) rightOfFooter() string {
	var parts []string
	if m.mouse.freed {
		parts = append(parts, "mouse off ("+m.keyOf("mouse")+")")
	}
	if m.maskAll {
		parts = append(parts, "all masked")
	}
	if at := m.position(); at != "" {
		parts = append(parts, at)
	}
	return pane.Clip(strings.Join(parts, "  "), m.look.Width/2)
}

func (m *model) position() string {
	switch m.where() {
	case onList:
		if n := m.rows.unseen(); n > 0 {
			return fmt.Sprintf("↓ %d new", n)
		}
	case onDetail:
		return m.whereInDetail()
	}
	return ""
}
