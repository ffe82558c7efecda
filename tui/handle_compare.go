package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// compare shows what differs between the exchange in question and the other one that is marked, or else between an original and its last replay.
func (m *model) compare() tea.Cmd {
	row, ok := m.currentRequest()
	if !ok {
		return nil
	}
	return m.openDiff(row.ID, m.otherMarked(row))
}

// otherMarked is the one exchange that is marked besides row; "" when there is not just one.
func (m *model) otherMarked(row pane.Row) (other inspect.ID) {
	for id := range m.marks {
		if id == row.ID {
			continue
		}
		if other != "" {
			return ""
		}
		other = id
	}
	return other
}

// openDiff opens an exchange, compared with another one; "": with its original, or its last replay.
func (m *model) openDiff(id, other inspect.ID) tea.Cmd {
	cmd := m.openExchange(id)
	m.openTab(pane.Diff)
	m.detail.against = other
	return cmd
}
