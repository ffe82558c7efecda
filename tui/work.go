package tui

import (
	"context"
	"os/exec"
	"runtime/debug"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
	"github.com/adit-tunnel/adit/tui/theme"
)

// work makes the commands. Everything that waits, reads or sends happens in them.
type work struct {
	root       context.Context // ends with the dashboard
	source     Source
	feed       *feed
	stopSearch context.CancelFunc                                                             // ends the reading of what is in the store that is under way; nil: there was none
	clip       func(ctx context.Context, text string) (ways []string, file string, err error) // as terminal.Clipboard.Put
	browse     func(address string) bool                                                      // shows a page of ours; false: there is no browser here
	exec       func(cmd *exec.Cmd, done func(error) tea.Msg) tea.Cmd                          // runs a program with the terminal
	scratches                                                                                 // what is written for other programs
	suspension tea.ExecCommand                                                                // nil: no job control
	theme      func(theme.Ground) theme.Theme
	answers    <-chan string // the terminal's, to the question for its background; nil: it is not asked
}

// beat comes once a second, for countdowns, rates that decay and toasts that go.
type beat struct{ status inspect.Status }

// safely makes a command whose panic ends the dashboard in good order.
func safely(f func() tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		defer func() {
			if v := recover(); v != nil {
				msg = &PanicError{v, debug.Stack()}
			}
		}()
		return f()
	}
}

func (w *work) next() tea.Cmd {
	return safely(func() tea.Msg { return w.feed.next() })
}

func (w *work) beat() tea.Cmd {
	return safely(func() tea.Msg {
		t := time.NewTimer(time.Second)
		defer t.Stop()
		select {
		case <-w.root.Done():
			return nil
		case <-t.C:
			return beat{w.source.Observer.Status()}
		}
	})
}

// found is what older has found.
type found struct {
	filter *inspect.Filter
	rows   []pane.Row // newest first
	all    bool       // there are no more
	err    error
}

// olderRows is how many rows older reads at once.
const olderRows = 200

// newSearch ends the search under way: there is one at a time.
func (w *work) newSearch() (ctx context.Context) {
	if w.stopSearch != nil {
		w.stopSearch()
	}
	ctx, w.stopSearch = context.WithCancel(w.root)
	return ctx
}

// want tells the feed what the list is to show.
func (w *work) want(f *inspect.Filter) {
	w.newSearch()
	w.feed.wanted.Store(&wish{f})
	select {
	case w.feed.woken <- struct{}{}:
	default:
	}
}

// older finds what matches before a place, 0: from the newest on, in all runs.
func (w *work) older(f *inspect.Filter, before uint64) tea.Cmd {
	ctx := w.newSearch()
	return safely(func() tea.Msg {
		out := found{filter: f}
		for it, err := range w.source.Reader.List(ctx, inspect.Query{Filter: f, Before: before, Limit: olderRows}) {
			if err != nil {
				if ctx.Err() == nil {
					out.err = err
				}
				return out
			}
			out.rows = append(out.rows, w.feed.row(it))
		}
		out.all = len(out.rows) < olderRows
		return out
	})
}

func (w *work) reconnect() tea.Cmd {
	return safely(func() tea.Msg {
		w.source.Controller.Reconnect()
		return nil
	})
}
