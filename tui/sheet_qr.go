package tui

import (
	tea "github.com/charmbracelet/bubbletea"
	"rsc.io/qr"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// openQR shows the public URL as a QR code; of several, the person chooses.
func (m *model) openQR() tea.Cmd {
	var bound []inspect.Endpoint
	for _, e := range m.status.Endpoints {
		if e.URL != "" {
			bound = append(bound, e)
		}
	}
	switch {
	case len(bound) == 0:
		m.say(m.look.Warn.Render, "there is no public URL yet")
		return nil
	case m.status.Embedded:
		m.say(m.look.Warn.Render, "this URL works on this machine only; a phone needs one of --relay HOST:PORT")
		return nil
	case len(bound) == 1:
		return m.showQR(bound[0].URL)
	}
	menu := &menuSheet{title: "QR code of which URL?"}
	for i, e := range bound[:min(len(bound), 9)] {
		menu.choices = append(menu.choices, choice{key: string(rune('1' + i)), does: view.Sanitize(e.URL), run: func(m *model) tea.Cmd { return m.showQR(e.URL) }})
	}
	m.lay(menu)
	return nil
}

func (m *model) showQR(url string) tea.Cmd {
	code, err := qr.Encode(url, qr.L)
	if err != nil {
		m.say(m.look.Bad.Render, "no QR code: "+view.Sanitize(err.Error()))
		return nil
	}
	pattern := pane.Pattern{Size: code.Size, Dark: code.Black}
	address := view.Sanitize(url)
	m.lay(&textSheet{lines: func(m *model, room int) []string {
		words := pane.Break(address, m.look.Width)
		lines := m.look.QR(pattern, room-len(words))
		if lines == nil {
			lines = append(pane.Words("The terminal is too small for a QR code of this URL.", m.look.Width), "")
		}
		return append(lines, words...)
	}})
	return nil
}
