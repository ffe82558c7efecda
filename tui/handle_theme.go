package tui

import (
	"os"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/terminal"
	"github.com/adit-tunnel/adit/tui/theme"
)

// grounded is the terminal's answer to the question for its background.
type grounded string

// dress gives the model the styles that fit the terminal, and has that asked for its background where nobody has named one.
func (m *model) dress(o Options, out *os.File, screen *terminal.Screen) {
	ground, ask := theme.Wanted(o.Theme, os.Getenv)
	m.work.theme = func(g theme.Ground) theme.Theme {
		t := theme.New(out, g)
		t.ASCII = o.ASCII
		return t
	}
	m.look.Theme = m.work.theme(ground)
	if ask {
		m.work.answers = screen.AskBackground()
	}
}

// ground waits for the terminal's answer, which may never come.
func (w *work) ground() tea.Cmd {
	if w.answers == nil {
		return nil
	}
	return safely(func() tea.Msg {
		select {
		case <-w.root.Done():
			return nil
		case a := <-w.answers:
			return grounded(a)
		}
	})
}

// onGround draws everything anew with colours for the background there is.
func (m *model) onGround(g grounded) tea.Cmd {
	if ground := theme.GroundOf(string(g)); ground != theme.Unknown {
		m.look.Theme = m.work.theme(ground)
		m.log.width = 0
		m.reread()
	}
	return nil
}
