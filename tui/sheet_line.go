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
	if s.wrong == "" {
		return nil
	}
	lines := pane.Words(view.Sanitize(s.wrong), m.look.Width)
	for i := range lines {
		lines[i] = m.look.Bad.Render(lines[i])
	}
	return lines[:min(len(lines), room)]
}

func (s *lineSheet) line(m *model) string { return m.inputLine(s.ask+" ", &s.input, m.look.Width) }

// inputLine draws a line of that width, which is typed in the footer's place.
func (m *model) inputLine(ask string, in *textinput.Model, width int) string {
	ask = pane.Clip(ask, max(width/2, 1))
	in.Width = max(width-pane.Width(ask)-1, 1)
	in.PlaceholderStyle = m.look.Quiet
	return pane.Clip(m.look.Key.Render(ask)+in.View(), m.look.Width)
}

func (s *lineSheet) typed(_ *model, k tea.KeyMsg) (cmd tea.Cmd) {
	s.wrong = ""
	s.input, cmd = s.input.Update(k)
	return cmd
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
