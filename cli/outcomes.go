package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
	"github.com/adit-tunnel/adit/inspect/view"
)

// cursorNow is the cursor that people are given: where the captures are, and when that was.
func cursorNow(ctx context.Context, s captures) (string, error) {
	now := time.Now().Unix()
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

// longOver is how long before a cursor an exchange must have ended to be none that came after it. Clocks may be set.
const longOver = time.Minute

// outcomes yields the exchanges that match f and of which it can be told how they came out, each once, as that comes about: those that end after
// cursor, and streams from when they are open. It goes on until ctx ends, whose error is the last.
func outcomes(ctx context.Context, s captures, cursor string, f *inspect.Filter) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		place, at, _ := strings.Cut(cursor, "@")
		since, _ := strconv.ParseInt(at, 10, 64) // without it everything counts
		from := time.Unix(since, 0).Add(-longOver)
		told := recent{}
		for it, err := range s.Changes(ctx, place, f) {
			switch {
			case err != nil:
				yield(it, err)
				return
			case it.Ended() && it.Start.Add(it.Duration).Before(from): // only its marks are new
			case !settledOutcome(it.Exchange) || !told.add(it.ID):
			case !yield(it, nil):
				return
			}
		}
	}
}

// settledOutcome says that x has ended, or is a stream that has begun: an upgraded connection, or events.
func settledOutcome(x *inspect.Exchange) bool {
	return x.Ended() || x.State == inspect.Open && (x.Upgraded || x.Response != nil && isEvents(x.Response))
}

func isEvents(r *inspect.Response) bool {
	t, _, _ := strings.Cut(view.Get(view.Headers(r.Head), "Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(t), "text/event-stream")
}

// remembered is how many exchanges recent knows at least.
const remembered = 10_000

// recent knows the exchanges that were told last.
type recent struct{ now, before map[inspect.ID]struct{} }

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
	return true
}

// textOf gives a filter the content of an exchange's messages.
func textOf(ctx context.Context, s captures, it inspect.Item) inspect.Text {
	return func(side inspect.Side) []byte {
		b, err := s.Body(ctx, it.ID, side)
		if err != nil {
			return nil
		}
		defer b.Close()
		content, _ := io.ReadAll(io.NewSectionReader(b, 0, min(b.Size(), inMemory))) // what cannot be read says nothing
		var answer []byte
		if it.Upgraded && it.Response != nil {
			answer = it.Response.Head
		}
		return decode.Text(it.Message(side).Head, answer, content)
	}
}

// matches says whether an exchange meets f, with its content where f asks for it.
func matches(ctx context.Context, s captures, it inspect.Item, f *inspect.Filter) bool {
	return f.Match(it, time.Now(), textOf(ctx, s, it))
}
