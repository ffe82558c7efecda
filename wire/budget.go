package wire

import (
	"math"
	"net/netip"
	"sync"
)

const (
	// legBudget is how far the windows of a leg may grow beyond FirstLimit, all together.
	legBudget = 48 << 20
	// maxResting is how much growth on which nothing comes a leg may have beside it; all legs that share a budget may have as much as that beside it. What wakes
	// is counted again, even beyond the budget.
	maxResting = 128 << 20
	// A window grows up to this part of what is free, so that there is always something left for others; and a visitor's address has at most that
	// part of the whole.
	freeShare    = 16
	visitorShare = 8
)

// Budget bounds how far the windows of many exchanges grow beyond FirstLimit, all together. Each leg has one of its own; LegOptions.Budget is one more, which
// legs share, and of which their queues and buffers grow, too. nil bounds nothing. Safe for concurrent use; it is touched only when a window or a buffer
// changes, not by exchanges that fit the first limit.
type Budget struct {
	size uint64

	mu    sync.Mutex
	held  uint64
	rests uint64
	from  map[netip.Addr]uint64 // of held, by visitor; no zeros
}

// NewBudget makes a budget of that many bytes; 0: no window grows.
func NewBudget(size int) *Budget {
	return &Budget{size: uint64(max(size, 0)), from: map[netip.Addr]uint64{}}
}

// Held is how many bytes of it are given out. It is 0 when all legs have been at rest for a moment; it may be more than the size for a while, when what rested wakes.
func (b *Budget) Held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int(b.held)
}

// take gives an exchange that has have, and wants want, as much more as may be, and returns that.
func (b *Budget) take(from netip.Addr, have, want uint64) uint64 {
	if b == nil {
		return want - have
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	want = min(want, minus(minus(b.size, b.held)/freeShare, FirstLimit))
	if from.IsValid() {
		want = min(want, have+minus(b.size/visitorShare, b.from[from]))
	}
	more := minus(want, have)
	b.add(from, more)
	return more
}

// give takes n back.
func (b *Budget) give(from netip.Addr, n uint64) {
	if b == nil || n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(from, n)
}

// rest stops counting n, if no more than most rests then.
func (b *Budget) rest(from netip.Addr, n, most uint64) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rests+n > most {
		return false
	}
	b.rests += n
	b.drop(from, n)
	return true
}

// wake counts n again, whether there is room or not: it has been granted.
func (b *Budget) wake(from netip.Addr, n uint64) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rests -= n
	b.add(from, n)
}

// all is its size; that of none is without end.
func (b *Budget) all() uint64 {
	if b == nil {
		return math.MaxUint64
	}
	return b.size
}

// add and drop are called with b.mu held.
func (b *Budget) add(from netip.Addr, n uint64) {
	b.held += n
	if from.IsValid() && n > 0 {
		b.from[from] += n
	}
}

func (b *Budget) drop(from netip.Addr, n uint64) {
	b.held -= n
	if !from.IsValid() {
		return
	}
	if b.from[from] -= n; b.from[from] == 0 {
		delete(b.from, from)
	}
}

// minus is a − b, but never below 0.
func minus(a, b uint64) uint64 { return a - min(a, b) }
