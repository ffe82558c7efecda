package cli

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
	"github.com/adit-tunnel/adit/inspect/view"
)

// stored are the captures in the store of a state directory, and what running agents have in memory of those of which only the line was stored.
type stored struct {
	*store.Store
	agents *nearby
	asked  int    // how often Changes has asked them
	unread recent // what it could not compare
}

var _ captures = (*stored)(nil)

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
		a.complain("captures: " + view.Requests(int(k.Waiting)) + " of a flood are kept, but not listed yet\n  a running agent lists them when it has time; without one, each command does for some")
	}
	return &stored{Store: s, agents: &nearby{a: a, c: c, place: k.Place}}, nil
}

// Get asks running agents for what came faster than it could be stored.
func (s *stored) Get(ctx context.Context, id inspect.ID) (inspect.Item, error) {
	it, err := s.Store.Get(ctx, id)
	if err == nil && !it.Summary || err != nil && !errors.Is(err, inspect.ErrNotFound) {
		return it, err
	}
	for _, agent := range s.agents.all(ctx) {
		if whole, err := agent.Get(ctx, id); err == nil && !whole.Summary {
			return whole, nil
		}
	}
	return it, err
}

// Verdict asks running agents: only they know secrets, each those of its own configuration. One that does not answer knows nothing.
func (s *stored) Verdict(ctx context.Context, id inspect.ID) (whose inspect.Verdict, _ error) {
	for _, agent := range s.agents.all(ctx) {
		v, err := agent.Verdict(ctx, id)
		switch {
		case err != nil || v.State == inspect.Unsigned:
		case v.State == inspect.NoSecret:
			whose = v
		default:
			return v, nil
		}
	}
	return whose, nil
}

// Cursor is the number of the last change.
func (s *stored) Cursor(ctx context.Context) (string, error) {
	n, err := s.Latest(ctx)
	return strconv.FormatInt(n, 10), err
}

// changesPage is how many changes are read at once.
const changesPage = 200

// Changes reads what any agent has written since. A filter that asks for content is put to running agents as well: they see it in all that comes, stored or not.
func (s *stored) Changes(ctx context.Context, cursor string, f *inspect.Filter) iter.Seq2[inspect.Item, error] {
	if !f.NeedsBody() {
		return s.written(ctx, cursor, f, nil)
	}
	return func(yield func(inspect.Item, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		m := merger{start: s.agents.a.guard.Go, came: make(chan arrival)}
		defer m.all.Wait()
		defer cancel()
		witnesses := s.agents.witnesses(ctx)
		for _, w := range witnesses {
			m.add(ctx, w.Changes(ctx, w.place, f), false)
		}
		m.add(ctx, s.written(ctx, cursor, f, witnesses), true)
		m.run(ctx, yield)
	}
}

// written is Changes of what is in the store. Of what witnesses see is left out what they tell themselves.
func (s *stored) written(ctx context.Context, cursor string, f *inspect.Filter, all []witness) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		after, err := storeCursor(cursor)
		var seen int64 // what is behind it, witnesses tell
		if err == nil {
			seen, err = s.Latest(ctx)
		}
		for err == nil {
			var items []inspect.Item
			next := after
			if items, next, err = s.Store.Changes(ctx, after, changesPage); err != nil {
				break
			}
			for _, it := range items {
				told := after >= seen && slices.ContainsFunc(all, func(w witness) bool { return w.run == it.Run })
				if s.matches(ctx, it, f, told) && !yield(it, nil) {
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

// mostAsked is for how many exchanges agents are asked, each of which takes them some milliseconds.
const mostAsked = 1000

// matches says whether f takes an exchange from the store. told says that an agent tells it anyway, if there is more to it than its line.
func (s *stored) matches(ctx context.Context, it inspect.Item, f *inspect.Filter, told bool) bool {
	switch {
	case !it.Summary || !f.NeedsBody():
		return matches(ctx, s, it, f)
	case told:
		return false
	case s.asked < mostAsked:
		s.asked++
		it = filled(ctx, s, it, f)
	}
	if it.Summary && it.Ended() {
		s.unread.add(it.ID)
	}
	return view.Matches(f, it, time.Now())
}

// Unread implements captures.
func (s *stored) Unread() int { return s.unread.n }

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
