package agent

import (
	"context"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// drain lets the exchanges of all sessions end, within Grace; new ones are not begun: the relay gets them back untouched. What was written last must reach
// the relay before its leg is closed, so the relay closes the streams, which it does behind all that it has read.
func (a *Agent) drain(s *session) {
	a.eng.stopping.Store(true)
	grace := time.NewTimer(a.graceLeft())
	defer grace.Stop()
	all := append([]*session{s}, a.faded()...)
	giveUp(all)
	if !a.eng.drained(grace.C, s.legs.done, s.stop) { // the others end by themselves when they are lost
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewellTime)
	defer cancel()
	for _, s := range all {
		s.settle(ctx)
	}
}

// farewellTime is how long relays may take to read what they are told, and then to close what is idle.
const farewellTime = time.Second

// giveUp tells the relays that no exchange is begun any more, first in words, so that they look elsewhere, then for each stream: RESETs overtake messages.
func giveUp(all []*session) {
	ctx, cancel := context.WithTimeout(context.Background(), farewellTime)
	defer cancel()
	for _, s := range all {
		s.announce()
	}
	for _, s := range all {
		s.legs.flush(ctx) // a relay that does not read gets no more time
	}
	for _, s := range all {
		s.giveUp()
	}
}

// announce says that the agent is stopping.
func (s *session) announce() {
	for _, l := range s.legs.list() {
		_ = l.Send(wire.MsgDrain, 0, &wire.Drain{Reason: "the agent is stopping"}) // of a dead leg: then there is nothing to drain
	}
	s.mu.Lock()
	for h, b := range s.bindings {
		if !b.closed.Load() {
			_ = s.send(wire.MsgUnbind, 0, &wire.Unbind{Handle: h})
		}
	}
	s.mu.Unlock()
}

// giveUp begins nothing any more.
func (s *session) giveUp() {
	s.mu.Lock()
	s.leaving = true
	lanes := s.allLanes()
	s.mu.Unlock()
	for _, l := range lanes {
		l.giveUp()
	}
}

// settle waits until the relay has closed all streams and control frames are written, or for the end of ctx.
func (s *session) settle(ctx context.Context) {
	for waiting := true; waiting && !s.isEmpty(); {
		select {
		case <-s.empty:
		case <-s.legs.done:
			waiting = false
		case <-ctx.Done():
			waiting = false
		}
	}
	s.legs.flush(ctx)
}
