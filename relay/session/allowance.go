package session

import (
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// smallestBurst is what may come at once with any limit of bandwidth: one frame of content must fit.
	smallestBurst = 64 << 10

	// glance is how often one who waits for his share looks whether he need not any more.
	glance = 100 * time.Millisecond
)

// allowance is what all endpoints of an account may take together: requests and bytes of content a second. Nil limiters set no limit, and cost nothing.
type allowance struct {
	requests, bytes atomic.Pointer[rate.Limiter]
}

// allowance is the account's one; it outlives its sessions, so that a new one does not begin with a full share.
func (s *Server) allowance(account string, l control.Limits) *allowance {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.shares[account]
	if a == nil {
		a = &allowance{}
		s.shares[account] = a
	}
	a.set(l)
	return a
}

// set takes new limits over; what was used up under the old ones stays so.
func (a *allowance) set(l control.Limits) {
	limit(&a.requests, float64(l.Rate), l.Rate)
	limit(&a.bytes, float64(l.Bandwidth), int(min(max(l.Bandwidth, smallestBurst), math.MaxInt)))
}

func limit(p *atomic.Pointer[rate.Limiter], perSecond float64, burst int) {
	have := p.Load()
	switch {
	case perSecond == 0:
		p.Store(nil)
	case have == nil:
		p.CompareAndSwap(nil, rate.NewLimiter(rate.Limit(perSecond), burst))
	case have.Limit() != rate.Limit(perSecond):
		have.SetLimit(rate.Limit(perSecond))
		have.SetBurst(burst)
	}
}

// admit counts a request; false: it is one too many.
func (a *allowance) admit() bool {
	l := a.requests.Load()
	return l == nil || l.Allow()
}

// take takes n bytes, and says when they may have passed; the zero time: now.
func (a *allowance) take(n int) (at time.Time) {
	l := a.bytes.Load()
	if l == nil {
		return time.Time{}
	}
	now := time.Now()
	for n > 0 {
		part := min(n, smallestBurst)
		if d := l.ReserveN(now, part).DelayFrom(now); d > 0 {
			at = now.Add(d)
		}
		n -= part
	}
	return at
}

// giveBack returns n bytes that were taken and will not pass: else those who leave while they wait would slow down everybody who comes after them.
func (a *allowance) giveBack(n int) {
	if l := a.bytes.Load(); l != nil {
		l.ReserveN(time.Now(), -n)
	}
}

// spent says that whoever takes something now has to wait.
func (a *allowance) spent() bool {
	l := a.bytes.Load()
	return l != nil && l.Tokens() <= 0
}

// shape lets content of the answer wait until it may pass. An error says that the exchange was given up meanwhile.
func (st *stream) shape(x *exchange, f wire.Frame) error {
	if f.Type == wire.Data && !x.pass(st.e.sess.share, len(f.Payload)) && x.aborted() {
		return x.ended()
	}
	return nil
}

// shape lets content of the request wait until it may pass.
func (x *exchange) shape(n int) {
	if st := x.st.Load(); st != nil {
		x.pass(st.e.sess.share, n)
	}
}

// pass takes n bytes of the share and waits until they may pass, but not longer than the exchange lives: false, and they are given back.
func (x *exchange) pass(share *allowance, n int) bool {
	at := share.take(n)
	if at.IsZero() {
		return true
	}
	for left := time.Until(at); left > 0; left = time.Until(at) {
		if st := x.st.Load(); x.aborted() || st == nil || st.gone.Load() {
			share.giveBack(n)
			return false
		}
		time.Sleep(min(left, glance))
	}
	return true
}
