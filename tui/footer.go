package tui

import (
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/tui/pane"
)

// How keys are called where they are shown, and the footer that is made of them.

// first is the key to show of those that do the action in a place; "" when there is none.
func (a *action) first(at where) string {
	for key := range strings.FieldsSeq(a.keys) {
		if a.at(key)&at != 0 {
			return key
		}
	}
	return ""
}

// shown is how the action's key in a place is called, together with that of its opposite; "" when there is none.
func (m *model) shown(a *action, at where) string {
	var names []string
	for i := range m.actions {
		if b := &m.actions[i]; (b.id == a.id || b.with == a.id) && b.first(at) != "" {
			names = append(names, keyName(b.first(at)))
		}
	}
	if n := len(names); n > 3 {
		return names[0] + " … " + names[n-1]
	}
	return strings.Join(names, " ")
}

// keyOf is how texts call an action: by its key, or as it is typed in the palette when it has none.
func (m *model) keyOf(id string) string {
	a := m.action(id)
	if a == nil || a.first(a.on) == "" {
		return ":" + id
	}
	return keyName(a.first(a.on))
}

// backKey is the key that goes back, or stops what is under way, in the pane that has the keyboard.
func (m *model) backKey() string {
	if m.focus == onDetail {
		return m.keyOf("detail.close")
	}
	return m.keyOf("list.back")
}

// counted is the label of what is done with all that are marked: it says how many.
func counted(does string) func(*model, where) string {
	return func(m *model, _ where) string {
		if n := len(m.marks); n > 0 {
			return does + " " + strconv.Itoa(n)
		}
		return does
	}
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
func whenThing(does string) func(*model, where) string {
	return func(m *model, at where) string {
		if at != onDetail || m.thingDoes() != does {
			return ""
		}
		return does
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
