package tui

import tea "github.com/charmbracelet/bubbletea"

// onChanges takes what the feed has read.
func (m *model) onChanges(c changes) tea.Cmd {
	m.status, m.kept, m.total, m.loaded = c.status, c.kept, c.total, true
	c.rows = m.withoutDeleted(c.rows)
	switch {
	case c.filter != m.prompt.filter: // another one has been set meanwhile
		return m.work.next()
	case c.reset:
		m.rows.reset(c.rows)
	default:
		m.rows.put(c.rows)
		m.rows.drop(c.gone)
	}
	for _, r := range c.rows {
		if r.ID == m.detail.row.ID {
			m.detail.show(r)
		}
		if d := &m.detail; r.ReplayOf != "" && (r.ReplayOf == d.row.ID || r.ReplayOf == d.row.ReplayOf) {
			m.reread() // the family has grown, or one of it has ended
		}
	}
	return m.work.next()
}
