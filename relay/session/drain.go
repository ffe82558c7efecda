package session

import (
	"context"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// lastWord is how long the other side has to read why a session ends, and to close it.
const lastWord = 5 * time.Second

// Drain closes the listeners, so that another relay may take their place, refuses new sessions and binds, and tells the agents to move. Exchanges go on,
// also new ones: agents keep their old session until it is ended.
func (s *Server) Drain() {
	s.mu.Lock()
	first := !s.draining
	s.draining, s.closed = true, true
	for ln := range s.listeners {
		ln.Close()
	}
	s.mu.Unlock()
	if !first {
		return
	}
	for _, sess := range s.online() {
		sess.tell(wire.MsgDrain, &wire.Drain{Reason: "the relay is stopping"})
	}
}

// Shutdown drains, closes what has not authenticated, begins no exchange any more, and ends each session when its exchanges
// are over, all of them when ctx ends. It returns when nothing of the server is left; the error is ctx's if exchanges were cut.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	s.mu.Lock()
	s.lobby.close()
	s.mu.Unlock()
	cut := make(chan bool)
	all := s.online()
	for _, sess := range all {
		s.o.Go(func() { cut <- sess.stop(ctx) })
	}
	var err error
	for range all {
		if <-cut {
			err = context.Cause(ctx)
		}
	}
	s.wg.Wait()
	return err
}

// stop waits for the session's exchanges, says goodbye and closes it. It reports whether exchanges were cut.
func (s *session) stop(ctx context.Context) (cut bool) {
	s.pools.shutAll(wire.CodeRelayStopping)
	s.ending.Store(true)
	if !s.quiet(ctx) {
		cut = true
	}
	s.goodbye(ctx, &wire.Fatal{Code: wire.CodeRelayStopping, Text: wire.CodeRelayStopping.Info().Text, Wait: 1})
	return cut
}

// quiet waits until no exchange is under way; false: ctx or the session ended first.
func (s *session) quiet(ctx context.Context) bool {
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for s.busy.Load() > 0 {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return false
		case <-s.legs.done:
			return true
		}
	}
	return true
}

// goodbye sends Fatal, gives the other side time to read it and close, a little even when ctx has ended, and closes.
func (s *session) goodbye(ctx context.Context, f *wire.Fatal) {
	limit := lastWord
	if ctx.Err() != nil {
		ctx, limit = context.Background(), lastWord/5
	}
	s.part(ctx, f, limit)
}

// part is goodbye with the time that it takes at most.
func (s *session) part(ctx context.Context, f *wire.Fatal, limit time.Duration) {
	s.lastStats()
	s.sendTurned()
	s.legs.fatal(f)
	last, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-s.legs.done:
	case <-last.Done():
	}
	s.legs.close()
}

// onDrain: the agent takes no new work. When what is under way has ended it is told so.
func (s *session) onDrain(l *leg, id int64) {
	s.mu.Lock()
	s.draining, s.owed, s.drainID = true, l, id
	s.mu.Unlock()
	s.pools.shutAll(wire.CodeAgentStopping)
	s.ending.Store(true)
	s.wake()
}

// settled is called by keep when the exchanges of a session that ends may be over: it answers Drain, and ends a session without a name.
func (s *session) settled() {
	if s.busy.Load() > 0 {
		return
	}
	s.mu.Lock()
	asked, id := s.owed, s.drainID
	s.owed = nil
	s.mu.Unlock()
	if asked != nil {
		asked.answer(wire.MsgDrained, id, &wire.Drained{})
	}
	if s.bare() {
		s.goodbye(context.Background(), &wire.Fatal{Code: wire.CodeSuperseded, Text: wire.CodeSuperseded.Info().Text})
	}
}
