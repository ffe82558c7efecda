package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// menuGap is the cells between the keys of a menu and what they do.
const menuGap = 2

// menuSheet is one choice of several, each with a key of its own.
type menuSheet struct {
	title   string
	choices []choice
	at      int // the choice that enter takes
}

// choice is a line of a menu. run comes after the menu has been taken away.
type choice struct {
	key  string // as Bubble Tea names it
	does string
	run  func(*model) tea.Cmd
}

func (*menuSheet) where() where       { return onMenu }
func (*menuSheet) line(*model) string { return "" }

// titleMost is how many lines' worth of a title is shown: a question is whole, and a path leaves room for what can be chosen.
const titleMost = 4

func (s *menuSheet) body(m *model, room int) []string {
	var lines []string
	for i, l := range pane.Words(view.Sanitize(pane.Clip(s.title, titleMost*(m.look.Width-4))), max(m.look.Width-4, 1)) {
		if i == 0 {
			lines = append(lines, m.look.Heading(l))
		} else {
			lines = append(lines, "   "+m.look.Title.Render(l))
		}
	}
	seen := len(lines) + s.at
	column := 0
	for _, c := range s.choices {
		column = max(column, pane.Width(keyName(c.key))+menuGap)
	}
	for i, c := range s.choices {
		lines = append(lines, m.look.Choice(pane.Key{Press: keyName(c.key), Does: c.does}, column, i == s.at))
	}
	return reaching(lines, seen, room)
}

// typed takes the choice of that key.
func (s *menuSheet) typed(m *model, k tea.KeyMsg) tea.Cmd {
	for _, c := range s.choices {
		if c.key == pressed(k) {
			m.lift()
			return c.run(m)
		}
	}
	return nil
}

func (m *model) menuUp() tea.Cmd   { return m.moveInMenu(-1) }
func (m *model) menuDown() tea.Cmd { return m.moveInMenu(1) }

func (m *model) moveInMenu(by int) tea.Cmd {
	if s, ok := m.top().(*menuSheet); ok {
		s.at = min(max(s.at+by, 0), len(s.choices)-1)
	}
	return nil
}

func (m *model) takeChoice() tea.Cmd {
	s, ok := m.top().(*menuSheet)
	if !ok || len(s.choices) == 0 {
		return nil
	}
	m.lift()
	return s.choices[s.at].run(m)
}
