package tui

import (
	"slices"
	"strconv"

	"github.com/adit-tunnel/adit/tui/pane"
)

// The footer of a place, and what it calls actions by the state of things; "" leaves one out.

// counted is the label of what is done with all that are marked: it says how many.
func counted(does string) func(*model, where) string {
	return func(m *model, _ where) string {
		if n := len(m.marks); n > 0 {
			return does + " " + strconv.Itoa(n)
		}
		return does
	}
}

// withRequest is the label of what is done with requests: it says how many of the marked ones are some, and is left out at a connection. As long as no row
// is selected, one of those in sight has to be a request.
func withRequest(does string) func(*model, where) string {
	return func(m *model, at where) string {
		if len(m.marks) > 0 {
			return m.markedRequests(does)
		}
		r, ok := m.rows.selected()
		if at == onDetail && m.detail.row.ID != "" {
			r, ok = m.detail.row, true
		}
		if ok && r.IsRequest() || !ok && m.seesRequests() {
			return does
		}
		return ""
	}
}

// seesRequests says that a row in sight is a request; of an empty list, that some may come.
func (m *model) seesRequests() bool {
	w := &m.rows
	for i := w.first; i <= w.bottom(); i++ {
		if w.row(i).IsRequest() {
			return true
		}
	}
	return len(w.spots) == 0 && !m.onlyConnections()
}

func (m *model) markedRequests(does string) string {
	n := 0
	for _, r := range m.marks {
		if r.IsRequest() {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return does + " " + strconv.Itoa(n)
}

// whenMarked is the same of what is in the list's footer only when something is marked, unlessMarked of what makes room for it.
func whenMarked(does string) func(*model, where) string {
	return func(m *model, at where) string {
		if len(m.marks) == 0 || at != onList {
			return ""
		}
		return counted(does)(m, at)
	}
}

func unlessMarked(does string) func(*model, where) string {
	return func(m *model, _ where) string {
		if len(m.marks) > 0 {
			return ""
		}
		return does
	}
}

// unlessEmpty is the label of what an empty list has another use for, until it is known to have none.
func unlessEmpty(does, empty string) func(*model, where) string {
	return func(m *model, _ where) string {
		if len(m.rows.rows) == 0 && m.prompt.filter == nil && !m.prompt.all {
			return empty
		}
		return does
	}
}

// whenOpen is the label of what is in the footer of the open request alone.
func whenOpen(does string) func(*model, where) string {
	return func(_ *model, at where) string {
		if at != onDetail {
			return ""
		}
		return does
	}
}

// whenThing is the label of what can be done with the line under the cursor, unlessThing of what makes room for it.
func whenThing(does ...string) func(*model, where) string {
	return func(m *model, at where) string {
		if can := m.thingDoes(); at == onDetail && slices.Contains(does, can) {
			return can
		}
		return ""
	}
}

func unlessThing(does string) func(*model, where) string {
	return func(m *model, _ where) string {
		if m.thingDoes() != "" {
			return ""
		}
		return does
	}
}

// thingDoes is what can be done with the line under the cursor besides reading it; "" nothing.
func (m *model) thingDoes() string {
	d := &m.detail
	if d.cursor >= len(d.doc.strips) {
		return ""
	}
	switch t := d.doc.lines[d.doc.strips[d.cursor].Line].Of; {
	case t == nil:
		return ""
	case t.Message > 0, t.Exchange != "" && t.Exchange != d.row.ID:
		return "open"
	case t.LeftOut:
		return "compare"
	case t.Rule != "" && d.tab == pane.Diff:
		return "ignore"
	}
	return ""
}

// footerKeys is the footer of a place.
func (m *model) footerKeys(at where) []pane.Key {
	var keys []pane.Key
	for i := range m.actions {
		a := &m.actions[i]
		does := a.footer
		if a.label != nil {
			does = a.label(m, at)
		}
		if does == "" || a.on&at == 0 {
			continue
		}
		if press := m.shown(a, at); press != "" {
			keys = append(keys, pane.Key{Press: press, Does: does})
		}
	}
	return keys
}
