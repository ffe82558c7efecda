package wire

import (
	"net/netip"
	"time"
)

// restAfter is how long nothing must have come on growth for it not to count.
const restAfter = 10 * time.Second

// hold is how far the window of a stream's exchange has grown beyond FirstLimit, as two budgets count it: its leg's own, and the one that legs share. That is
// the most that limit − taken may be beyond it until the next grant. The stream's lock guards it.
type hold struct {
	own, shared *Budget
	visitor     netip.Addr
	from        netip.Addr // whom it is counted for, while there is something
	size        uint64
	quiet       time.Time // since when the reader has waited, with nothing unread; zero: it does not wait
	resting     bool      // not counted
	over        bool      // the stream is closed
}

// begin gives back what the last exchange held; the next one is visitor's.
func (h *hold) begin(visitor netip.Addr) {
	h.resize(0)
	h.visitor = visitor
}

// resize makes it want, or as much of that as may be, and returns what it is now.
func (h *hold) resize(want uint64) uint64 {
	switch {
	case want < h.size:
		h.wake()
		h.own.give(h.from, h.size-want)
		h.shared.give(h.from, h.size-want)
		h.size = want
	case want > h.size && !h.over:
		h.from = Account(h.visitor)
		more := h.own.take(h.from, h.size, want)
		most := h.shared.take(h.from, h.size, h.size+more)
		h.own.give(h.from, more-most)
		h.size += most
	}
	return h.size
}

// close gives everything back for good.
func (h *hold) close() {
	h.over = true
	h.resize(0)
}

// rest stops counting growth on which nothing has come for long: a WebSocket after a burst.
func (h *hold) rest(now time.Time) {
	if h.size == 0 || h.resting || h.quiet.IsZero() || now.Sub(h.quiet) < restAfter || !h.own.rest(h.from, h.size, maxResting) {
		return
	}
	if !h.shared.rest(h.from, h.size, h.shared.all()) {
		h.own.wake(h.from, h.size)
		return
	}
	h.resting = true
}

// wake counts it again: something has come.
func (h *hold) wake() {
	h.quiet = time.Time{}
	if h.resting {
		h.own.wake(h.from, h.size)
		h.shared.wake(h.from, h.size)
		h.resting = false
	}
}

// Account is whom a visitor's growth, and its streams, are counted for: its address, or the /64 that one customer has of IPv6. Nobody, if the address is not
// known or is this machine's, from which many may come.
func Account(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || a.IsLoopback() || a.IsUnspecified() {
		return netip.Addr{}
	}
	if a.Is4() {
		return a
	}
	p, _ := a.Prefix(64) // fails only for what is no address
	return p.Addr()
}

// rest lets growth rest on which nothing comes. It is called at each tick of the leg.
func (l *Leg) rest(now time.Time) {
	if l.budget.Held() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		s.mu.Lock()
		s.hold.rest(now)
		s.mu.Unlock()
	}
}
