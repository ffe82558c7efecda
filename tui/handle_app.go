package tui

import tea "github.com/charmbracelet/bubbletea"

// The keys that work everywhere, and the beat.

func (m *model) onBeat(b beat) tea.Cmd {
	m.status = b.status
	if m.toast.text != "" && m.now.After(m.toast.until) {
		m.toast = toast{}
	}
	return tea.Batch(m.work.beat(), m.readViews())
}

func (m *model) quit() tea.Cmd { return tea.Quit }

func (m *model) suspend() tea.Cmd {
	if m.work.suspension == nil {
		return nil
	}
	return tea.Exec(m.work.suspension, func(err error) tea.Msg { return nil })
}

func (m *model) reconnect() tea.Cmd {
	if m.work.source.Controller == nil {
		m.say(m.look.Warn.Render, "there is nothing to reconnect")
		return nil
	}
	m.say(m.look.Note.Render, "reconnecting now")
	return m.work.reconnect()
}
