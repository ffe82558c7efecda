package agent

import (
	"context"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// drain lets the exchanges of all sessions end, within Grace; new ones are not begun: the relay gets them back untouched. What was written last must reach
// the relay before a leg is closed, so the relay closes the streams, which it does behind all that it has read.
func (a *Agent) drain(s *session) {
	a.eng.stopping.Store(true)
	grace := time.NewTimer(a.graceLeft())
	defer grace.Stop()
	all := append(a.faded(), s)
	for _, s := range all {
		s.giveUp()
	}
	if !a.eng.drained(grace.C, s.leg.Done()) {
		return
	}
	for _, s := range all {
		s.settle(farewellTime)
	}
}

// farewellTime is how long the relay may take to close what is idle.
const farewellTime = time.Second

// giveUp tells the relay that no exchange is begun any more, first in words, so that it looks elsewhere, then for each stream.
func (s *session) giveUp() {
	s.leg.Send(wire.MsgDrain, 0, &wire.Drain{Reason: "the agent is stopping"}) // of a dead leg: then there is nothing to drain
	s.mu.Lock()
	for h, b := range s.bindings {
		if !b.closed.Load() {
			s.leg.Send(wire.MsgUnbind, 0, &wire.Unbind{Handle: h})
		}
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), farewellTime)
	defer cancel()
	s.leg.Flush(ctx) // RESETs overtake messages; a relay that does not read gets no more time
	s.mu.Lock()
	s.leaving = true
	lanes := s.allLanes()
	s.mu.Unlock()
	for _, l := range lanes {
		l.giveUp()
	}
}

// settle waits until the relay has closed all streams, or for limit, and until control frames are written.
func (s *session) settle(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for waiting := true; waiting && !s.isEmpty(); {
		select {
		case <-s.empty:
		case <-s.leg.Done():
			waiting = false
		case <-ctx.Done():
			waiting = false
		}
	}
	s.leg.Flush(ctx)
}
