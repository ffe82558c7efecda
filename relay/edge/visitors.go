package edge

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/errorpage"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// defaultShare is how many connections one address may have: enough for a whole office behind one, too few to use up a relay's descriptors.
	defaultShare = 1000

	// maxTold is how many visitors may be told at once that they have too many, and tellTime is how long that may take. More are just closed: who opens
	// connections by the thousand must not have a goroutine for each.
	maxTold  = 16
	tellTime = time.Second
)

// visitors counts connections by address; the zero Addr is nobody's.
type visitors struct {
	share int // how many each may have; 0: any number

	mu      sync.Mutex
	open    map[netip.Addr]int // no zeros
	telling int
	turned  int       // away, since it was logged last
	said    time.Time // when it was
}

func newVisitors(share int) visitors {
	if share == 0 {
		share = defaultShare
	}
	return visitors{share: max(share, 0), open: map[netip.Addr]int{}}
}

// enter counts a connection; false: the address has its share.
func (v *visitors) enter(a netip.Addr) bool {
	if !a.IsValid() {
		return true
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.open[a] >= v.share {
		v.turned++
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

// due says how many were turned away since it last did, once a minute.
func (v *visitors) due(now time.Time) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.said.IsZero() && now.Sub(v.said) < time.Minute {
		return 0
	}
	n := v.turned
	v.said, v.turned = now, 0
	return n
}

// tell says whether one more may be told; told must follow then.
func (v *visitors) tell() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.telling == maxTold {
		return false
	}
	v.telling++
	return true
}

func (v *visitors) told() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.telling--
}

// accountOf is whom an address's connections count for: itself, or the /64 that one customer has of IPv6. Nobody (the zero Addr), if many may come from
// there: this machine, where a proxy may stand, and the proxies that are trusted.
func (s *Server) accountOf(a netip.Addr) netip.Addr {
	switch {
	case s.visitors.share == 0, a.IsLoopback(), s.trusts(a):
		return netip.Addr{}
	case a.Is6():
		p, _ := a.Prefix(64) // fails only for what is no address
		return p.Addr()
	}
	return a
}

// takeShare counts a new connection, or turns it away if its address has its share already.
func (s *Server) takeShare(nc net.Conn) (account netip.Addr, ok bool) {
	account = s.accountOf(addrPort(nc.RemoteAddr()).Addr())
	if s.visitors.enter(account) {
		return account, true
	}
	s.count.failed(wire.CodeTooManyConns)
	if n := s.visitors.due(time.Now()); n > 0 {
		s.log.Warn("visitors are turned away: their address has its share of connections", "address", account.String(), "share", s.visitors.share, "times", n)
	}
	s.tellCrowded(nc)
	return account, false
}

// tellCrowded tells a visitor why it is not served, without reading what it asks for. It does not wait.
func (s *Server) tellCrowded(nc net.Conn) {
	if !s.visitors.tell() {
		nc.Close()
		return
	}
	s.helpers.Add(1)
	s.run(func() {
		defer s.helpers.Done()
		defer s.visitors.told()
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(tellTime))
		nc.Write(s.crowdedPage())
		if half, ok := nc.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			io.Copy(io.Discard, nc) // closing with bytes unread would be an RST, which may overtake the page
		}
	})
}

// crowdedPage is the whole answer.
func (s *Server) crowdedPage() []byte {
	id := string(appendID(nil, newID(s.now())))
	head, content := errorpage.New(wire.CodeTooManyConns, "", id).Response(errorpage.Text)
	return append(append(head, "Retry-After: 1\r\nConnection: close\r\n\r\n"...), content...)
}
