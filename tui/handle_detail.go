package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/pane"
)

// detail is the exchange that is open.
type detail struct {
	row     pane.Row
	view    pane.Detail
	loaded  bool // view is there
	loading bool // a command is reading it
	stale   bool // it has changed while it was being read
	top     int  // first line seen
	height  int  // lines that are seen at once
}

// scrollTo sets the first line seen, within the bounds.
func (d *detail) scrollTo(line int) {
	d.top = max(min(line, len(d.view.Lines)-d.height), 0)
}

// onOpened takes what a command has read, unless something else has been opened meanwhile.
func (m *model) onOpened(o opened) tea.Cmd {
	d := &m.detail
	if m.detail.row.ID != o.id || !d.loading {
		return nil
	}
	d.loading = false
	switch {
	case o.kept && o.width == m.look.Width:
		d.view, d.loaded = o.view, true
	case o.kept:
		d.stale = true
	case !d.loaded:
		m.say(m.look.Warn.Render, "this request is no longer kept")
		return m.back()
	}
	if d.stale {
		return m.reopen()
	}
	return nil
}

// reopen reads the open exchange again, after a change of it or of the width.
func (m *model) reopen() tea.Cmd {
	if m.detail.loading {
		m.detail.stale = true
		return nil
	}
	m.detail.loading, m.detail.stale = true, false
	return m.work.open(m.detail.row.ID, m.look)
}

// The keys of the detail screen.

func (m *model) back() tea.Cmd {
	m.screen, m.under, m.detail = listScreen, listScreen, detail{}
	return nil
}

func (m *model) lineUp() tea.Cmd   { m.detail.scrollTo(m.detail.top - 1); return nil }
func (m *model) lineDown() tea.Cmd { m.detail.scrollTo(m.detail.top + 1); return nil }
func (m *model) scrollPageUp() tea.Cmd {
	m.detail.scrollTo(m.detail.top - m.detail.height + 1)
	return nil
}
func (m *model) scrollPageDown() tea.Cmd {
	m.detail.scrollTo(m.detail.top + m.detail.height - 1)
	return nil
}
func (m *model) scrollHome() tea.Cmd { m.detail.scrollTo(0); return nil }
func (m *model) scrollEnd() tea.Cmd  { m.detail.scrollTo(len(m.detail.view.Lines)); return nil }

// nextSection scrolls to the next section that begins below the first line seen; from the last one, or where scrolling on is not possible,
// to the beginning.
func (m *model) nextSection() tea.Cmd {
	top := m.detail.top
	for _, at := range m.detail.view.Sections {
		if at > top {
			if m.detail.scrollTo(at); m.detail.top > top {
				return nil
			}
		}
	}
	m.detail.scrollTo(0)
	return nil
}
