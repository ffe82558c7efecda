package tui

import (
	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// lineSheet is a line that is typed in the footer's place.
type lineSheet struct {
	ask   string // stands before it
	input textinput.Model
	wrong string // what is wrong with what was typed
	// take gets the line at enter; its error is shown, and the line stays. It comes after the sheet has been taken away when there is none.
	take func(m *model, text string) (tea.Cmd, error)

	typing  func(m *model, text string) // gets the line whenever it has changed; nil: it is not looked at before its end
	dropped func(m *model)              // comes when it is put away; nil: that does nothing
	beside  func(m *model) string       // stands at its right; nil: nothing does
}

// newInput is a line to type in.
func newInput(placeholder, text string, limit int) textinput.Model {
	in := textinput.New()
	in.Prompt, in.Placeholder, in.CharLimit = "", placeholder, limit
	in.Cursor.SetMode(cursor.CursorStatic)
	in.KeyMap.Paste.SetEnabled(false) // terminals paste by themselves
	in.SetValue(text)
	in.CursorEnd()
	in.Focus()
	return in
}

// askLine has a line typed, which begins as text.
func (m *model) askLine(ask, placeholder, text string, limit int, take func(*model, string) (tea.Cmd, error)) tea.Cmd {
	m.lay(&lineSheet{ask: ask, input: newInput(placeholder, text, limit), take: take})
	return nil
}

func (*lineSheet) where() where { return onLine }

func (s *lineSheet) body(m *model, room int) []string {
	lines := m.mistake(s.wrong, m.look.Width)
	return lines[:min(len(lines), room)]
}

func (s *lineSheet) line(m *model) string {
	note := ""
	if s.beside != nil {
		note = pane.Clip(s.beside(m), m.look.Width/2)
	}
	if note == "" {
		return m.inputLine(s.ask+" ", &s.input, m.look.Width)
	}
	line := m.inputLine(s.ask+" ", &s.input, m.look.Width-pane.Width(note)-1)
	return pane.Ends(line, m.look.Note.Render(note), m.look.Width)
}

// inputLine draws a line of that width, which is typed in the footer's place.
func (m *model) inputLine(ask string, in *textinput.Model, width int) string {
	ask = pane.Clip(ask, max(width/2, 1))
	in.Width = max(width-pane.Width(ask)-1, 1)
	in.PlaceholderStyle = m.look.Quiet
	return pane.Cut(m.look.Key.Render(ask)+view.SanitizeTyped(in.View()), width) // a completion may reach beyond it
}

func (s *lineSheet) typed(m *model, k tea.KeyMsg) (cmd tea.Cmd) {
	s.wrong = ""
	had := s.input.Value()
	s.input, cmd = s.input.Update(k)
	if text := s.input.Value(); s.typing != nil && text != had {
		s.typing(m, text)
	}
	return cmd
}

// dropLine puts the line away.
func (m *model) dropLine() tea.Cmd {
	if s, ok := m.top().(*lineSheet); ok && s.dropped != nil {
		s.dropped(m)
	}
	return m.lift()
}

func (m *model) takeLine() tea.Cmd {
	s, ok := m.top().(*lineSheet)
	if !ok {
		return nil
	}
	m.lift()
	cmd, err := s.take(m, s.input.Value())
	if err != nil {
		s.wrong = err.Error()
		m.lay(s)
	}
	return cmd
}
