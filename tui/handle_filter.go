package tui

import (
	"errors"
	"strings"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// prompt is what the list is filtered by, and the line in which that is typed. The list follows what is typed as soon as it can be read.
type prompt struct {
	input   textinput.Model
	filter  *inspect.Filter      // what the list shows; nil: everything of this run
	earlier *inspect.Filter      // what it showed when typing began, which esc brings back,
	text    string               // and how that was written
	wrong   *inspect.FilterError // what is wrong with the text as it is now
	all     bool                 // everything that matches has been found
}

func newPrompt() prompt {
	return prompt{input: newInput("for example: stripe status:5xx path:/hook/*", "", filterLimit)}
}

// filterLimit is how much text a filter may be, in characters.
const filterLimit = 1000

// openFilter begins to type a filter; what the list shows is in the line already.
func (m *model) openFilter() tea.Cmd {
	p := &m.prompt
	if p.filter == nil {
		p.input.SetValue("")
	}
	p.earlier, p.text = p.filter, p.input.Value()
	p.input.CursorEnd()
	m.lay(filterSheet{})
	return nil
}

// filterBy shows what text lets through.
func (m *model) filterBy(text string) (tea.Cmd, error) {
	f, err := inspect.ParseFilter(text)
	if err != nil {
		return nil, err
	}
	m.prompt.input.SetValue(text)
	return m.show(f), nil
}

// filterSheet is the line in which the filter is typed.
type filterSheet struct{}

func (filterSheet) where() where                         { return onFilter }
func (filterSheet) typed(m *model, k tea.KeyMsg) tea.Cmd { return m.typeFilter(k) }
func (filterSheet) line(m *model) string                 { return m.inputLine(promptMark, &m.prompt.input) }

// body says what is wrong with the filter.
func (filterSheet) body(m *model, room int) []string {
	if m.prompt.wrong == nil {
		return nil
	}
	lines := m.mistake()
	return lines[max(len(lines)-room, 0):]
}

// promptMark stands before the filter that is typed.
const promptMark = "/"

// mistake says what is wrong with the filter, and points at the character below; or counts to it, when only a part of the filter is seen.
func (m *model) mistake() []string {
	wrong := m.prompt.wrong
	lines := pane.Words(view.Sanitize(wrong.Text), m.look.Width)
	if pane.Width(promptMark+wrong.In)+1 <= m.look.Width {
		lines = append(lines, strings.Repeat(" ", pane.Width(promptMark+wrong.In[:wrong.At]))+"^")
	} else {
		lines = pane.Words(view.Sanitize(wrong.Error()), m.look.Width)
	}
	for i := range lines {
		lines[i] = m.look.Bad.Render(lines[i])
	}
	return lines
}

// keepFilter goes back to the list, which shows what was typed. What cannot be read stays in the line.
func (m *model) keepFilter() tea.Cmd {
	if m.prompt.wrong == nil {
		m.closeFilter()
	}
	return nil
}

// dropFilter goes back to the list as it was before.
func (m *model) dropFilter() tea.Cmd {
	m.closeFilter()
	m.prompt.input.SetValue(m.prompt.text)
	return m.show(m.prompt.earlier)
}

func (m *model) closeFilter() {
	m.prompt.wrong = nil
	m.lift()
}

// clearFilter shows everything of this run again, or the newest when it does already.
func (m *model) clearFilter() tea.Cmd {
	if m.prompt.filter == nil {
		return m.newest()
	}
	return m.show(nil)
}

// typeFilter takes what is typed or pasted.
func (m *model) typeFilter(k tea.KeyMsg) tea.Cmd {
	p := &m.prompt
	had := p.input.Value()
	var cmd tea.Cmd
	p.input, cmd = p.input.Update(k)
	if p.input.Value() == had {
		return cmd
	}
	p.wrong = nil
	f, err := inspect.ParseFilter(p.input.Value())
	if err != nil {
		if !errors.As(err, &p.wrong) {
			p.wrong = &inspect.FilterError{Text: err.Error()}
		}
		return cmd
	}
	return tea.Batch(cmd, m.show(f))
}

// show lists what f lets through, of all runs; nil: everything of this one.
func (m *model) show(f *inspect.Filter) tea.Cmd {
	if f.String() == m.prompt.filter.String() {
		return nil
	}
	m.prompt.filter, m.prompt.all = f, false
	m.rows.filtered = f != nil
	m.work.want(f)
	m.rows.reset(nil)
	m.rows.end()
	if f == nil {
		return nil // the feed lists anew
	}
	return m.work.older(f, 0)
}

// older finds what is before the oldest row, when the person is there: exchanges of earlier runs, or more of what matches.
func (m *model) older() tea.Cmd {
	if m.prompt.all || len(m.rows.rows) == 0 || m.rows.sel != m.rows.rows[0].Seq {
		return nil
	}
	m.prompt.all = true // until this has been answered
	return m.work.older(m.prompt.filter, m.rows.rows[0].Seq)
}

// onFound takes what older has found, unless another filter has been set meanwhile.
func (m *model) onFound(f found) tea.Cmd {
	if f.filter != m.prompt.filter {
		return nil
	}
	m.prompt.all = f.all
	m.rows.put(m.withoutDeleted(f.rows))
	if f.err != nil {
		m.say(m.look.Bad.Render, "the store cannot be read: "+view.Sanitize(f.err.Error()))
	}
	return nil
}
