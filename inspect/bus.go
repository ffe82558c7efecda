package inspect

import "sync"

// Bus tells any number of watchers that something changed. The zero value is ready. Hints are lossy and coalesced: what happened is asked of the
// Reader, whose Since says when changes have been forgotten (lagged).
type Bus struct {
	mu       sync.RWMutex
	watchers map[chan Hint]struct{}
}

// Publish hints to all watchers and never blocks: a watcher that has not taken the last hint yet will see this change, too, when it does. Publishers do not
// wait for each other; there is one for each exchange.
func (b *Bus) Publish() {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for c := range b.watchers {
		select {
		case c <- Hint{}:
		default:
		}
	}
}

// Watch returns a channel of hints with capacity 1, and a function that ends it: the channel is closed, later calls do nothing.
func (b *Bus) Watch() (hints <-chan Hint, stop func()) {
	c := make(chan Hint, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.watchers == nil {
		b.watchers = make(map[chan Hint]struct{})
	}
	b.watchers[c] = struct{}{}
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, ok := b.watchers[c]; ok {
			delete(b.watchers, c)
			close(c)
		}
	}
}
