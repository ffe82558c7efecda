package edge

import (
	"github.com/adit-tunnel/adit/wire"
)

// enlist counts a connection in; the code says why it cannot be served.
func (s *Server) enlist(c *carried) wire.Code {
	if c.way.from != nil {
		s.inherit(c)
		return wire.CodeNone
	}
	if code := s.place(c.way.account); code != wire.CodeNone {
		return code
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.carried[c] = struct{}{}
	s.count.open.Add(1)
	return wire.CodeNone
}

// inherit gives a connection the place of the one that it was: it is counted all the time, and once.
func (s *Server) inherit(c *carried) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := c.way.from; c.way.flags&wire.ReqTLS != 0 {
		c.extra = old.extra
	} else {
		s.memory.Give(old.extra)
	}
	delete(s.conns, c.way.from)
	s.carried[c] = struct{}{}
	s.tunnels++
	c.way.from = nil
}

// leaveTunnel says that one of s.tunnels is over.
func (s *Server) leaveTunnel() {
	s.mu.Lock()
	s.tunnels--
	s.checkEmpty()
	s.mu.Unlock()
}

// strike is enlist's undoing.
func (s *Server) strike(c *carried) {
	s.count.open.Add(-1)
	s.visitors.leave(c.way.account)
	s.memory.Give(connCost + c.extra)
	s.files.Give(1)
	s.mu.Lock()
	delete(s.carried, c)
	s.mu.Unlock()
}

// sweep notices what nobody reads or writes just then: a visitor's RST, and an exchange that is over. s.mu is held.
func (c *carried) sweep() {
	if c.x == nil {
		return
	}
	if !c.reading.Load() && broken(c.sock) {
		c.verdict.CompareAndSwap(0, uint32(wire.CodeVisitorGone))
		c.x.Abort(wire.CodeVisitorGone)
	}
	if c.kicked {
		return
	}
	select {
	case <-c.over:
		c.kicked = true
		c.net.SetReadDeadline(longAgo)
	default:
	}
}
