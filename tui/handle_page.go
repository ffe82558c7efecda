package tui

import (
	"net/url"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
)

// browsed says what has become of a page that was to be opened.
type browsed struct {
	url    string
	opened bool
}

// openPage opens the request in question in the browser, and shows where it is in any case.
func (m *model) openPage() tea.Cmd {
	row, ok := m.current()
	switch {
	case !ok:
		return nil
	case m.status.Web == "":
		m.say(m.look.Warn.Render, "the page is switched off: there is no local API")
		return nil
	}
	address := strings.TrimRight(m.status.Web, "/") + "/r/" + url.PathEscape(string(row.ID))
	browse := m.work.browse
	return safely(func() tea.Msg { return browsed{address, browse(address)} })
}

func (m *model) onBrowsed(b browsed) tea.Cmd {
	if b.opened {
		m.say(m.look.Good.Render, view.Sanitize("opened "+b.url))
		return nil
	}
	return m.copy("the page's URL "+b.url, b.url)
}
