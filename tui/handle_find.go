package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// findLimit is how much text may be looked for, in characters.
const findLimit = 200

// openFind has typed what is looked for; what is found is shown at once.
func (m *model) openFind() tea.Cmd {
	d := &m.detail
	d.find.stop()
	d.find.from = d.cursor
	before := d.find
	s := &lineSheet{ask: "find", input: newInput("text in this tab", d.find.text, findLimit)}
	s.typing = func(m *model, text string) { m.detail.findText(text) }
	s.beside = func(m *model) string { return m.detail.count() }
	s.dropped = func(m *model) {
		m.detail.find = before
		m.detail.find.search(&m.detail.doc)
		m.detail.moveTo(before.from)
	}
	s.take = func(m *model, text string) (tea.Cmd, error) {
		m.detail.findText(text)
		if len(m.detail.find.found) == 0 && !m.detail.doc.whole() {
			return m.seek(), nil
		}
		return nil, nil
	}
	m.lay(s)
	return nil
}

// findText looks for text, from where the cursor was when typing began.
func (d *detail) findText(text string) {
	if text != d.find.text {
		d.find.text, d.find.at, d.find.past, d.find.around = text, 0, 0, false
		d.find.search(&d.doc)
	}
	if i := d.nearest(d.find.from); i >= 0 {
		d.showFound(i)
	} else if len(d.find.found) > 0 {
		d.showFound(0)
	} else {
		d.moveTo(d.find.from)
	}
}

func (m *model) findNext() tea.Cmd {
	d := &m.detail
	switch n := len(d.find.found); {
	case d.find.text == "":
		return m.openFind()
	case n > 0 && d.find.at < n-1:
		d.showFound(d.find.at + 1)
	case !d.doc.whole():
		return m.seek()
	case n > 0:
		d.showFound(0)
	}
	return nil
}

func (m *model) findPrevious() tea.Cmd {
	d := &m.detail
	switch n := len(d.find.found); {
	case d.find.text == "":
		return m.openFind()
	case n > 0:
		d.showFound((d.find.at + n - 1) % n)
	}
	return nil
}

// sought is what a search of the chunks that are not here has come to.
type sought struct {
	asked asked
	text  string
	found bool  // in chunk
	chunk int   // the first that has it, or that was not looked through
	read  int64 // bytes that were looked through
	all   bool  // to the end
	err   error
}

// seek looks for the text in what follows, or else from the beginning, until it is found, or a key ends it.
func (m *model) seek() tea.Cmd {
	d := &m.detail
	if d.find.end != nil {
		return nil
	}
	ctx, end := context.WithCancel(m.work.root)
	d.find.end, m.toast = end, toast{} // what is said of the search before holds no more
	from := max(d.doc.page+len(d.doc.starts), d.find.past)
	if d.find.around || !d.doc.more() {
		from = 0
	}
	return m.work.seek(ctx, m.opening(d.have), from, d.find.text)
}

func (m *model) onSought(s sought) tea.Cmd {
	d := &m.detail
	if d.find.end == nil || s.asked.id != d.row.ID || s.asked.tab != d.tab || s.text != d.find.text {
		return nil
	}
	d.find.stop()
	switch {
	case s.err != nil:
		m.say(m.look.Bad.Render, "the content cannot be read: "+view.Sanitize(s.err.Error()))
	case s.found:
		d.page, d.goal, d.find.past, d.find.around = s.chunk, goFound, 0, false
	case s.all && d.doc.page > 0 && !d.find.around && d.doc.more():
		d.find.around = true
		m.say(m.look.Quiet.Render, "not found from here on, "+m.keyOf("find.next")+" begins anew")
	case s.all:
		m.say(m.look.Quiet.Render, "not found")
	default:
		d.find.past = s.chunk
		m.say(m.look.Quiet.Render, "not found in the next "+view.Size(s.read)+", "+m.keyOf("find.next")+" looks further")
	}
	return nil
}

// openPath has typed a path within JSON content: what it leads to is all that is shown then.
func (m *model) openPath() tea.Cmd {
	d := &m.detail
	if d.tab != pane.Request && d.tab != pane.Response {
		m.openTab(pane.Response)
	}
	return m.askLine("path", "for example: $.data.items[*].id; nothing: the whole content", d.path, inspect.MaxMemo, func(m *model, text string) (tea.Cmd, error) {
		if text != "" {
			if _, err := inspect.ParseJSONPath(text); err != nil {
				return nil, err
			}
		}
		m.detail.path, m.detail.goal = text, goBegin
		return nil, nil
	})
}
