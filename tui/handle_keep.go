package tui

import (
	"context"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// noteLimit is how much text a note may be that is typed here, in characters.
const noteLimit = 2000

// marked says what has become of a change of marks.
type marked struct {
	what string     // "pinned", "noted"
	of   []pane.Row // that were changed
	err  error
}

// keepable are the exchanges in question, if what is kept of them can be changed here; else it is said that it cannot.
func (m *model) keepable() ([]pane.Row, bool) {
	rows := m.targets()
	if len(rows) == 0 || !m.keeps() {
		return nil, false
	}
	return rows, true
}

// keeps says whether something is kept here that can be changed, and tells the person when it is not.
func (m *model) keeps() bool {
	if m.work.source.Keeper == nil {
		m.say(m.look.Warn.Render, "nothing is kept here that could be changed")
		return false
	}
	return true
}

func (m *model) onMarked(k marked) tea.Cmd {
	switch {
	case k.err != nil:
		m.say(m.look.Bad.Render, k.what+": "+view.Sanitize(k.err.Error()))
	case len(k.of) > 1:
		m.say(m.look.Good.Render, k.what+": "+howMany(k.of))
	default:
		m.say(m.look.Good.Render, k.what)
	}
	return nil
}

// togglePin pins the exchanges in question, or takes the pin away when all of them have it.
func (m *model) togglePin() tea.Cmd {
	rows, ok := m.keepable()
	if !ok {
		return nil
	}
	w := &m.work
	return safely(func() tea.Msg {
		pin := false
		for _, r := range rows {
			it, err := w.source.Reader.Get(w.root, r.ID)
			if err != nil {
				return marked{what: "pin", err: err}
			}
			pin = pin || !it.Pinned
		}
		what := "pinned: kept until you delete it"
		if !pin {
			what = "no longer pinned"
		}
		return w.markAll(w.root, what, rows, inspect.Marks{Pinned: &pin})
	})
}

// markAll puts the same marks on exchanges.
func (w *work) markAll(ctx context.Context, what string, rows []pane.Row, k inspect.Marks) marked {
	for _, r := range rows {
		if _, err := w.source.Keeper.Mark(ctx, r.ID, k); err != nil {
			return marked{what: what, err: err}
		}
	}
	return marked{what: what, of: rows}
}

// asking is what has been read for a line to be typed.
type asking struct {
	it  inspect.Item
	err error
	ask func(*model, inspect.Item) tea.Cmd
}

// readFor reads the first of rows, and asks then.
func (m *model) readFor(rows []pane.Row, ask func(*model, inspect.Item) tea.Cmd) tea.Cmd {
	w := &m.work
	return safely(func() tea.Msg {
		it, err := w.source.Reader.Get(w.root, rows[0].ID)
		return asking{it, err, ask}
	})
}

func (m *model) onAsking(a asking) tea.Cmd {
	if a.err != nil {
		m.say(m.look.Warn.Render, unread("this request", a.err))
		return nil
	}
	if m.top() != nil { // the person has gone on to something else
		return nil
	}
	return a.ask(m, a.it)
}

// editNote has a note typed, which begins as the present one.
func (m *model) editNote() tea.Cmd {
	rows, ok := m.keepable()
	if !ok {
		return nil
	}
	return m.readFor(rows, func(m *model, it inspect.Item) tea.Cmd {
		return m.askLine("note:", "what to remember about it; an empty line takes the note away", it.Note, noteLimit, func(m *model, text string) (tea.Cmd, error) {
			text = strings.TrimSpace(text)
			what := "noted"
			if text == "" {
				what = "no note"
			}
			w := &m.work
			return safely(func() tea.Msg { return w.markAll(w.root, what, rows, inspect.Marks{Note: &text}) }), nil
		})
	})
}

// editTags has tags typed: those with a "-" before them go.
func (m *model) editTags() tea.Cmd {
	rows, ok := m.keepable()
	if !ok {
		return nil
	}
	return m.readFor(rows, func(m *model, it inspect.Item) tea.Cmd {
		ask := "tags:"
		if len(it.Tags) > 0 && len(rows) == 1 {
			ask = "tags (" + view.Sanitize(strings.Join(it.Tags, " ")) + "):"
		}
		return m.askLine(ask, "bug-42 -old", "", noteLimit, func(m *model, text string) (tea.Cmd, error) {
			k := tagsOf(text)
			if len(k.AddTags)+len(k.DelTags) == 0 {
				return nil, nil
			}
			w := &m.work
			return safely(func() tea.Msg { return w.markAll(w.root, "tagged", rows, k) }), nil
		})
	})
}

// tagsOf reads "new -old".
func tagsOf(text string) (k inspect.Marks) {
	for _, tag := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		if old, ok := strings.CutPrefix(tag, "-"); ok {
			k.DelTags = append(k.DelTags, old)
		} else {
			k.AddTags = append(k.AddTags, tag)
		}
	}
	return k
}

func idsOf(rows []pane.Row) (ids []inspect.ID) {
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}
