package edge

import "github.com/adit-tunnel/adit/wire"

const (
	// connCost is what a public connection holds in memory (11 KiB, measured): itself with the small inbox, a goroutine's stack, what the runtime keeps for a
	// socket.
	connCost = 12 << 10

	// look is among how many connections the one that has been idle longest is searched, and lookMost if none of them idles: looking at all of them for each
	// newcomer would be slow exactly when many come.
	look     = 64
	lookMost = 1024

	// sheds is how often somebody is searched who makes room: the one that was found may have begun to do something.
	sheds = 2
)

// admit makes room for a connection: what is left of the budgets, or of those who have been idle for long. False: there is none.
func (s *Server) admit() bool {
	for !s.files.Take(1) {
		if !s.shed() {
			return false
		}
	}
	if !s.makeRoom(connCost) {
		s.files.Give(1)
		return false
	}
	return true
}

// makeRoom takes memory, if need be that of connections that have been idle for long. False: there is none.
func (s *Server) makeRoom(cost int64) bool {
	for !s.memory.Take(cost) {
		if !s.shed() {
			return false
		}
	}
	return true
}

// turnedAway counts a connection for which there is no room.
func (s *Server) turnedAway() {
	s.count.turnedAway.Add(1)
	s.crowded()
}

// noRoom is turnedAway for one that is not answered over HTTP.
func (s *Server) noRoom() {
	s.turnedAway()
	s.count.failed(wire.CodeRelayBusy)
}

// crowded says in the log that there is no room for a visitor.
func (s *Server) crowded() {
	if n, due := s.full.Due(); due {
		s.log.Warn("visitors are turned away: no memory or no connections are left", "times", n)
	}
}

// vacate gives a connection's place back, at its end or when it has to make room, whichever is first, and what it has taken since. s.mu is held.
func (s *Server) vacate(c *conn) {
	s.memory.Give(c.extra)
	c.extra = 0
	s.endLong(c)
	if !c.left {
		c.left = true
		s.memory.Give(connCost)
		s.files.Give(1)
	}
}

// afford takes memory, which the connection has until its end; false: there is none.
func (c *conn) afford(cost int64) bool {
	if !c.s.makeRoom(cost) {
		return false
	}
	c.s.mu.Lock()
	c.extra += cost
	c.s.mu.Unlock()
	return true
}

// shed closes the connection that has waited longest for a request, or for its visitor to leave, of some, and gives its place back; clients know that this may happen at any time.
func (s *Server) shed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range sheds {
		c := s.oldest(s.clock.Load())
		if c == nil {
			return false
		}
		if c.retire(phaseLinger) {
			s.vacate(c)
			return true
		}
	}
	return false
}

// oldest is who has waited longest, of some; nil: nobody has. In one tick no more are looked at in vain than there are. s.mu is held.
func (s *Server) oldest(now int64) (oldest *conn) {
	if s.barren.at != now {
		s.barren.at, s.barren.seen = now, 0
	}
	if s.barren.seen >= len(s.conns) {
		return nil
	}
	var most int64
	seen := 0
	for c := range s.conns {
		if wait := c.waits(now); wait > most {
			oldest, most = c, wait
		}
		if seen++; seen >= look && oldest != nil || seen >= lookMost {
			break
		}
	}
	if oldest == nil {
		s.barren.seen += seen
	}
	return oldest
}

// barren is how many connections were looked at for one to make room, at that time of the clock, where none of them could.
type barren struct {
	at   int64
	seen int
}

// waits is how long the connection has been waiting for a request, or for its visitor to leave after the last answer, if that is long enough to be shed; else 0.
func (c *conn) waits(now int64) int64 {
	switch c.phase.Load() { // before since, which is always stored first
	case phaseHello, phaseFresh, phaseIdle, phaseRest, phaseLinger:
	default:
		return 0
	}
	if age := now - c.since.Load(); age >= c.s.lim.spare {
		return age
	}
	return 0
}
