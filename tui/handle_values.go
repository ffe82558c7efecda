package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// A filter made of what one sees: the values of a request in a menu.

// value is something that a filter can be made of.
type value struct{ name, term string }

// valuesRead is the values that an exchange has.
type valuesRead struct {
	values []value
	err    error // why there are none
}

// leaveOutNext makes the next value that is chosen one that is left out.
func (m *model) leaveOutNext() tea.Cmd {
	m.without = m.now.Add(toastFor)
	m.say(m.look.Note.Render, "now choose the value to leave out")
	return nil
}

// leavesOut says that the next value is to be left out, and takes that back.
func (m *model) leavesOut() bool {
	yes := m.now.Before(m.without)
	m.without = time.Time{}
	return yes
}

// narrow adds a condition to what the list is filtered by, or with negate its opposite.
func (m *model) narrow(term string, negate bool) tea.Cmd {
	sum, err := addTerm(m.prompt.filter.String(), term, negate)
	if err == nil {
		var cmd tea.Cmd
		if cmd, err = m.setFilter(sum); err == nil {
			m.prompt.history.add(sum)
			return tea.Batch(cmd, m.work.rememberFilter(sum))
		}
	}
	m.say(m.look.Bad.Render, view.Sanitize(err.Error()))
	return nil
}

// filterByValue has the values of the selected exchange read.
func (m *model) filterByValue() tea.Cmd {
	r, ok := m.current()
	if !ok {
		return nil
	}
	return m.work.readValues(r.ID)
}

func (w *work) readValues(id inspect.ID) tea.Cmd {
	return safely(func() tea.Msg {
		it, err := w.source.Reader.Get(w.root, id)
		if err != nil {
			return valuesRead{err: err}
		}
		return valuesRead{values: valuesOf(it)}
	})
}

// onValuesRead is the menu of values.
func (m *model) onValuesRead(v valuesRead) tea.Cmd {
	if v.err != nil {
		m.say(m.look.Warn.Render, unread("this request", v.err))
		return nil
	}
	if m.maskAll {
		v.values = slices.DeleteFunc(v.values, func(v value) bool { return strings.HasPrefix(v.term, "header.") })
	}
	return m.chooseValue(v.values, m.leavesOut())
}

// valueKeys are the keys of the menu's choices.
const valueKeys = "123456789abcdefghijklmnopqrstuvwxyz"

// valueNamesFrom is how many cells of terminal there are at least where values have their names in front, which their conditions tell as well.
const valueNamesFrom = 60

func (m *model) chooseValue(values []value, negate bool) tea.Cmd {
	menu := &menuSheet{title: "Show only those with the same"}
	if negate {
		menu.title = "Leave out those with the same"
	}
	for i, v := range values[:min(len(values), len(valueKeys))] {
		does := view.Sanitize(v.term)
		if m.look.Width >= valueNamesFrom {
			does = pane.Pad(v.name, 14) + " " + does
		}
		menu.choices = append(menu.choices, choice{valueKeys[i : i+1], does, func(m *model) tea.Cmd { return m.narrow(v.term, negate) }})
	}
	other := "leave out instead"
	if negate {
		other = "show only instead"
	}
	menu.choices = append(menu.choices, choice{"!", other, func(m *model) tea.Cmd { return m.chooseValue(values, !negate) }})
	m.lay(menu)
	return nil
}

// valuesOf are the values of an exchange, those first that one looks for.
func valuesOf(it inspect.Item) []value {
	x := it.Exchange
	var all []value
	add := func(name, key, text string) {
		if text != "" {
			all = append(all, value{name, termOf(key, text)})
		}
	}
	all = append(all, statusValues(x)...)
	if x.IsConnection() {
		add("kind", "kind", x.Kind.String())
	}
	add("method", "method", x.Request.Method)
	path, _, _ := strings.Cut(x.Request.Target, "?")
	add("path", "path", path)
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		all = append(all, value{"below", "path:" + plainOr(path[:i+1]+"*", path[:i+1])})
	}
	if label := view.Label(x); label != "" {
		who, what, _ := strings.Cut(label, " · ")
		all = append(all, value{"sender", inspect.Quote(who)})
		if what != "" {
			all = append(all, value{"event", inspect.Quote(label)})
		}
	}
	add("host", "host", x.Request.Host)
	add("endpoint", "endpoint", x.Endpoint)
	if a := x.Client.Addr(); a.IsValid() {
		all = append(all, value{"client", "ip:" + a.Unmap().WithZone("").String()})
	}
	for _, f := range view.Headers(x.Request.Head) {
		if name := strings.ToLower(f.Name); tellingField(name) && !view.IsSecret(name) {
			add(name, "header."+name, f.Value)
		}
	}
	for _, tag := range it.Tags {
		add("tag", "tag", tag)
	}
	return slices.DeleteFunc(all, func(v value) bool { // what a stranger sent need not be what a filter can say
		_, err := inspect.ParseFilter(v.term)
		return err != nil
	})
}

// statusValues are the status, its class, and how far an exchange without one is.
func statusValues(x *inspect.Exchange) (all []value) {
	if r := x.Response; r != nil && r.Status >= 100 && r.Status <= 999 {
		all = append(all, value{"status", "status:" + strconv.Itoa(r.Status)}, value{"class", fmt.Sprintf("status:%dxx", r.Status/100)})
	}
	if x.State == inspect.Failed || x.Response == nil || x.IsConnection() {
		all = append(all, value{"state", "status:" + x.State.String()})
	}
	return all
}

// plainOr is pattern, when it can be written without quotes, in which a star is no star; else what contains text.
func plainOr(pattern, text string) string {
	if needsQuotes(pattern) {
		return inspect.Quote(text)
	}
	return pattern
}

// tellingField says that a header field tells requests apart: what kind of event, of content, of client.
func tellingField(name string) bool {
	for _, part := range []string{"event", "topic", "type", "user-agent", "delivery", "api-version"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
