package tui

import (
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// The keys that work everywhere, and the beat.

func (m *model) onBeat(b beat) tea.Cmd {
	m.status = b.status
	m.traffic.beat(b.status)
	if m.toast.text != "" && m.now.After(m.toast.until) {
		m.toast = toast{}
	}
	return tea.Batch(m.work.beat(), m.followLog(), m.readViews(), m.carryOutIfDue(m.now))
}

func (m *model) quit() tea.Cmd { return tea.Quit }

// quitAsking quits, unless requests are in flight: then it is asked before.
func (m *model) quitAsking() tea.Cmd {
	n := m.status.Requests.Open
	if n == 0 {
		return m.quit()
	}
	title := fmt.Sprintf("%d requests are in flight.", n)
	if n == 1 {
		title = "A request is in flight."
	}
	m.lay(&menuSheet{title: title, choices: []choice{
		{key: "q", does: "quit when they have ended", run: (*model).quit},
		{key: "s", does: "stay", run: func(*model) tea.Cmd { return nil }},
	}})
	return nil
}

func (m *model) suspend() tea.Cmd {
	if m.work.suspension == nil {
		return nil
	}
	return m.outside(m.work.suspension, func(err error) tea.Msg { return nil })
}

// continued says that the process goes on after somebody else has stopped it, and how the terminal is taken again.
type continued struct{ again tea.ExecCommand }

// redraw draws everything anew, on a terminal that may have forgotten the mouse, too. Inline, what is above is not ours to clear.
func (m *model) redraw() tea.Cmd {
	if m.inline {
		return tea.WindowSize()
	}
	return tea.Sequence(tea.ClearScreen, m.mouseMode())
}

// heldWithin is how soon a key that is held down comes again, at the latest.
const heldWithin = time.Second

// reconnect asks for a try at once. A key that is held down does so once: each try would cut the one before, and none would get through.
func (m *model) reconnect() tea.Cmd {
	if m.work.source.Controller == nil {
		m.say(m.look.Warn.Render, "there is nothing to reconnect")
		return nil
	}
	held := m.now.Sub(m.retried) < heldWithin
	if m.retried = m.now; held {
		return nil
	}
	m.say(m.look.Note.Render, "reconnecting now")
	return m.work.reconnect()
}
