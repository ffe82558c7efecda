package tui

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
)

// logLimit is how many entries of the log the sheet holds.
const logLimit = 1000

// logLines is adit's log as far as it has been read, and as it is drawn.
type logLines struct {
	entries []inspect.Entry
	lines   []string
	width   int // that lines are drawn for
}

// logged is what has been read of the log.
type logged []inspect.Entry

// newest is the number of the last entry that has been read.
func (l *logLines) newest() uint64 {
	if len(l.entries) == 0 {
		return 0
	}
	return l.entries[len(l.entries)-1].Nth
}

// take adds entries, those alone that are news: two reads may have been under way.
func (l *logLines) take(read logged) {
	newest := l.newest()
	read = slices.DeleteFunc(read, func(e inspect.Entry) bool { return e.Nth <= newest })
	if len(read) == 0 {
		return
	}
	l.entries = append(l.entries, read...)
	l.entries = slices.Clone(l.entries[max(len(l.entries)-logLimit, 0):])
	l.width = 0
}

// draw returns the lines of the log.
func (l *logLines) draw(m *model, _ int) []string {
	if l.width == m.look.Width {
		return l.lines
	}
	l.lines, l.width = nil, m.look.Width
	for _, e := range l.entries {
		l.lines = append(l.lines, m.look.LogEntry(e)...)
	}
	return l.lines
}

func (m *model) openLog() tea.Cmd {
	if m.work.source.Journal == nil {
		m.say(m.look.Warn.Render, "there is no log to be seen here")
		return nil
	}
	m.lay(&textSheet{title: "Log, the newest last", lines: m.log.draw, follow: true})
	return m.work.readLog(m.log.newest())
}

// followLog reads what has come, once a second while the log is seen.
func (m *model) followLog() tea.Cmd {
	if _, ok := m.top().(*textSheet); !ok || m.work.source.Journal == nil {
		return nil
	}
	return m.work.readLog(m.log.newest())
}

func (w *work) readLog(after uint64) tea.Cmd {
	return safely(func() tea.Msg { return logged(w.source.Journal.Entries(after)) })
}
