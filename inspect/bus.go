package inspect

import "sync"

// Bus tells any number of watchers that something changed. The zero value is ready. Hints are lossy and coalesced: what happened is asked of the
// Reader, whose Since says when changes have been forgotten (lagged).
type Bus struct {
	mu       sync.Mutex
	watchers map[chan Hint]struct{}
}

// Publish hints to all watchers and never blocks. A hint that a watcher has not taken yet is replaced by one with the newer of both versions.
func (b *Bus) Publish(h Hint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.watchers {
		next := h
		select {
		case late := <-c:
			next.Version = max(next.Version, late.Version)
		default:
		}
		// There is room: only Publish sends, and it holds the lock.
		c <- next
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
