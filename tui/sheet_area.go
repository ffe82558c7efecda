package tui

import (
	"strings"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textarea"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"github.com/adit-tunnel/adit/tui/pane"
)

// areaSheet is a text of several lines that is typed.
type areaSheet struct {
	ed    *editing
	title string
	area  textarea.Model
	begin string // the text as it was
	wrong string
	asked bool // the person knows that what is typed would be lost
	// take gets the text; its error is shown, and the text stays. It comes after the sheet has been taken away when there is none.
	take func(*model, string) (tea.Cmd, error)
}

// askArea has a part of a request typed, which begins as text.
func (m *model) askArea(ed *editing, title, text string, take func(*model, string) (tea.Cmd, error)) tea.Cmd {
	a := textarea.New()
	a.Prompt, a.ShowLineNumbers, a.CharLimit, a.MaxHeight = "", false, typedMost, 0
	a.Cursor.SetMode(cursor.CursorStatic)
	a.KeyMap.Paste.SetEnabled(false) // terminals paste by themselves
	a.FocusedStyle = textarea.Style{Base: lipgloss.NewStyle()}
	a.SetValue(text)
	a.Focus()
	m.lay(&areaSheet{ed: ed, title: title, area: a, begin: a.Value(), take: take})
	return nil
}

func (*areaSheet) where() where       { return onArea }
func (*areaSheet) line(*model) string { return "" }

func (s *areaSheet) body(m *model, room int) []string {
	title := m.look.Title.Render(pane.Clip("Edit the "+s.title, m.look.Width))
	if s.wrong != "" {
		title = m.look.Bad.Render(pane.Clip(s.wrong, m.look.Width))
	}
	if room < 2 {
		return []string{title}[:max(room, 0)]
	}
	if s.area.Width() != m.look.Width || s.area.Height() != room-1 {
		s.fit(m.look.Width, room-1)
	}
	lines := []string{title}
	for _, l := range strings.Split(s.area.View(), "\n") {
		lines = append(lines, pane.Clip(l, m.look.Width))
	}
	return full(lines, room)
}

// fit gives the area another size, in which the cursor is seen.
func (s *areaSheet) fit(width, height int) {
	s.area.SetWidth(width)
	s.area.SetHeight(height)
	s.area.View() // it scrolls among the lines that it has drawn
	s.area, _ = s.area.Update(nil)
}

func (s *areaSheet) typed(_ *model, k tea.KeyMsg) (cmd tea.Cmd) {
	s.wrong, s.asked = "", false
	s.area, cmd = s.area.Update(k)
	return cmd
}

// dropArea takes the area away. What has been typed may be much, and the key is a habit of some: then only the second time counts.
func (m *model) dropArea() tea.Cmd {
	s, ok := m.top().(*areaSheet)
	if ok && !s.asked && s.area.Value() != s.begin {
		s.asked, s.wrong = true, m.keyOf("area.drop")+" again drops what you typed; "+m.keyOf("area.take")+" takes it"
		return nil
	}
	return m.lift()
}

func (m *model) takeArea() tea.Cmd {
	s, ok := m.top().(*areaSheet)
	if !ok {
		return nil
	}
	m.lift()
	cmd, err := s.take(m, s.area.Value())
	if err != nil {
		s.wrong = err.Error()
		m.lay(s)
	}
	return cmd
}

// areaInEditor goes on with the whole request in the person's editor. What has been typed here goes with it, if it can be read.
func (m *model) areaInEditor() tea.Cmd {
	s, ok := m.top().(*areaSheet)
	if !ok {
		return nil
	}
	send := s.ed.send
	s.ed.send = false // only the editor's text is to be sent
	m.takeArea()
	s.ed.send = send
	if m.top() == sheet(s) { // it cannot be read
		return nil
	}
	return m.editAll(s.ed)
}
