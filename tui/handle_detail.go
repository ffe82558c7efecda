package tui

import (
	"slices"

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
	fixed   int  // lines of the overview that stay on top; the others scroll
	top     int  // first line seen of what scrolls
	height  int  // lines of it that are seen at once
}

// lay shares room lines out: the overview stays on top, on a low terminal its first line alone.
func (d *detail) lay(room int) {
	if d.fixed = len(d.view.Overview); d.fixed > room/2 {
		d.fixed = min(d.fixed, 1)
	}
	d.height = max(room-d.fixed, 0)
	d.scrollTo(d.top)
}

// length is how many lines scroll.
func (d *detail) length() int { return len(d.view.Overview) - d.fixed + len(d.view.Lines) }

// scrollTo sets the first line seen, within the bounds.
func (d *detail) scrollTo(line int) { d.top = max(min(line, d.length()-d.height), 0) }

// lines is the screen: what stays on top, and what is seen of the rest.
func (d *detail) lines() []string {
	lines := slices.Clone(d.view.Overview[:d.fixed])
	scrolling := d.view.Lines
	if d.fixed < len(d.view.Overview) {
		scrolling = slices.Concat(d.view.Overview[d.fixed:], scrolling)
	}
	return append(lines, scrolling[d.top:min(d.top+d.height, len(scrolling))]...)
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
func (m *model) scrollEnd() tea.Cmd  { m.detail.scrollTo(m.detail.length()); return nil }

// nextSection scrolls to the next section that begins below the first line seen; from the last one, or where scrolling on is not possible,
// to the beginning.
func (m *model) nextSection() tea.Cmd {
	top := m.detail.top
	for _, at := range m.detail.view.Sections {
		if at += m.detail.length() - len(m.detail.view.Lines); at > top {
			if m.detail.scrollTo(at); m.detail.top > top {
				return nil
			}
		}
	}
	m.detail.scrollTo(0)
	return nil
}
