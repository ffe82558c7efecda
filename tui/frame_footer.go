package tui

import (
	"fmt"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

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

// footerKeys is the footer of a place.
func (m *model) footerKeys(at where) []pane.Key {
	var keys []pane.Key
	for i := range m.actions {
		a := &m.actions[i]
		does := a.footer
		if a.label != nil {
			does = a.label(m, at)
		}
		if does == "" || a.on&at == 0 {
			continue
		}
		if press := m.shown(a, at); press != "" {
			keys = append(keys, pane.Key{Press: press, Does: does})
		}
	}
	return keys
}

// mainKeys are the three keys that matter; the footer of an empty list has the others.
func (m *model) mainKeys() []pane.Key {
	keys := m.footerKeys(onList)
	return keys[:min(3, len(keys))]
}
