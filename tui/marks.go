package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// marks are the exchanges that keys act on together.
type marks map[inspect.ID]struct{}

func (k marks) has(id inspect.ID) bool {
	_, ok := k[id]
	return ok
}

func (k marks) toggle(id inspect.ID) {
	if k.has(id) {
		delete(k, id)
		return
	}
	k[id] = struct{}{}
}

// targets are the exchanges that a key acts on: those that are marked, oldest first, or else the one that is selected or open.
func (m *model) targets() []pane.Row {
	var rows []pane.Row
	for _, r := range m.rows.rows {
		if m.marks.has(r.ID) {
			rows = append(rows, r)
		}
	}
	if len(rows) > 0 {
		return rows
	}
	if r, ok := m.current(); ok {
		return []pane.Row{r}
	}
	return nil
}

// current is the exchange in question: the one that is open when the detail pane has the keyboard, else the selected one.
func (m *model) current() (pane.Row, bool) {
	if m.focus == onDetail && m.detail.row.ID != "" {
		return m.detail.row, true
	}
	return m.rows.pick()
}

// markSelected marks the selected exchange, or takes the mark away, and goes on to the next one.
func (m *model) markSelected() tea.Cmd {
	r, ok := m.rows.pick()
	if !ok {
		return nil
	}
	m.marks.toggle(r.ID)
	if i, _ := m.rows.find(r.Seq); i < len(m.rows.rows)-1 {
		return m.rowDown()
	}
	return nil
}
