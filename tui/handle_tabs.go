package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/pane"
)

// The keys that move within the detail pane.

func (m *model) lineUp() tea.Cmd         { m.detail.moveTo(m.detail.cursor - 1); return nil }
func (m *model) lineDown() tea.Cmd       { m.detail.moveTo(m.detail.cursor + 1); return nil }
func (m *model) scrollUp() tea.Cmd       { m.detail.scroll(-1); return nil }
func (m *model) scrollDown() tea.Cmd     { m.detail.scroll(1); return nil }
func (m *model) scrollPageUp() tea.Cmd   { m.detail.scroll(1 - m.detail.height); return nil }
func (m *model) scrollPageDown() tea.Cmd { m.detail.scroll(m.detail.height - 1); return nil }
func (m *model) scrollHalfUp() tea.Cmd   { m.detail.scroll(-m.detail.height / 2); return nil }
func (m *model) scrollHalfDown() tea.Cmd { m.detail.scroll(m.detail.height / 2); return nil }

// scrollHome goes to the beginning of the document, scrollEnd to the end of what was kept: chunks that are not here are read.
func (m *model) scrollHome() tea.Cmd {
	d := &m.detail
	if d.doc.page > 0 {
		d.page, d.goal = 0, goBegin
	}
	d.moveTo(0)
	return nil
}

func (m *model) scrollEnd() tea.Cmd {
	d := &m.detail
	if d.doc.more() {
		d.page, d.goal = lastPage, goEnd
	}
	d.moveTo(len(d.doc.strips) - 1)
	return nil
}

// scrollLeft and scrollRight move lines that are not wrapped by half a screen.
func (m *model) scrollLeft() tea.Cmd  { return m.scrollAside(-1) }
func (m *model) scrollRight() tea.Cmd { return m.scrollAside(1) }

func (m *model) scrollAside(by int) tea.Cmd {
	d := &m.detail
	width, widest := m.boxes.detail.width, d.widest()
	switch {
	case !d.unwrap:
		m.say(m.look.Quiet.Render, "lines are wrapped, "+m.keyOf("detail.wrap")+" changes that")
	case d.left == 0 && widest <= width:
		m.say(m.look.Quiet.Render, "nothing is beside these lines")
	default:
		d.left = max(min(d.left+by*max(width/2, 1), max(widest, d.left+1)-1), 0)
	}
	return nil
}

// widest is how many cells the widest line that is seen has.
func (d *detail) widest() (w int) {
	for _, s := range d.doc.strips[d.top:min(d.top+d.height, len(d.doc.strips))] {
		w = max(w, pane.Width(d.doc.lines[s.Line].String()))
	}
	return w
}

// wrap has long lines wrapped, or not.
func (m *model) wrap() tea.Cmd {
	m.detail.unwrap, m.detail.left = !m.detail.unwrap, 0
	return nil
}

// The tabs.

// openTab shows a tab of the open exchange.
func (m *model) openTab(t pane.Tab) {
	if d := &m.detail; d.tab != t {
		d.tab = t
		d.clear()
	}
}

// tabKey is the action of a tab's number: it opens the selected request when none is seen, and else leaves the keyboard where it is.
func tabKey(t pane.Tab) func(*model) tea.Cmd {
	return func(m *model) tea.Cmd {
		m.openTab(t)
		if !m.boxes.detail.seen() {
			return m.openSelected()
		}
		return nil
	}
}

func (m *model) nextTab() tea.Cmd     { return m.stepTab(1) }
func (m *model) previousTab() tea.Cmd { return m.stepTab(pane.Tabs - 1) }

func (m *model) stepTab(by int) tea.Cmd {
	if !m.boxes.detail.seen() {
		return m.openSelected()
	}
	m.openTab(pane.Tab((int(m.detail.tab) + by) % pane.Tabs))
	return nil
}

// clickTab opens the tab that is drawn at that cell of the pane's bar.
func (m *model) clickTab(x int) {
	look := m.look
	look.Width = m.boxes.detail.width
	if t, ok := look.TabAt(m.detail.tab, x); ok {
		m.openTab(t)
	}
}
