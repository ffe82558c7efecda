package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// onChanges takes what the feed has read.
func (m *model) onChanges(c changes) tea.Cmd {
	m.status, m.kept, m.total, m.loaded = c.status, c.kept, c.total, true
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
		if _, ok := m.waiting[r.ID]; ok && !r.Live {
			m.replayEnded(r)
		}
		if r.ID == m.detail.row.ID {
			m.detail.show(r)
		}
	}
	return m.work.next()
}

// replaySelected sends the open or selected request again.
func (m *model) replaySelected() tea.Cmd {
	row, ok := m.current()
	switch {
	case !ok:
		return nil
	case m.work.replay == nil:
		m.say(m.look.Warn.Render, "replay is not available here")
		return nil
	}
	m.say(m.look.Quiet.Render, "replaying "+row.Method+" "+row.Path+" …")
	return m.work.send(row.ID)
}

// onReplayed takes the start of a replay; its exchange may have ended before.
func (m *model) onReplayed(r replayed) tea.Cmd {
	if r.err != nil {
		m.say(m.look.Bad.Render, "replay failed: "+view.Sanitize(r.err.Error()))
		return nil
	}
	if row, ok := m.rows.lookup(r.id); ok && !row.Live {
		m.replayEnded(row)
		return nil
	}
	m.waiting[r.id] = struct{}{}
	return nil
}

// replayEnded says how a replay has ended.
func (m *model) replayEnded(r pane.Row) {
	delete(m.waiting, r.ID)
	if r.Failed {
		text := r.Failure
		if text == "" {
			text = r.Status
		}
		m.say(m.look.Bad.Render, "replay failed: "+text)
		return
	}
	m.say(m.look.Status(r.Code).Render, "replayed → "+r.Status+" in "+view.Duration(r.Duration))
}
