package edge

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/wire"
)

// defaultShare is how many connections one address may have: enough for a whole office behind one, too few to use up a relay's descriptors.
const defaultShare = 1000

// visitors counts connections by address; the zero Addr is nobody's.
type visitors struct {
	share atomic.Int64 // how many each may have; 0: any number

	mu   sync.Mutex
	open map[netip.Addr]int // no zeros
	full budget.Complaint
}

// setShare takes Options.Share.
func (v *visitors) setShare(share int) {
	if share == 0 {
		share = defaultShare
	}
	v.share.Store(int64(max(share, 0)))
}

// enter counts a connection; false: the address has its share.
func (v *visitors) enter(a netip.Addr) bool {
	if !a.IsValid() {
		return true
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if share := v.share.Load(); share > 0 && int64(v.open[a]) >= share { // accountOf may have seen another one
		return false
	}
	v.open[a]++
	return true
}

func (v *visitors) leave(a netip.Addr) {
	if !a.IsValid() {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open[a]--; v.open[a] == 0 {
		delete(v.open, a)
	}
}

// accountOf is whom an address's connections count for: itself, or the /64 that one customer has of IPv6. Nobody (the zero Addr), if many may come from
// there: this machine, where a proxy may stand, and the proxies that are trusted.
func (s *Server) accountOf(a netip.Addr) netip.Addr {
	switch {
	case s.visitors.share.Load() == 0, a.IsLoopback(), s.trusts(a):
		return netip.Addr{}
	case a.Is6():
		p, _ := a.Prefix(64) // fails only for what is no address
		return p.Addr()
	}
	return a
}

// place counts a connection in, of its address and among all; the code says why there is no place for it.
func (s *Server) place(account netip.Addr) wire.Code {
	if !s.visitors.enter(account) {
		s.count.turnedAway.Add(1)
		if n, due := s.visitors.full.Due(); due {
			s.log.Warn("visitors are turned away: their address has its share of connections", "address", account.String(), "share", s.visitors.share.Load(), "times", n)
		}
		return wire.CodeTooManyConns
	}
	if !s.admit() {
		s.visitors.leave(account)
		s.turnedAway()
		return wire.CodeRelayBusy
	}
	return wire.CodeNone
}
