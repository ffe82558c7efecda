package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// compare shows what differs between the exchange in question and the other one that is marked, or else between an original and its last replay.
func (m *model) compare() tea.Cmd {
	if row, ok := m.current(); ok {
		m.openDiff(m.otherMarked(row))
	}
	return nil
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
