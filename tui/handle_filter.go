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
	input     textinput.Model
	filter    *inspect.Filter      // what the list shows; nil: everything of this run
	earlier   *inspect.Filter      // what it showed when typing began, which esc brings back,
	text      string               // and how that was written
	wrong     *inspect.FilterError // what is wrong with the text as it is now
	all       bool                 // everything that matches has been found
	searching bool                 // it is being looked for
	recalled  bool                 // the line has the text of last time, which the next letter replaces
	history   history
}

func newPrompt() prompt {
	p := prompt{input: newInput("for example: stripe status:5xx path:/hook/*", "", filterLimit)}
	p.input.ShowSuggestions = true
	return p
}

// filterLimit is how much text a filter may be, in characters.
const filterLimit = 1000

// openFilter begins to type a filter. The line has what the list shows, or the text of last time.
func (m *model) openFilter() tea.Cmd {
	p := &m.prompt
	p.earlier, p.text = p.filter, p.input.Value()
	p.recalled = p.filter == nil && p.text != ""
	p.input.CursorEnd()
	p.history.begin(p.text)
	m.lay(filterSheet{})
	return tea.Batch(m.work.readFilters(), m.filterTyped())
}

// filterSheet is the line in which the filter is typed.
type filterSheet struct{}

func (filterSheet) where() where                         { return onFilter }
func (filterSheet) typed(m *model, k tea.KeyMsg) tea.Cmd { return m.typeFilter(k) }

// line is what is typed, and how much the list has of it.
func (filterSheet) line(m *model) string {
	p, width, count := &m.prompt, m.look.Width, ""
	if p.filter != nil && p.wrong == nil && pane.Width(m.count()) < width/2 {
		count = m.count()
		width -= pane.Width(count) + 1
	}
	p.input.TextStyle = m.look.Plain
	if p.recalled {
		p.input.TextStyle = m.look.Selected
	}
	return pane.Ends(m.inputLine(promptMark, &p.input, width), m.look.Quiet.Render(count), m.look.Width)
}

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
	p := &m.prompt
	if p.wrong != nil {
		return nil
	}
	m.closeFilter()
	if p.filter == nil {
		return nil
	}
	p.history.add(p.input.Value())
	return m.work.rememberFilter(p.input.Value())
}

// dropFilter goes back to the list as it was before. When that had no filter, what was typed is what the line has next time.
func (m *model) dropFilter() tea.Cmd {
	m.closeFilter()
	if p := &m.prompt; p.earlier != nil || p.input.Value() == "" {
		p.input.SetValue(p.text)
	}
	return m.show(m.prompt.earlier)
}

func (m *model) closeFilter() {
	m.prompt.wrong, m.prompt.recalled = nil, false
	m.lift()
}

// typeFilter takes what is typed or pasted.
func (m *model) typeFilter(k tea.KeyMsg) tea.Cmd {
	p := &m.prompt
	had := p.input.Value()
	if p.recalled && (k.Type == tea.KeyRunes || k.Type == tea.KeySpace) {
		p.input.SetValue("")
	}
	p.recalled = false
	var cmd tea.Cmd
	if p.input, cmd = p.input.Update(k); p.input.Value() == had {
		return cmd
	}
	return tea.Batch(cmd, m.filterTyped())
}

// filterTyped shows what the line has now, when it can be read.
func (m *model) filterTyped() tea.Cmd {
	p := &m.prompt
	p.wrong = nil
	p.input.SetSuggestions(completions(p.input.Value()))
	f, err := inspect.ParseFilter(p.input.Value())
	if err == nil {
		return m.show(f)
	}
	if !errors.As(err, &p.wrong) {
		p.wrong = &inspect.FilterError{Text: err.Error()}
	}
	return nil
}

// completions are text with its last word made a key of the language. None once the word has a value.
func completions(text string) (all []string) {
	word := strings.ToLower(text[strings.LastIndexAny(text, " (!")+1:])
	if word == "" {
		return nil
	}
	for _, k := range inspect.FilterKeys() {
		key, _, _ := strings.Cut(strings.Replace(k.Key, "NAME:", "PATH:", 1), "PATH:")
		if strings.HasPrefix(key, word) && key != word {
			all = append(all, text+key[len(word):])
		}
	}
	return all
}

// completeFilter takes the completion that is shown.
func (m *model) completeFilter() tea.Cmd { return m.typeFilter(tea.KeyMsg{Type: tea.KeyTab}) }

// setFilter shows what a filter lets through that was not typed into the line. The error is a *inspect.FilterError.
func (m *model) setFilter(text string) (tea.Cmd, error) {
	f, err := inspect.ParseFilter(text)
	if err != nil {
		return nil, err
	}
	m.prompt.input.SetValue(text)
	m.prompt.input.CursorEnd()
	return m.show(f), nil
}

// show lists what f lets through, of all runs; nil: everything of this one.
func (m *model) show(f *inspect.Filter) tea.Cmd {
	if f.String() == m.prompt.filter.String() {
		return nil
	}
	m.prompt.filter, m.prompt.searching = f, false
	m.cleared = 0
	m.hideRows()
	m.rows.filtered = f != nil
	m.work.want(f)
	return m.relist()
}

// relist empties the list, and has it read anew.
func (m *model) relist() tea.Cmd {
	p := &m.prompt
	if r, selected := m.rows.selected(); p.filter != nil || !selected || r.Nth == 0 {
		m.rows.letGo() // before the rows go: a selected one stays, to be seen among those around it
	}
	m.rows.reset(nil)
	m.rows.offset = m.rows.height / 2
	if p.all = false; p.filter == nil {
		return nil // the feed lists anew
	}
	p.searching = true
	return m.work.older(p.filter, 0)
}

// older finds what is before the oldest row, when the person is there: exchanges of earlier runs, or more of what matches.
func (m *model) older() tea.Cmd {
	before, there := m.rows.oldest()
	if !there || m.prompt.all || m.prompt.searching {
		return nil
	}
	m.prompt.searching = true
	return m.work.older(m.prompt.filter, before)
}

// onFound takes what older has found, unless another filter has been set meanwhile.
func (m *model) onFound(f found) tea.Cmd {
	if f.filter != m.prompt.filter {
		return nil
	}
	m.prompt.all, m.prompt.searching = f.all, false
	m.rows.put(m.withoutDeleted(f.rows))
	if f.err != nil {
		m.say(m.look.Bad.Render, "the store cannot be read: "+view.Sanitize(f.err.Error()))
	}
	return nil
}
