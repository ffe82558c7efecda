package tui

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// asked is what a command reads and draws for the detail pane: when it is another one, what is there is out of date.
type asked struct {
	id      inspect.ID
	version uint64 // of the exchange
	width   int
}

// detail is the exchange that is open.
type detail struct {
	row     pane.Row
	view    pane.Detail
	have    asked // what view shows; without an ID there is none
	reading asked // what a command is reading; without an ID none is
	fixed   int   // lines of the overview that stay on top; the others scroll
	top     int   // first line seen of what scrolls
	height  int   // lines of it that are seen at once
}

// show makes r the exchange that is open.
func (d *detail) show(r pane.Row) {
	if r.ID != d.row.ID {
		d.view, d.have, d.top = pane.Detail{}, asked{}, 0
	}
	d.row = r
}

// lay shares room lines out: the overview stays on top, in a low pane its first line alone.
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

// lines is the pane: what stays on top, and what is seen of the rest.
func (d *detail) lines() []string {
	lines := slices.Clone(d.view.Overview[:d.fixed])
	scrolling := d.view.Lines
	if d.fixed < len(d.view.Overview) {
		scrolling = slices.Concat(d.view.Overview[d.fixed:], scrolling)
	}
	return append(lines, scrolling[d.top:min(d.top+d.height, len(scrolling))]...)
}

// fillDetail has read what the pane is to show, when that is not there and nothing is being read.
func (m *model) fillDetail() tea.Cmd {
	d := &m.detail
	want := asked{d.row.ID, d.row.Version, m.boxes.detail.width}
	if !m.boxes.detail.seen() || want.id == "" || want == d.have || d.reading.id != "" {
		return nil
	}
	d.reading = want
	look := m.look
	look.Width = want.width
	return m.work.open(want, look)
}

// onOpened takes what a command has read, unless another exchange has been opened meanwhile.
func (m *model) onOpened(o opened) tea.Cmd {
	d := &m.detail
	d.reading = asked{}
	switch {
	case o.asked.id != d.row.ID:
	case o.kept:
		d.view, d.have = o.view, o.asked
	case d.have.id == "":
		m.say(m.look.Warn.Render, "this request is no longer kept")
		return m.closeDetail()
	default:
		d.have = o.asked // what was read before stays to be seen
	}
	return nil
}

// The keys of the detail pane.

func (m *model) openSelected() tea.Cmd {
	if _, ok := m.rows.pick(); ok {
		m.openDetail()
	}
	return nil
}

// openDetail shows the exchange in question and gives its pane the keyboard.
func (m *model) openDetail() {
	if r, ok := m.rows.pick(); ok && m.focus != onDetail {
		m.detail.show(r)
	}
	m.focus = onDetail
	if m.layout.size == listOnly {
		m.layout.size = split
	}
}

// backOnDetail stops a run under way, or goes back to the list.
func (m *model) backOnDetail() tea.Cmd {
	if m.stopRun() {
		return nil
	}
	return m.closeDetail()
}

// closeDetail goes back to the list.
func (m *model) closeDetail() tea.Cmd {
	m.focus, m.layout.size = onList, listOnly
	m.detail.show(pane.Row{})
	return nil
}

func (m *model) lineUp() tea.Cmd         { return m.scroll(-1) }
func (m *model) lineDown() tea.Cmd       { return m.scroll(1) }
func (m *model) scrollPageUp() tea.Cmd   { return m.scroll(1 - m.detail.height) }
func (m *model) scrollPageDown() tea.Cmd { return m.scroll(m.detail.height - 1) }
func (m *model) scrollHalfUp() tea.Cmd   { return m.scroll(-m.detail.height / 2) }
func (m *model) scrollHalfDown() tea.Cmd { return m.scroll(m.detail.height / 2) }
func (m *model) scrollHome() tea.Cmd     { return m.scroll(-m.detail.top) }
func (m *model) scrollEnd() tea.Cmd      { return m.scroll(m.detail.length()) }

func (m *model) scroll(by int) tea.Cmd {
	m.detail.scrollTo(m.detail.top + by)
	return nil
}

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
