package session

import (
	"context"
	"net/netip"

	"github.com/adit-tunnel/adit/wire"
)

// addressShare is how many streams of each leg one visitor's address may have when half of all there are belong to others: it waits for its own, like everybody
// when none is left. Addresses behind which there may be many visitors have no share.
const addressShare = 256

// shares say who has the streams of a session. What addresses have is counted only while there is a crowd, so that nobody else pays
// for it with each request; what is being opened for them always is. pools.mu guards them.
type shares struct {
	all  map[*stream]struct{} // of requests, until their close
	busy int                  // of them with a visitor
	held map[netip.Addr]int   // how many an address has; nil: there is no crowd
	// opening is how many are being opened for an address: many who come at once must not all find room for one more.
	opening map[netip.Addr]int
}

// most is how many streams there may be, on all legs.
func (p *pools) most() int { return wire.MaxStreams * max(1, len(p.legs.all())) }

// grant notes that st is a visitor's until the free that follows. p.mu is held.
func (p *pools) grant(st *stream, visitor netip.Addr) {
	if st.granted {
		return // it is pinned to this visitor
	}
	st.granted, st.holder = true, visitor
	p.shares.busy++
	if p.shares.held != nil {
		p.shares.held[wire.Account(visitor)]++
	}
}

// free notes that st is nobody's. p.mu is held.
func (p *pools) free(st *stream) {
	if !st.granted {
		return
	}
	st.granted = false
	p.shares.busy--
	if p.shares.held == nil {
		return
	}
	from := wire.Account(st.holder)
	if p.shares.held[from]--; p.shares.held[from] <= 0 {
		delete(p.shares.held, from)
	}
}

// enlist makes a stream that was just opened one of those that are counted.
func (p *pools) enlist(st *stream, visitor netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shares.all == nil {
		p.shares.all = map[*stream]struct{}{}
	}
	p.shares.all[st] = struct{}{}
	p.grant(st, visitor)
	if p.shares.held == nil && p.shares.busy > p.most()/2 {
		p.count()
	}
}

// strike takes a stream out that was closed.
func (p *pools) strike(st *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.shares.all, st)
	p.free(st)
}

// count begins to count addresses. p.mu is held.
func (p *pools) count() {
	p.shares.held = map[netip.Addr]int{}
	for st := range p.shares.all {
		if st.granted {
			p.shares.held[wire.Account(st.holder)]++
		}
	}
}

// relax stops counting when the crowd has gone. p.mu is held.
func (p *pools) relax() {
	if p.shares.busy < p.most()/4 {
		p.shares.held = nil
	}
}

// sated says that a visitor's address has its share. p.mu is held.
func (p *pools) sated(visitor netip.Addr) bool {
	if p.shares.held == nil {
		return false
	}
	from := wire.Account(visitor)
	n := p.shares.held[from]
	return from.IsValid() && n+p.shares.opening[from] >= addressShare*max(1, len(p.legs.all())) && p.shares.busy-n >= p.most()/2
}

// mayOpen says that a request of this visitor may open a stream now; opened must follow. False: its address has its share, or somebody was here before.
func (p *pools) mayOpen(visitor netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sated(visitor) || p.hungry(nil) != nil {
		return false
	}
	if p.shares.opening == nil {
		p.shares.opening = map[netip.Addr]int{}
	}
	p.shares.opening[wire.Account(visitor)]++
	return true
}

// opened follows the attempt, however it went.
func (p *pools) opened(visitor netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := wire.Account(visitor)
	if p.shares.opening[from]--; p.shares.opening[from] <= 0 {
		delete(p.shares.opening, from)
	}
}

// hungry is the first who waits, of an endpoint or nil for any, and may have another stream; nil: nobody. p.mu is held. Where many wait that may not, they are
// mostly of one address: that is asked once.
func (p *pools) hungry(of *endpoint) *waiter {
	var sated netip.Addr
	for _, w := range p.waiting {
		switch {
		case of != nil && w.e != of:
		case sated.IsValid() && w.visitor == sated:
		case !p.sated(w.visitor):
			return w
		default:
			sated = w.visitor
		}
	}
	return nil
}

// serve opens streams, as long as there is room, for those who have waited longest and may have one, up to w, who does this for all. It is nil when w has none.
func (p *pools) serve(ctx context.Context, w *waiter) (*stream, error) {
	for {
		p.mu.Lock()
		o := p.hungry(nil)
		p.mu.Unlock()
		if o == nil {
			return nil, nil
		}
		st, err := p.tryOpen(ctx, o.e, o.visitor)
		switch {
		case full(err):
			return nil, nil
		case err != nil || o == w:
			return st, err
		}
		p.mu.Lock()
		given := p.give(st, o)
		p.mu.Unlock()
		if !given {
			p.put(st)
		}
	}
}

// give hands st to o, if that waits still. p.mu is held.
func (p *pools) give(st *stream, o *waiter) bool {
	if !p.remove(o) {
		return false
	}
	p.free(st)
	p.grant(st, o.visitor)
	o.got <- st
	return true
}
