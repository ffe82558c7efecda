package edge

import "github.com/adit-tunnel/adit/http1"

const (
	// longCost is what a head takes that does not fit into the small inbox: the big one, and as much again when it goes on. Until it is whole nobody knows how
	// long it will be. All of them together have half of the memory at most (longShare): who sends long heads must not keep out those who send short ones.
	longCost  = bigInbox + http1.MaxHead
	longShare = 2
)

// widen gives the connection the big inbox, until rest. http1.ErrTooLarge: it has that already; errNoRoom: there is no memory.
func (c *conn) widen() error {
	s := c.s
	switch {
	case c.in.big != nil:
		return http1.ErrTooLarge
	case !s.takeLong(longCost):
		return errNoRoom
	}
	s.mu.Lock()
	c.long = true
	s.mu.Unlock()
	c.in.widen()
	return nil
}

// refill replaces the inbox's content by p, which may be a slice of nothing but other memory and at most bigInbox long. Its error is widen's.
func (c *conn) refill(p []byte) error {
	c.in.r, c.in.w = 0, 0
	if len(p) > len(c.in.b) {
		if err := c.widen(); err != nil {
			return err
		}
	}
	c.in.w = copy(c.in.b, p)
	return nil
}

// rest gives the big inbox back if nothing is left in it, or little.
func (c *conn) rest() {
	if c.in.rest() {
		c.s.mu.Lock()
		c.s.endLong(c)
		c.s.mu.Unlock()
	}
}

// takeLong takes memory for a long head; false: there is none.
func (s *Server) takeLong(cost int64) bool {
	if s.long.Take(cost) {
		if s.makeRoom(cost) {
			return true
		}
		s.long.Give(cost)
	}
	return false
}

func (s *Server) giveLong(cost int64) {
	s.memory.Give(cost)
	s.long.Give(cost)
}

// endLong gives back what a connection's head has taken. s.mu is held.
func (s *Server) endLong(c *conn) {
	if c.long {
		c.long = false
		s.giveLong(longCost)
	}
}
