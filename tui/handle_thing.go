package tui

import (
	"encoding/json"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// thing is what the line under the cursor is about: a field, a value within JSON, another exchange.
func (m *model) thing() (t pane.Thing, ok bool) {
	d := &m.detail
	if m.focus != onDetail || d.cursor >= len(d.doc.strips) {
		return t, false
	}
	at := d.doc.strips[d.cursor].Line
	line := d.doc.lines[at]
	switch {
	case line.JSON > 0:
		return d.value(at)
	case line.Of != nil:
		return *line.Of, true
	}
	return pane.Thing{Value: line.String(), Mask: strings.Contains(line.String(), view.Masked)}, true
}

// value is the value of JSON that begins on a line.
func (d *detail) value(at int) (t pane.Thing, ok bool) {
	first := at - d.doc.lines[at].JSON + 1
	var lines []view.Line
	for i := first; i < len(d.doc.lines) && d.doc.lines[i].JSON == i-first+1; i++ {
		lines = append(lines, d.doc.lines[i].Line)
	}
	v, ok := view.ValueAt(lines, at-first)
	if !ok {
		return t, false
	}
	t = pane.Thing{Path: v.Path, Value: v.Text, Mask: strings.Contains(v.Text, view.Masked)}
	if scalar := v.Text[0] != '{' && v.Text[0] != '['; scalar && v.Path != "" {
		t.Key = "body." + v.Path
	}
	var text string
	if json.Unmarshal([]byte(v.Text), &text) == nil && v.Text != "null" {
		t.Value = text
	}
	return t, true
}

// filterByThing narrows the list to the exchanges that have the value under the cursor, or chooses among all values where there is none.
func (m *model) filterByThing() tea.Cmd {
	t, ok := m.thing()
	switch {
	case !ok || t.Key == "":
		return m.filterByValue()
	case t.Mask:
		m.say(m.look.Warn.Render, "this value is masked: show it first")
		return nil
	}
	cmd := m.narrow(termOf(t.Key, t.Value), m.leavesOut())
	if !m.boxes.list.seen() {
		m.closeDetail()
	}
	return cmd
}

// thingCopies are what can be copied of the line under the cursor.
func (m *model) thingCopies() (choices []choice) {
	t, ok := m.thing()
	if !ok {
		return nil
	}
	if t.Value != "" {
		choices = append(choices, choice{"v", "the value under the cursor", func(m *model) tea.Cmd { return m.copyThing(t) }})
	}
	if t.Path != "" {
		choices = append(choices, choice{"P", "its path, " + view.Sanitize(t.Path), func(m *model) tea.Cmd { return m.copy("the path", t.Path) }})
	}
	return choices
}

// enter opens what the line under the cursor names: another exchange, or a message. Elsewhere it goes on a line.
func (m *model) enter() tea.Cmd {
	d := &m.detail
	t, ok := m.thing()
	switch {
	case ok && t.Exchange != "" && t.Exchange != d.row.ID:
		return m.openExchange(t.Exchange)
	case ok && t.Message > 0 && t.Message == d.message:
		d.message = 0
	case ok && t.Message > 0:
		d.message = t.Message
	default:
		return m.lineDown()
	}
	return nil
}

// ignored is a rule that a key has added, or why it is not.
type ignored struct {
	rule string
	err  error
}

// ignore leaves the difference under the cursor out of this and of all further comparisons.
func (m *model) ignore() tea.Cmd {
	t, ok := m.thing()
	switch {
	case m.detail.tab != pane.Diff:
		m.say(m.look.Quiet.Render, "rules are for differences: they are in the diff tab")
		return nil
	case !ok || t.Rule == "":
		m.say(m.look.Quiet.Render, "no rule can leave this line out")
		return nil
	case m.work.source.Keeper == nil:
		m.say(m.look.Warn.Render, "nothing is kept here, rules neither")
		return nil
	}
	return m.work.ignore(t.Rule)
}

func (w *work) ignore(rule string) tea.Cmd {
	return safely(func() tea.Msg {
		return ignored{rule, w.source.Keeper.AddMemo(w.root, inspect.DiffIgnores, rule)}
	})
}

func (m *model) onIgnored(i ignored) tea.Cmd {
	if i.err != nil {
		m.say(m.look.Bad.Render, "the rule is not kept: "+view.Sanitize(i.err.Error()))
		return nil
	}
	m.say(m.look.Good.Render, view.Sanitize(i.rule+" is left out from now on"))
	m.reread()
	return nil
}
