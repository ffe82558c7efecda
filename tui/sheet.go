package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// sheet lies over the panes and has the keyboard until it is closed: the help, a menu, a line that is typed.
type sheet interface {
	// where says which of the table's keys work on it.
	where() where
	// typed takes a key, or pasted text, that the table does not have there.
	typed(m *model, k tea.KeyMsg) tea.Cmd
	// body covers the panes from the bottom up, with at most room lines.
	body(m *model, room int) []string
	// line stands in the footer's place; "": the footer is seen.
	line(m *model) string
}

// top is the sheet that has the keyboard; nil: a pane has it.
func (m *model) top() sheet {
	if len(m.sheets) == 0 {
		return nil
	}
	return m.sheets[len(m.sheets)-1]
}

// lay puts a sheet on top. Its keys are to be seen: no toast stays in their place.
func (m *model) lay(s sheet) {
	m.sheets = append(m.sheets, s)
	m.toast = toast{}
}

// lift takes the top sheet away.
func (m *model) lift() tea.Cmd {
	if n := len(m.sheets); n > 0 {
		m.sheets = m.sheets[:n-1]
	}
	return nil
}

// where is where keys act now.
func (m *model) where() where {
	if s := m.top(); s != nil {
		return s.where()
	}
	return m.focus
}

// mistake draws what is wrong with what was typed, as lines of that width; none for "". The text may be hostile.
func (m *model) mistake(text string, width int) (lines []string) {
	if text == "" {
		return nil
	}
	for _, line := range pane.Words(view.Sanitize(text), max(width, 1)) {
		lines = append(lines, m.look.Bad.Render(line))
	}
	return lines
}

// reaching is the part of lines, at most room, that is nearest to the beginning and has line last in it.
func reaching(lines []string, last, room int) []string {
	if len(lines) <= room {
		return lines
	}
	first := max(min(last+1-room, len(lines)-room), 0)
	return lines[first : first+room]
}

// full makes lines exactly room long: a sheet of which nothing below is to be seen.
func full(lines []string, room int) []string {
	lines = lines[:min(len(lines), max(room, 0))]
	for len(lines) < room {
		lines = append(lines, "")
	}
	return lines
}
