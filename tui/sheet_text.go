package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/pane"
)

// textSheet shows lines over the panes, to be read and scrolled.
type textSheet struct {
	title  string                            // "": none
	lines  func(m *model, room int) []string // as wide as the screen; room is how many are seen at once
	first  int                               // line seen
	follow bool                              // the last line stays in sight
	last   int                               // the highest first
	height int                               // lines seen at once
}

func (*textSheet) where() where                     { return onText }
func (*textSheet) typed(*model, tea.KeyMsg) tea.Cmd { return nil }
func (*textSheet) line(*model) string               { return "" }

func (s *textSheet) body(m *model, room int) []string {
	var head []string
	if s.title != "" && room >= nameFrom {
		head = []string{m.look.Title.Render(pane.Clip(s.title, m.look.Width)), ""}
	}
	s.height = max(room-len(head), 0)
	lines := s.lines(m, s.height)
	s.last = max(len(lines)-s.height, 0)
	if s.first = min(s.first, s.last); s.follow {
		s.first = s.last
	}
	return full(append(head, lines[s.first:]...), room)
}

func (m *model) textUp() tea.Cmd   { return m.scrollText(func(s *textSheet) int { return -1 }) }
func (m *model) textDown() tea.Cmd { return m.scrollText(func(s *textSheet) int { return 1 }) }
func (m *model) textPageUp() tea.Cmd {
	return m.scrollText(func(s *textSheet) int { return 1 - s.height })
}
func (m *model) textPageDown() tea.Cmd {
	return m.scrollText(func(s *textSheet) int { return s.height - 1 })
}
func (m *model) textBegin() tea.Cmd { return m.scrollText(func(s *textSheet) int { return -s.first }) }
func (m *model) textEnd() tea.Cmd   { return m.scrollText(func(s *textSheet) int { return s.last }) }

// scrollText moves what is seen; at the end it follows what comes.
func (m *model) scrollText(by func(*textSheet) int) tea.Cmd {
	if s, ok := m.top().(*textSheet); ok {
		s.first = max(min(s.first+by(s), s.last), 0)
		s.follow = s.first == s.last
	}
	return nil
}
