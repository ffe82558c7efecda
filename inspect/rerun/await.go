package rerun

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
)

// How often a source is asked: at least without hints, and at most with them.
const (
	slowPace = 50 * time.Millisecond
	fastPace = 2 * time.Millisecond
)

// ended waits until an exchange has ended. The store may list a replay some moments after it was sent.
func (r *runner) ended(ctx context.Context, id inspect.ID) (inspect.Item, error) {
	hints, stop := hintsOf(r.s)
	defer stop()
	for begin := time.Now(); ; {
		it, err := r.s.Get(ctx, id)
		switch {
		case err == nil && it.Ended():
			return it, nil
		case err != nil && (!errors.Is(err, inspect.ErrNotFound) || time.Since(begin) > lateTime):
			return it, err
		}
		if !pause(ctx, fastPace) {
			return it, ctx.Err()
		}
		slow := time.NewTimer(slowPace - fastPace)
		select {
		case <-hints:
		case <-slow.C:
		case <-ctx.Done():
		}
		slow.Stop()
	}
}

// hintsOf watches a source that can be watched; from others no hint ever comes.
func hintsOf(s Source) (<-chan inspect.Hint, func()) {
	if w, ok := s.(interface {
		Watch() (<-chan inspect.Hint, func())
	}); ok {
		return w.Watch()
	}
	return nil, func() {}
}

// bodies opens the contents that are not in memory; done closes them. What cannot be opened is compared as far as memory has it, and the comparison says so.
func bodies(ctx context.Context, s Source, older, newer inspect.Item) (b diff.Bodies, done func()) {
	var open []io.Closer
	at := func(it inspect.Item, side inspect.Side) io.ReaderAt {
		body := bodyOf(ctx, s, it, side)
		if body != nil {
			open = append(open, body)
		}
		return body
	}
	b = diff.Bodies{
		OldRequest: at(older, inspect.RequestSide), OldResponse: at(older, inspect.ResponseSide),
		NewRequest: at(newer, inspect.RequestSide), NewResponse: at(newer, inspect.ResponseSide),
	}
	return b, func() {
		for _, c := range open {
			_ = c.Close() // it was only read
		}
	}
}

// bodyOf opens one, when all of it is there: what has just come is written to its file for some moments more. nil: there is none.
func bodyOf(ctx context.Context, s Source, it inspect.Item, side inspect.Side) inspect.Body {
	m := it.Message(side)
	if m == nil || m.Kept <= int64(len(m.Body)) {
		return nil
	}
	for begin := time.Now(); ; {
		body, err := s.Body(ctx, it.ID, side)
		if err != nil {
			return nil
		}
		if body.Size() >= m.Kept || time.Since(begin) > lateTime {
			return body
		}
		_ = body.Close() // it was only read
		if !pause(ctx, slowPace) {
			return nil
		}
	}
}
