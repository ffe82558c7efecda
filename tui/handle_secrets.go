package tui

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// bareFor is how long secrets are shown.
const bareFor = 10 * time.Second

// mask hides secrets in what is shown, but for the while after a key.
func (m *model) mask() *view.Mask {
	return &view.Mask{All: m.maskAll, Paths: m.maskPaths, Off: !m.maskAll && m.now.Before(m.detail.bare)}
}

// called is how titles and toasts call a request: its secrets stay masked, since those outlast the while.
func (m *model) called(r pane.Row) string {
	mask := view.Mask{All: m.maskAll}
	return r.Method + " " + mask.Target(r.Path)
}

// reveal shows the secrets for a while, or hides them again.
func (m *model) reveal() tea.Cmd {
	d := &m.detail
	switch {
	case m.maskAll:
		m.say(m.look.Warn.Render, "everything stays masked: the dashboard was started with mask-all")
	case m.now.Before(d.bare):
		d.bare = time.Time{}
	default:
		d.bare = m.now.Add(bareFor)
	}
	return nil
}
