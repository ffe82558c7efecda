package tui

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// history is the filters that were kept, newest first. The Keeper has them for all faces; without one they last as long as the dashboard.
type history struct {
	texts []string
	at    int    // which one is in the line; -1: what was typed,
	typed string // which is this
}

// begin is called when typing begins.
func (h *history) begin(text string) { h.at, h.typed = -1, text }

// add puts a text on top.
func (h *history) add(text string) {
	h.texts = slices.DeleteFunc(h.texts, func(t string) bool { return t == text })
	h.texts = slices.Insert(h.texts, 0, text)
	h.texts = h.texts[:min(len(h.texts), inspect.MaxMemos)]
}

// step goes to an earlier one (1) or a later one (-1), past those that read as what is in the line.
func (h *history) step(by int, now string) string {
	if h.at < 0 {
		h.typed = now
	}
	for at := h.at + by; at < len(h.texts); at += by {
		if at < 0 {
			h.at = -1
			return h.typed
		}
		if h.texts[at] != now {
			h.at = at
			return h.texts[at]
		}
	}
	return now
}

// remembered is the filters that the Keeper has.
type remembered struct {
	texts []string
	err   error
}

// readFilters reads the history: another face may have added to it.
func (w *work) readFilters() tea.Cmd {
	if w.source.Keeper == nil {
		return nil
	}
	return safely(func() tea.Msg {
		texts, err := w.source.Keeper.Memos(w.root, inspect.TypedFilters)
		return remembered{texts, err}
	})
}

// rememberFilter keeps a filter beyond the run.
func (w *work) rememberFilter(text string) tea.Cmd {
	if w.source.Keeper == nil {
		return nil
	}
	return safely(func() tea.Msg {
		if err := w.source.Keeper.AddMemo(w.root, inspect.TypedFilters, text); err != nil {
			return remembered{err: err}
		}
		texts, err := w.source.Keeper.Memos(w.root, inspect.TypedFilters)
		return remembered{texts, err}
	})
}

func (m *model) onRemembered(r remembered) tea.Cmd {
	if r.err != nil {
		m.say(m.look.Warn.Render, "the filters of earlier cannot be kept: "+view.Sanitize(r.err.Error()))
		return nil
	}
	m.prompt.history.texts = r.texts
	return nil
}

func (m *model) earlierFilter() tea.Cmd { return m.stepFilter(1) }
func (m *model) laterFilter() tea.Cmd   { return m.stepFilter(-1) }

func (m *model) stepFilter(by int) tea.Cmd {
	p := &m.prompt
	p.recalled = false
	p.input.SetValue(p.history.step(by, p.input.Value()))
	p.input.CursorEnd()
	return m.filterTyped()
}
