package tui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// marks are the exchanges that keys act on together, with their rows: a mark outlives a filter that its exchange does not pass.
type marks map[inspect.ID]pane.Row

func (k marks) has(id inspect.ID) bool {
	_, ok := k[id]
	return ok
}

func (k marks) toggle(r pane.Row) {
	if k.has(r.ID) {
		delete(k, r.ID)
		return
	}
	k[r.ID] = r
}

// span is a range that is being marked, from one row to the selected one.
type span struct {
	from uint64 // Seq of the row where it began; 0: there is none
	to   uint64 // and of that where it ended when it was marked last
	base marks  // what was marked before
}

// targets are the exchanges that a key acts on: those that are marked, oldest first, or else the one that is selected or open.
func (m *model) targets() []pane.Row {
	if len(m.marks) == 0 {
		if r, ok := m.current(); ok {
			return []pane.Row{r}
		}
		return nil
	}
	rows := make([]pane.Row, 0, len(m.marks))
	for _, r := range m.marks {
		if i, known := m.rows.find(r.Seq); known {
			r = m.rows.rows[i]
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b pane.Row) int { return cmp.Compare(a.Seq, b.Seq) })
	return rows
}

// current is the exchange in question: the one that is open when the detail pane has the keyboard, else the selected one.
func (m *model) current() (pane.Row, bool) {
	if m.focus == onDetail && m.detail.row.ID != "" {
		return m.detail.row, true
	}
	return m.pick()
}

// pick is the selected exchange, or the one at the live end when none is. That there is none is said.
func (m *model) pick() (pane.Row, bool) {
	r, ok := m.rows.pick()
	if !ok {
		m.say(m.look.Note.Render, "no request is listed")
	}
	return r, ok
}

// marksNote is how many are marked. Those that are not in the list are acted on, too: that is said.
func (m *model) marksNote() string {
	out := 0
	for _, r := range m.marks {
		if _, known := m.rows.find(r.Seq); !known {
			out++
		}
	}
	if out > 0 {
		return fmt.Sprintf("%d marked, %d of them not in this list", len(m.marks), out)
	}
	return fmt.Sprintf("%d marked", len(m.marks))
}

// markSelected marks the selected exchange, or takes the mark away, and goes on to the next one.
func (m *model) markSelected() tea.Cmd {
	r, ok := m.pick()
	if !ok {
		return nil
	}
	m.span = span{}
	m.marks.toggle(r)
	if at, _ := m.rows.place(r.Seq); at < len(m.rows.spots)-1 && !m.only {
		m.rows.move(1)
	}
	m.marksChanged()
	return nil
}

// markRange begins to mark a range, which goes from here to where the selection is moved; or ends it.
func (m *model) markRange() tea.Cmd {
	if m.span.from != 0 {
		m.span = span{}
		return nil
	}
	if r, ok := m.pick(); ok {
		m.span = span{from: r.Seq, base: maps.Clone(m.marks)}
	}
	return nil
}

// extendRange marks what lies between the range's beginning and the selected row. Without a selected row the range is at its end.
func (m *model) extendRange() {
	s := &m.span
	if s.from == 0 || s.to == m.rows.sel {
		return
	}
	from, known := m.rows.place(s.from)
	to, selected := m.rows.place(m.rows.sel)
	if !known || !selected {
		*s = span{}
		return
	}
	s.to = m.rows.sel
	m.marks = maps.Clone(s.base)
	for at := min(from, to); at <= max(from, to); at++ {
		r := m.rows.row(at)
		m.marks[r.ID] = *r
	}
}

// markAll marks all that are shown; when they are already, it takes all marks away, also of what is not in the list.
func (m *model) markAll() tea.Cmd {
	m.span = span{}
	if m.allMarked() {
		clear(m.marks)
	} else {
		m.markedAt = m.now
		for at := range m.rows.spots {
			r := m.rows.row(at)
			m.marks[r.ID] = *r
		}
	}
	m.marksChanged()
	return nil
}

// allMarked says that all are marked which are shown. What has come since they were marked does not count: while requests arrive, there would be no end of it.
func (m *model) allMarked() bool {
	some := len(m.rows.spots) == 0
	for at := range m.rows.spots {
		r := m.rows.row(at)
		switch {
		case m.marks.has(r.ID):
			some = true
		case !r.Start.After(m.markedAt) || m.markedAt.IsZero():
			return false
		}
	}
	return some
}

// onlyMarked hides all rows but the marked ones, or shows them again.
func (m *model) onlyMarked() tea.Cmd {
	m.only = !m.only
	m.hideRows()
	return nil
}

// marksChanged shows and hides rows again, where that depends on marks.
func (m *model) marksChanged() {
	if m.only {
		m.hideRows()
	}
}
