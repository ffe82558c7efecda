package tui

import tea "github.com/charmbracelet/bubbletea"

// The keys of the list.

func (m *model) rowUp() tea.Cmd    { m.rows.move(-1); return m.older() }
func (m *model) rowDown() tea.Cmd  { m.rows.move(1); return nil }
func (m *model) pageUp() tea.Cmd   { m.rows.page(-1); return m.older() }
func (m *model) pageDown() tea.Cmd { m.rows.page(1); return nil }
func (m *model) halfUp() tea.Cmd   { m.rows.move(-max(m.rows.height/2, 1)); return m.older() }
func (m *model) halfDown() tea.Cmd { m.rows.move(max(m.rows.height/2, 1)); return nil }
func (m *model) oldest() tea.Cmd   { m.rows.home(); return m.older() }
func (m *model) newest() tea.Cmd   { m.rows.end(); return nil }

// backOnList takes away what is there besides the list as it comes: the open request, then the filter.
func (m *model) backOnList() tea.Cmd {
	if m.stopRun() {
		return nil
	}
	if m.boxes.detail.seen() {
		return m.closeDetail()
	}
	return m.clearFilter()
}
