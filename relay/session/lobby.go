package session

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
	"time"
)

// MaxGuests is how many connections may be on their way to Welcome at once.
const MaxGuests = 1024

// lobby holds the connections between accept and Welcome, and cuts those that stay too long. When it is full, a newcomer takes the place of the oldest one
// of the source that has most: an agent is through in milliseconds, so who fills the lobby with connections that say nothing, or never come to the point,
// loses his own and keeps nobody out.
type lobby struct {
	room  int
	limit time.Duration // from accept to Welcome

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
}

// origin is a source, and how many of its connections are in the lobby.
type origin struct {
	addr netip.AddrPort
	n    int
}

// enter takes conn in and cuts another one if there is no room; nil: the lobby is closed, and conn is the caller's to close. It never blocks.
func (l *lobby) enter(conn net.Conn) *guest {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	if l.guests.Len() >= l.room {
		l.cut(l.oldest())
	}
	g := &guest{conn: conn, from: l.origin(conn)}
	g.from.n++
	g.place = l.guests.PushBack(g)
	g.late = time.AfterFunc(l.limit, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.cut(g)
	})
	return g
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
	l.guests.Remove(g.place)
	g.place = nil
	if g.from.n--; g.from.n == 0 {
		delete(l.from, g.from.addr)
	}
	return true
}

// oldest is the guest that has been here longest, of those from the source that has most.
func (l *lobby) oldest() *guest {
	g := l.guests.Front().Value.(*guest)
	for e := g.place.Next(); e != nil; e = e.Next() {
		if o := e.Value.(*guest); o.from.n > g.from.n {
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
