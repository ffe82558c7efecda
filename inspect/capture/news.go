package capture

import (
	"sync"
	"time"
)

// moment is how long an exchange may keep its news to itself. Most end before it is over, and then only their end is published, which is half the work. News
// are told after one moment and before two.
const moment = 4 * time.Millisecond

// news are the taps that have something to tell, in two generations: when a moment is over, the older one is published, and the younger becomes the older.
type news struct {
	mu                    sync.Mutex
	younger, older, spare []*tap
	set                   bool // the end of the moment is waited for
}

// soon publishes t in a moment or two, unless that has happened before. Called with the tap's lock held.
func (b *Budget) soon(t *tap) {
	if t.news = true; t.waits {
		return
	}
	t.waits = true
	n := &b.news
	n.mu.Lock()
	n.younger = append(n.younger, t)
	idle := !n.set
	n.set = true
	n.mu.Unlock()
	if idle {
		time.AfterFunc(moment, b.tellNews)
	}
}

// tellNews ends a moment, and begins the next if there is anybody to wait for.
func (b *Budget) tellNews() {
	n := &b.news
	n.mu.Lock()
	due := n.older
	n.older, n.younger, n.spare = n.younger, n.spare, nil
	n.mu.Unlock()
	for _, t := range due {
		t.tellNews()
	}
	clear(due)
	n.mu.Lock()
	n.spare = due[:0]
	n.set = len(n.younger)+len(n.older) > 0
	more := n.set
	n.mu.Unlock()
	if more {
		time.AfterFunc(moment, b.tellNews)
	}
}

// tellNews publishes what nobody has been told yet; a tap whose exchange has ended is free now.
func (t *tap) tellNews() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waits = false
	switch {
	case t.x == nil: // it has ended since
		taps.Put(t)
	case t.news:
		t.publish(time.Now())
	}
}
