package rerun

import (
	"context"
	"errors"
	"time"

	"github.com/adit-tunnel/adit/inspect"
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

// contents opens those that are not in memory. What cannot be opened is compared as far as memory has it, and the comparison says so.
func contents(ctx context.Context, s Source, it inspect.Item) inspect.Contents {
	c, _ := inspect.OpenContents(ctx, patient{s, it}, it)
	return c
}

// patient opens a content when all of it is there: what has just come is written to its file for some moments more.
type patient struct {
	Source
	it inspect.Item
}

func (p patient) Body(ctx context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error) {
	for begin := time.Now(); ; {
		body, err := p.Source.Body(ctx, id, side)
		if err != nil || body.Size() >= p.it.Message(side).Kept || time.Since(begin) > lateTime {
			return body, err
		}
		_ = body.Close() // it was only read
		if !pause(ctx, slowPace) {
			return nil, ctx.Err()
		}
	}
}
