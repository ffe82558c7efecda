package tui

import tea "github.com/charmbracelet/bubbletea"

// helpSheet shows the keys.
type helpSheet struct{ first int } // line seen

func (*helpSheet) where() where                     { return onHelp }
func (*helpSheet) typed(*model, tea.KeyMsg) tea.Cmd { return nil }
func (*helpSheet) line(*model) string               { return "" }

func (h *helpSheet) body(m *model, room int) []string {
	name, lines := m.name(), m.look.Help(m.helpGroups())
	h.first = max(min(h.first, len(lines)-(room-len(name))), 0)
	return full(append(name, lines[h.first:]...), room)
}

func (m *model) openHelp() tea.Cmd {
	m.lay(&helpSheet{})
	return nil
}

func (m *model) helpUp() tea.Cmd   { return m.scrollHelp(-1) }
func (m *model) helpDown() tea.Cmd { return m.scrollHelp(1) }

func (m *model) scrollHelp(by int) tea.Cmd {
	if h, ok := m.top().(*helpSheet); ok {
		h.first += by
	}
	return nil
}
