package edge

import (
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// sweep looks at every connection each tick, and sleeps while there is none. Its clock counts only time in which this process ran: after a
// machine's sleep or a SIGSTOP nobody is punished for it.
func (s *Server) sweep() {
	t := time.NewTicker(s.lim.tick)
	defer t.Stop()
	last := time.Now()
	for {
		s.mu.Lock()
		none := s.open() == 0
		s.mu.Unlock()
		if none {
			select {
			case <-s.wake:
				last = time.Now()
			case <-s.stop:
				return
			}
		}
		select {
		case <-t.C:
		case <-s.stop:
			return
		}
		if l := s.newLim.Swap(nil); l != nil {
			s.lim.head, s.lim.idle, s.lim.body, s.lim.reader, s.lim.tick = l.head, l.idle, l.body, l.reader, l.tick // only the sweeper reads these
			t.Reset(l.tick)
		}
		elapsed := min(time.Since(last), 2*s.lim.tick)
		last = time.Now()
		now := s.clock.Add(int64(elapsed))
		s.each(func(c *conn) { c.sweep(now) })
		s.sweepCarried()
	}
}

func (s *Server) sweepCarried() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.carried {
		c.sweep()
	}
}

// sweep holds a connection's limits. It must not block.
func (c *conn) sweep(now int64) {
	l := &c.s.lim
	p := c.phase.Load() // before since, which is always stored first
	age := now - c.since.Load()
	switch p {
	case phaseHello, phaseFresh, phaseIdle:
		limit := l.head
		if p == phaseIdle {
			limit = l.idle
		}
		if age > limit || c.s.late(now-age, now) {
			c.rouse(p)
		}
	case phaseHead:
		if age > l.head {
			c.rouse(p)
		}
	case phaseBusy:
		c.sweepBusy(now, l)
	case phaseStreams:
		c.mux.Load().sweep(now, l)
	case phaseLinger:
		limit := l.linger
		if c.s.stopping.Load() && c.mux.Load() == nil { // who speaks HTTP/1.1 has nothing to say any more
			limit = min(limit, int64(500*time.Millisecond))
		}
		if r := c.reading.Load(); age > l.lingerAll || r != 0 && now-r > limit {
			c.sock.Close()
		}
	}
}

// rouse ends the read that a phase waits in, if the connection is still in that phase: its time is over.
func (c *conn) rouse(phase uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase.CompareAndSwap(phase, phaseOver) {
		c.net.SetReadDeadline(longAgo)
	}
}

// unrouse lets the connection read again.
func (c *conn) unrouse() {
	c.mu.Lock() // or rouse's deadline might come after it
	defer c.mu.Unlock()
	c.net.SetReadDeadline(time.Time{})
}

func (c *conn) sweepBusy(now int64, l *limits) {
	reading, writing := c.reading.Load(), c.writing.Load()
	stalled := func(limit int64) bool { return reading != 0 && now-reading > limit }
	switch ended := c.ended.Load(); {
	case ended != 0:
		if stalled(l.early) || now-ended > l.earlyAll {
			c.expire(wire.CodeBodyTimeout)
		}
	case stalled(l.body) && c.awaited():
		c.expire(wire.CodeBodyTimeout)
	}
	if writing != 0 && now-writing > int64(l.tick) && c.stall.stuck(writing, now, unsent(c.sock)) > l.reader {
		c.drop(wire.CodeReaderTimeout)
	}
	if c.reader.Load() == readerFree && now-c.began.Load() > l.watch && c.reader.CompareAndSwap(readerFree, readerWatch) {
		c.s.run(c.watch)
	}
	if fin, w := c.fin.Load(), c.waiting.Load(); fin != 0 && w != 0 && now-max(fin, w) > l.leave {
		c.abort(wire.CodeVisitorGone)
	}
}

// stall is the sweeper's memory of a write that does not return.
type stall struct {
	since  int64 // the write it is about
	unsent int
	moved  int64
}

// stuck is for how long the visitor has taken nothing of the write that began at since. One Write may take long with a slow visitor, so the kernel is
// asked each time how much it still has to deliver (n), and what counts is since when that has not changed.
func (st *stall) stuck(since, now int64, n int) int64 {
	if st.since != since {
		*st = stall{since: since, unsent: n, moved: since}
	}
	if n != st.unsent {
		st.unsent, st.moved = n, now
	}
	return now - st.moved
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)
