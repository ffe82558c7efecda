package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
)

// copied is what has become of a text that was to be copied.
type copied struct {
	what string
	size int64
	ways []string // by which it was copied
	file string   // where it is instead
	err  error
}

// copy has text copied to where the person can paste it from. what names it in the toast: "the URL".
func (m *model) copy(what, text string) tea.Cmd {
	w := &m.work
	return safely(func() tea.Msg {
		c := copied{what: what, size: int64(len(text))}
		c.ways, c.file, c.err = w.clipboard.put(w.root, text)
		return c
	})
}

// onCopied says where the text is now.
func (m *model) onCopied(c copied) tea.Cmd {
	switch {
	case c.err != nil:
		m.say(m.look.Bad.Render, view.Sanitize(c.what+" cannot be copied: "+c.err.Error()))
	case c.file != "":
		m.say(m.look.Warn.Render, view.Sanitize(c.what+" ("+view.Size(c.size)+") is in "+c.file))
	default:
		m.say(m.look.Good.Render, view.Sanitize("copied "+c.what+" by "+strings.Join(c.ways, " and ")))
	}
	return nil
}
