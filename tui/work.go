package tui

import (
	"context"
	"runtime/debug"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// work makes the commands. Everything that waits, reads or sends happens in them.
type work struct {
	root       context.Context // the life of the dashboard
	source     Source
	feed       *feed
	done       <-chan struct{}
	replay     func(inspect.ID) (inspect.ID, error)
	search     *search
	clipboard  *clipboard
	suspension tea.ExecCommand // nil: no job control
}

// beat comes once a second, for countdowns, rates that decay and toasts that go.
type beat struct{ status inspect.Status }

// opened is an exchange read for the detail pane.
type opened struct {
	asked asked
	kept  bool // the store still has it
	view  pane.Detail
}

// replayed is the start of a replay, or why there is none.
type replayed struct {
	id  inspect.ID
	err error
}

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
		case <-w.done:
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

// search is the reading of what is in the store under way: one at a time, the next one ends it.
type search struct {
	root context.Context
	stop context.CancelFunc
}

// next ends the search under way.
func (s *search) next() context.Context {
	if s.stop != nil {
		s.stop()
	}
	ctx, stop := context.WithCancel(s.root)
	s.stop = stop
	return ctx
}

// want tells the feed what the list is to show.
func (w *work) want(f *inspect.Filter) {
	w.search.next()
	w.feed.wanted.Store(f)
	select {
	case w.feed.woken <- struct{}{}:
	default:
	}
}

// older finds what matches before a place, 0: from the newest on, in all runs.
func (w *work) older(f *inspect.Filter, before uint64) tea.Cmd {
	ctx := w.search.next()
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

// open reads an exchange and draws it.
func (w *work) open(a asked, look pane.Look) tea.Cmd {
	return safely(func() tea.Msg {
		it, err := w.source.Reader.Get(context.Background(), a.id)
		if err != nil {
			return opened{asked: a}
		}
		var origin *inspect.Exchange
		if it.ReplayOf != "" {
			if o, err := w.source.Reader.Get(context.Background(), it.ReplayOf); err == nil {
				origin = o.Exchange
			}
		}
		return opened{a, true, look.Detail(it.Exchange, origin)}
	})
}

func (w *work) send(id inspect.ID) tea.Cmd {
	return safely(func() tea.Msg {
		started, err := w.replay(id)
		return replayed{started, err}
	})
}

func (w *work) reconnect() tea.Cmd {
	return safely(func() tea.Msg {
		w.source.Controller.Reconnect()
		return nil
	})
}
