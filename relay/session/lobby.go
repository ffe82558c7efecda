package session

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/budget"
)

const (
	// MaxGuests is how many connections may be on their way to Welcome at once.
	MaxGuests = 1024

	// guestCost is what a guest holds in memory that says little: its goroutine, and TLS. What it says beyond guestFree is counted as it comes, since TLS and the
	// handshake keep it in buffers that double: a message of the handshake up to 64 KiB, Auth likewise. An agent says less than 4 KiB.
	guestCost = 24 << 10
	guestFree = 8 << 10
)

// lobby holds the connections between accept and Welcome, and cuts those that stay too long. When it is full, a newcomer takes the place of the oldest one
// of the source that costs most: an agent is through in milliseconds, so who fills the lobby with connections that say nothing, or never come to the point,
// loses his own and keeps nobody out. It is full of guests, or of what they have said.
type lobby struct {
	room   int
	memory *budget.Budget // nil: as much as they want
	limit  time.Duration  // from accept to Welcome

	mu     sync.Mutex
	guests list.List // of *guest, in order of arrival
	from   map[netip.AddrPort]*origin
	closed bool
}

// guest is a connection in the lobby.
type guest struct {
	conn  net.Conn
	from  *origin
	place *list.Element // nil: it has left, or was cut
	late  *time.Timer
	said  int   // bytes; its goroutine's
	cost  int64 // of the lobby's memory
}

// origin is a source, how many of its connections are in the lobby, and what of the memory they have.
type origin struct {
	addr netip.AddrPort
	n    int
	cost int64
}

// enter takes conn in and cuts others if there is no room; nil: the lobby is closed, and conn is the caller's to close. It never blocks.
func (l *lobby) enter(conn net.Conn) *guest {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	for l.guests.Len() >= l.room || !l.memory.Take(guestCost) {
		if l.guests.Len() == 0 {
			return nil
		}
		l.cut(l.oldest())
	}
	g := &guest{conn: conn, from: l.origin(conn), cost: guestCost}
	g.from.n++
	g.from.cost += g.cost
	g.place = l.guests.PushBack(g)
	g.late = time.AfterFunc(l.limit, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.cut(g)
	})
	return g
}

// listen says whether there is memory for n more bytes that g is about to say; it takes what that costs.
func (l *lobby) listen(g *guest, n int) bool {
	if g.said+n <= guestFree {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	more := guestCost + 2*int64(g.said+n-guestFree) - g.cost
	if g.place == nil || more > 0 && !l.memory.Take(more) {
		return false
	}
	g.cost += max(more, 0)
	g.from.cost += max(more, 0)
	return true
}

// setLimit sets how long guests may stay that come from now on.
func (l *lobby) setLimit(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit = d
}

// leave is false if the guest was cut.
func (l *lobby) leave(g *guest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remove(g)
}

// close cuts all guests, and those to come.
func (l *lobby) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for l.guests.Len() > 0 {
		l.cut(l.guests.Front().Value.(*guest))
	}
}

func (l *lobby) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.guests.Len()
}

func (l *lobby) cut(g *guest) {
	if l.remove(g) {
		g.conn.Close()
	}
}

func (l *lobby) remove(g *guest) bool {
	if g.place == nil {
		return false
	}
	g.late.Stop()
	l.memory.Give(g.cost)
	g.from.cost -= g.cost
	l.guests.Remove(g.place)
	g.place = nil
	if g.from.n--; g.from.n == 0 {
		delete(l.from, g.from.addr)
	}
	return true
}

// oldest is the guest that has been here longest, of those from the source that costs most: with many connections, or with few that say much.
func (l *lobby) oldest() *guest {
	g := l.guests.Front().Value.(*guest)
	for e := g.place.Next(); e != nil; e = e.Next() {
		if o := e.Value.(*guest); o.from.cost > g.from.cost {
			g = o
		}
	}
	return g
}

// origin finds a connection's source. On loopback each connection is one of its own: all agents of a proxy on this machine come from there.
func (l *lobby) origin(conn net.Conn) *origin {
	addr, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	if !addr.Addr().Unmap().IsLoopback() {
		addr = netip.AddrPortFrom(source(conn).Addr(), 0)
	}
	o := l.from[addr]
	if o == nil {
		o = &origin{addr: addr}
		l.from[addr] = o
	}
	return o
}
