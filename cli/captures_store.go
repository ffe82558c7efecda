package cli

import (
	"cmp"
	"context"
	"iter"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
	"github.com/adit-tunnel/adit/inspect/view"
)

// stored are the captures in the store of a state directory.
type stored struct{ *store.Store }

var _ captures = stored{}

// openStore opens the store of the state directory that c's configuration names, and makes it if there is none.
func (a *app) openStore(c *cobra.Command) (captures, error) {
	cfg, err := a.loadFrom(a.sources(c))
	if err != nil {
		return nil, err
	}
	s, err := store.Attach(store.Options{Dir: capturesDir(cfg.StateDir), Label: view.Label})
	if err != nil {
		return nil, &exitError{exitNo, err}
	}
	k := s.Keeping()
	if k.Problem != "" || k.Notice != "" { // a damaged one was moved aside: who came first has to say so
		a.complain("captures: " + cmp.Or(k.Problem, k.Notice))
	}
	if k.Waiting > 0 {
		a.complain("captures: " + counted(int(k.Waiting)) + " of a flood are kept, but not listed yet\n  a running agent lists them when it has time; without one, each command does for some")
	}
	return stored{s}, nil
}

// Cursor is the number of the last change.
func (s stored) Cursor(ctx context.Context) (string, error) {
	n, err := s.Latest(ctx)
	return strconv.FormatInt(n, 10), err
}

// changesPage is how many changes are read at once.
const changesPage = 200

// Changes reads what any agent has written since.
func (s stored) Changes(ctx context.Context, cursor string, f *inspect.Filter) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		after, err := storeCursor(cursor)
		for err == nil {
			var items []inspect.Item
			next := after
			if items, next, err = s.Store.Changes(ctx, after, changesPage); err != nil {
				break
			}
			for _, it := range items {
				if matches(ctx, s, it, f) && !yield(it, nil) {
					return
				}
			}
			if next == after {
				_, err = s.Changed(ctx, after)
			}
			after = next
		}
		yield(inspect.Item{}, cmp.Or(ctx.Err(), err)) // a query that is interrupted has an error of its own
	}
}

func storeCursor(text string) (int64, error) {
	if text == fromStart {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, usage("%q is no cursor of the store\n  \"adit requests --cursor\" prints one; with --api it is another kind", text)
	}
	return n, nil
}
