package tui

import (
	"context"
	"strconv"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
)

const (
	countLimit = 100         // matches beyond which a view is not counted
	countsTime = time.Second // how long one counting of all views may take
	countsRest = 10          // and how many times as long the next one waits: a tenth of the time is spent on it, at most
)

// readViews reads the views, and counts what they have.
func (w *work) readViews() tea.Cmd {
	return safely(func() tea.Msg {
		ctx, stop := context.WithTimeout(w.root, countsTime)
		defer stop()
		began := time.Now()
		all, err := w.source.Keeper.Views(ctx)
		out := viewed{all: all, counts: map[string]string{}, err: err}
		for _, v := range all {
			out.counts[v.Name] = w.countView(ctx, v)
		}
		out.took = time.Since(began)
		return out
	})
}

// countView is how many exchanges of this run a view has: "12", "99+"; "12+" when there was no time for more, "?" when its filter cannot be read.
func (w *work) countView(ctx context.Context, v inspect.View) string {
	f, err := inspect.ParseFilter(v.Filter)
	if err != nil {
		return "?"
	}
	n := 0
	for _, err := range w.source.Reader.List(ctx, inspect.Query{Filter: f, Run: w.source.Reader.Run(), Limit: countLimit}) {
		if err != nil {
			return strconv.Itoa(n) + "+"
		}
		if n++; n == countLimit {
			return strconv.Itoa(n-1) + "+"
		}
	}
	return strconv.Itoa(n)
}

// keepView saves or deletes a view.
func (w *work) keepView(v inspect.View, keep func(context.Context, inspect.Keeper) error, deleted bool) tea.Cmd {
	return safely(func() tea.Msg { return viewKept{v, deleted, keep(w.root, w.source.Keeper)} })
}
