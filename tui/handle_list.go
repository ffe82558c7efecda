package tui

import tea "github.com/charmbracelet/bubbletea"

// The keys of the list.

func (m *model) rowUp() tea.Cmd    { m.rows.move(-1); return m.older() }
func (m *model) rowDown() tea.Cmd  { m.rows.move(1); return nil }
func (m *model) pageUp() tea.Cmd   { m.rows.page(-1); return m.older() }
func (m *model) pageDown() tea.Cmd { m.rows.page(1); return nil }
func (m *model) oldest() tea.Cmd   { m.rows.home(); return m.older() }
func (m *model) newest() tea.Cmd   { m.rows.end(); return nil }

func (m *model) openSelected() tea.Cmd {
	row, ok := m.rows.pick()
	if !ok {
		return nil
	}
	m.screen = detailScreen
	m.detail = detail{row: row, loading: true}
	return m.work.open(row.ID, m.look)
}
