package tui

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/pane"
)

const (
	splitFrom   = 100 // cells of terminal from which on list and detail can be seen together
	besideFrom  = 150 // and from which on they are beside each other unless the person wants it otherwise
	leastRows   = 5   // lines of the list that the head makes room for
	leastDetail = 8   // lines of the detail pane beside or below it
	leastBeside = 56  // cells of the list beside the detail pane,
	mostDetail  = 120 // which needs no more than this
	footerFrom  = 4   // lines of terminal from which on there is a footer
	nameFrom    = 14  // lines of terminal from which on what fills the screen has the name on top
	footerLines = 1
	besideRule  = " │ " // between list and detail beside each other
)

// size says how list and detail share the screen.
type size int

const (
	listOnly size = iota
	split
	detailOnly
	sizes
)

// layout is how the person wants list and detail to be seen. On a narrow terminal only the one with the keyboard is.
type layout struct {
	size   size
	turned bool // the split is the other way than the terminal's width says
}

// box is the part of the screen that a pane has; no height: it is not seen.
type box struct{ left, top, width, height int }

func (b box) seen() bool { return b.height > 0 && b.width > 0 }

// boxes are the parts of the screen.
type boxes struct {
	head         []pane.Line // of the list's screen, fitted
	own          []pane.Line // ranks of the list's own lines, on top of its box: title, views, names of the columns
	list, detail box
	beside       bool // both are seen, the detail at the right
}

// leastInline is how many lines an inline dashboard has at least, where the terminal has as many.
const leastInline = 12

// heightOf is how many of the terminal's lines the dashboard draws on: inline two thirds, so that what was there before stays in sight.
func (m *model) heightOf(terminal int) int {
	if m.inline {
		return min(max(terminal*2/3, leastInline), max(terminal-1, 0))
	}
	return terminal
}

// room is how many lines there are above the footer.
func (m *model) room() int {
	if m.height < footerFrom {
		return m.height
	}
	return m.height - footerLines
}

// arrange shares the screen out between its parts. It runs after every message, so that View only draws.
func (m *model) arrange() {
	m.boxes = m.divide()
	m.boxes.own = m.ownLines()
	m.rows.resize(m.boxes.list.height - len(m.boxes.own))
	m.extendRange()
	if m.boxes.detail.seen() && m.boxes.list.seen() {
		m.followSelection()
	}
	m.detail.lay(m.boxes.detail.height)
}

// seen is what of list and detail the screen has room for.
func (m *model) seen() size {
	switch {
	case m.look.Width >= splitFrom:
		return m.layout.size
	case m.focus == onDetail:
		return detailOnly
	}
	return listOnly
}

func (m *model) divide() boxes {
	room, width := m.room(), m.look.Width
	switch m.seen() {
	case detailOnly:
		top := len(m.name())
		return boxes{detail: box{0, top, width, max(room-top, 0)}}
	case split:
		return m.divideSplit(room, width)
	}
	head := m.head()
	head = fitHead(head, room, m.leastList(room, head))
	return boxes{head: head, list: box{0, len(head), width, max(room-len(head), 0)}}
}

// leastList is how many lines the list has at least when it is seen alone: the more there is to list, the more, up to half of the screen, as long as the
// addresses stay. What hides rows changes nothing: nothing jumps while a filter is typed.
func (m *model) leastList(room int, head []pane.Line) int {
	addresses := 0
	for _, l := range head {
		if l.Rank >= pane.RankState {
			addresses++
		}
	}
	few := min(leastRows+m.most(), max(room/3, 1))
	many := min(int(min(m.total, uint64(room)))+m.most(), room/2)
	return max(few, min(many, room-addresses))
}

// divideSplit puts the detail beside the list, or below it with a line between. The head gives way: the whole of it is one key away.
func (m *model) divideSplit(room, width int) boxes {
	head := fitHead(m.head(), room, max(leastRows+leastDetail, room*2/3))
	top := len(head)
	height := max(room-top, 0)
	if beside := width >= besideFrom != m.layout.turned; beside {
		rule := pane.Width(besideRule)
		list := max(width*2/5, min(leastBeside, width/2), width-mostDetail-rule)
		return boxes{head: head, list: box{0, top, list, height}, detail: box{list + rule, top, width - list - rule, height}, beside: true}
	}
	list := max(height*2/5, min(leastRows+m.most(), height))
	return boxes{head: head, list: box{0, top, width, list}, detail: box{0, top + list + 1, width, max(height-list-1, 0)}}
}

// head is the whole of the head.
func (m *model) head() []pane.Line { return m.look.Head(m.status, m.traffic.seen(m.status), m.now) }

// fitHead makes the head so low that least lines are left below it, where the terminal allows it.
func fitHead(head []pane.Line, room, least int) []pane.Line {
	return pane.Fit(head, room-min(least, max(room*2/3, 1)))
}

// The keys of the layout.

func (m *model) grow() tea.Cmd   { return m.resize(1) }
func (m *model) shrink() tea.Cmd { return m.resize(sizes - 1) }

// resize gives the detail more of the screen, or less, in a circle.
func (m *model) resize(by size) tea.Cmd {
	if _, ok := m.current(); !ok {
		return nil
	}
	m.layout.size = (m.layout.size + by) % sizes
	switch m.layout.size {
	case listOnly:
		m.focus = onList
	case detailOnly:
		m.openDetail()
	default:
		if m.look.Width < splitFrom { // there is no room for both
			return m.resize(by)
		}
		if r, ok := m.rows.pick(); ok {
			m.detail.show(r)
		}
	}
	return nil
}

func (m *model) turn() tea.Cmd {
	m.layout.turned = !m.layout.turned
	if m.seen() != split {
		m.say(m.look.Quiet.Render, fmt.Sprintf("list and request share the screen from %d columns on, once a request is open", splitFrom))
	}
	return nil
}

// otherPane gives the keyboard to the other pane, which is opened if it is not seen.
func (m *model) otherPane() tea.Cmd {
	if m.focus == onDetail {
		m.focus = onList
		if m.layout.size == detailOnly {
			m.layout.size = listOnly
		}
		return nil
	}
	return m.openSelected()
}
