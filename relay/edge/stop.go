package edge

import (
	"context"
	"net"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

const (
	// farHandshake is how long a visitor's handshake that is under way may take to end, nearHandshake is that of one on this machine.
	farHandshake  = 250 * time.Millisecond
	nearHandshake = 10 * time.Millisecond

	// lastCallMost bounds the last call where new connections cannot be kept away.
	lastCallMost = time.Second

	// lastWord is how long a visitor may take to be told that the relay stops.
	lastWord = time.Second
)

// Shutdown stops so that no request is lost that was sent before its visitor could know. Who is at the door is let in, then the listeners close. Requests
// under way are waited for and answered with Connection: close. So are those that still come on connections that were idle, or had sent nothing yet: these
// are closed after a second, or two since their last request. When ctx ends, what is left is ended (with a page if no answer has begun, else cut), and
// ctx's error returned. No goroutine of the server is left when it returns, and the access log is written.
func (s *Server) Shutdown(ctx context.Context) error {
	first := s.leave()
	var err error
	select {
	case <-s.empty:
	case <-ctx.Done():
		err = ctx.Err()
		s.hurry()
	}
	if first {
		s.cut()
		close(s.stop)
	}
	s.helpers.Wait()
	return err
}

// HandOver is the Shutdown of a server from which another one has taken over. Nobody waits for its end, so visitors who are silent are not closed after a second, but
// after silence: few of them ask for the first time since the stop, on the connection they have, in the very moment in which it is closed.
func (s *Server) HandOver(ctx context.Context, silence time.Duration) error {
	s.silence.Store(int64(silence))
	return s.Shutdown(ctx)
}

// leave begins the stop, once: it makes the last call at every listener.
func (s *Server) leave() (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		return false
	}
	s.stopAt.Store(s.clock.Load())
	s.stopping.Store(true)
	for ln := range s.listeners {
		if d, ok := ln.(deadliner); !ok || d.SetDeadline(longAgo) != nil {
			ln.Close()
		}
	}
	s.helpers.Add(1)
	s.run(func() {
		defer s.helpers.Done()
		s.accepting.Wait()
		s.mu.Lock()
		s.closed = true
		s.checkEmpty()
		s.mu.Unlock()
		s.leaveH2()
	})
	return true
}

// leaveH2 tells the visitors of HTTP/2 who have been silent since the stop that nothing more should come (GOAWAY); answers have told the rest. That is no closed door:
// what they have just asked for is answered, or they hear that nobody has begun it.
func (s *Server) leaveH2() {
	if s.h2 == nil {
		return
	}
	t := time.NewTimer(time.Duration(s.lim.late))
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.empty:
	case <-s.begin.Done():
	}
	_ = s.h2.Shutdown(s.begin) // Shutdown counts connections by itself
}

// deadliner is a listener whose Accept can be ended without closing it.
type deadliner interface{ SetDeadline(t time.Time) error }

// lastCall lets in who is at the door. Closing a listener resets the connections that wait in it, and those whose handshake is under way, though their
// visitors may have sent a request already. So no new handshake begins any more, as far as the system can do that, and those under way are waited for.
func (s *Server) lastCall(ln net.Listener, e entrance) {
	timed, ok := ln.(deadliner)
	if !ok {
		return
	}
	wait := nearHandshake
	if mute(ln) && !addrPort(ln.Addr()).Addr().IsLoopback() {
		wait = farHandshake
	}
	begin := time.Now()
	for time.Since(begin) < lastCallMost {
		if timed.SetDeadline(time.Now().Add(max(nearHandshake, wait-time.Since(begin)))) != nil {
			return
		}
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		s.welcome(nc, e)
	}
}

// late says that a connection that has been waiting for a request since then has had its chance at the stop: nobody who has just asked goes on to be
// silent for that long, and then asks.
func (s *Server) late(since, now int64) bool {
	stop := s.stopAt.Load()
	return stop != 0 && now-stop > max(s.lim.late, s.silence.Load()) && now-since > 2*s.lim.late
}

// hurry is for when patience is over: it gives connections whose exchange was ended a moment to say so, and closes what is left.
func (s *Server) hurry() {
	s.mu.Lock()
	for ln := range s.listeners {
		ln.Close()
	}
	s.mu.Unlock()
	s.each(func(c *conn) {
		c.retire()
		c.expire(wire.CodeRelayStopping)
	})
	s.cutCarried()
	s.cut() // for exchanges that are just being begun
	t := time.NewTimer(lastWord)
	defer t.Stop()
	select {
	case <-s.empty:
	case <-t.C:
		s.accepting.Wait()
		s.each(func(c *conn) { c.cut(wire.CodeRelayStopping) })
		s.cutCarried()
		<-s.empty
	}
}

// cutCarried ends all connections that are carried: there is nothing that their visitors could be told.
func (s *Server) cutCarried() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.carried {
		c.cut(wire.CodeRelayStopping)
	}
}
