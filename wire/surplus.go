package wire

import "net/netip"

// surplus is what a part of a leg holds of the shared budget, beyond what it may have in any case. The part's lock guards it.
type surplus struct {
	budget *Budget // nil: as much as it wants
	own    int     // what it may have in any case
	held   uint64
}

// fits makes it hold what n bytes need; false: there is no more, and it holds what it did.
func (s *surplus) fits(n int) bool {
	want := minus(uint64(n), uint64(s.own))
	if want <= s.held {
		return true
	}
	more := s.budget.take(netip.Addr{}, s.held, want)
	if s.held+more < want {
		s.budget.give(netip.Addr{}, more)
		return false
	}
	s.held += more
	return true
}

// shrink gives back what n bytes do not need.
func (s *surplus) shrink(n int) {
	if want := minus(uint64(n), uint64(s.own)); want < s.held {
		s.budget.give(netip.Addr{}, s.held-want)
		s.held = want
	}
}
