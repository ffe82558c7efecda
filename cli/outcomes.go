package cli

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// cursorNow is the cursor that people are given: where the captures are, and when that was.
func cursorNow(ctx context.Context, s captures) (string, error) {
	now := time.Now().UnixMilli()
	place, err := s.Cursor(ctx)
	return fmt.Sprintf("%s@%d", place, now), err
}

// checkSince refuses an empty cursor: the command that should have printed it has failed, and to begin now instead would miss what came meanwhile.
func checkSince(c *cobra.Command) error {
	if f := c.Flag("since"); f.Changed && f.Value.String() == "" {
		return usage("--since \"\" is no cursor\n  \"adit requests --cursor\" prints one; look whether it has failed")
	}
	return nil
}

// outcomes yields the exchanges that match f and of which it can be told how they came out, each once, as that comes about: those that end after
// cursor, and streams from when they are open; with ends, those again when they have ended. It goes on until ctx ends, whose error is the last.
func outcomes(ctx context.Context, s captures, cursor string, f *inspect.Filter, ends bool) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		place, at, _ := strings.Cut(cursor, "@")
		since, _ := strconv.ParseInt(at, 10, 64) // without it everything counts
		from := time.UnixMilli(since)
		told := recent{}
		for it, err := range s.Changes(ctx, place, f) {
			switch {
			case err != nil:
				yield(it, err)
				return
			case it.Ended() && it.Start.Add(it.Duration).Before(from): // it was committed since, or has new marks
			case !settledOutcome(it.Exchange) || !told.add(toldAs(it, ends)):
			case !yield(it, nil):
				return
			}
		}
	}
}

// settledOutcome says that x has ended, or is a stream that has begun: an upgraded connection, events, or a connection of a tcp or tls endpoint.
func settledOutcome(x *inspect.Exchange) bool {
	return x.Ended() || x.State == inspect.Open && (x.Upgraded || x.IsConnection() || x.Response != nil && view.IsEvents(&x.Response.Message))
}

// remembered is how many exchanges recent knows at least.
const remembered = 10_000

// recent knows the exchanges that were told last.
type recent struct {
	now, before map[inspect.ID]struct{}
	n           int // that were told at all
}

// toldAs is what an exchange is remembered as that was told: with ends its end is something else than its beginning.
func toldAs(it inspect.Item, ends bool) inspect.ID {
	if ends && it.Ended() {
		return it.ID + " ended"
	}
	return it.ID
}

// add says that id is new.
func (r *recent) add(id inspect.ID) bool {
	if _, known := r.now[id]; known {
		return false
	}
	if _, known := r.before[id]; known {
		return false
	}
	if r.now == nil || len(r.now) >= remembered {
		r.before, r.now = r.now, map[inspect.ID]struct{}{}
	}
	r.now[id] = struct{}{}
	r.n++
	return true
}

// matches says whether an exchange meets f, with its content where f asks for it.
func matches(ctx context.Context, s captures, it inspect.Item, f *inspect.Filter) bool {
	return view.Matches(f, filled(ctx, s, it, f), time.Now())
}

// filled is an exchange with its content, if f asks for it. What cannot be read says nothing.
func filled(ctx context.Context, s captures, it inspect.Item, f *inspect.Filter) inspect.Item {
	if f.NeedsBody() {
		if whole, err := s.Get(ctx, it.ID); err == nil {
			return whole
		}
	}
	return it
}
