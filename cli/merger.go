package cli

import (
	"context"
	"iter"
	"sync"

	"github.com/adit-tunnel/adit/inspect"
)

// merger yields what several sequences yield, as it comes. Whoever has made one ends the context of all, and waits for them.
type merger struct {
	start func(func()) // a goroutine
	came  chan arrival
	all   sync.WaitGroup
}

// arrival is what a sequence has yielded.
type arrival struct {
	item inspect.Item
	err  error
}

// add begins a sequence. The error of one that is needed ends the whole; another one may end without being missed.
func (m *merger) add(ctx context.Context, seq iter.Seq2[inspect.Item, error], needed bool) {
	m.all.Add(1)
	m.start(func() {
		defer m.all.Done()
		for it, err := range seq {
			if err != nil && !needed {
				return
			}
			select {
			case m.came <- arrival{it, err}:
			case <-ctx.Done():
				return
			}
		}
	})
}

// run yields until nobody wants more, a needed sequence fails, or the context ends, whose error is the last one then.
func (m *merger) run(ctx context.Context, yield func(inspect.Item, error) bool) {
	for {
		select {
		case a := <-m.came:
			if !yield(a.item, a.err) || a.err != nil {
				return
			}
		case <-ctx.Done():
			yield(inspect.Item{}, ctx.Err())
			return
		}
	}
}
