package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// session is one authenticated link with the relay, while it is up.
type session struct {
	a       *Agent
	leg     *wire.Leg
	welcome *wire.Welcome
	end     chan error // what the relay or the endpoints' fate said; the first counts
	lanes   sync.WaitGroup
	empty   chan struct{} // the last lane has ended, for now

	mu       sync.Mutex
	handle   uint32 // the last one given out: none is used twice in a session
	bindings map[uint32]*binding
	running  map[*lane]struct{}
	stats    stats
	timers   map[*endpoint]*time.Timer // binds to be tried again
	over     bool
}

// dialSession makes a session: TCP, TLS, handshake.
func (a *Agent) dialSession(ctx context.Context) (*session, error) {
	conn, err := a.dialRelay(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	auth := &wire.Auth{Token: a.o.Token, Instance: a.instance, Version: a.o.Version, OS: runtime.GOOS + "/" + runtime.GOARCH}
	s := &session{
		a: a, end: make(chan error, 1), empty: make(chan struct{}, 1),
		bindings: map[uint32]*binding{}, running: map[*lane]struct{}{}, stats: newStats(), timers: map[*endpoint]*time.Timer{},
	}
	if s.welcome, err = wire.ClientHandshake(conn, auth); err != nil {
		return nil, closing(conn, fmt.Errorf("handshake with the relay: %w", err))
	}
	s.leg, err = wire.NewAgentLeg(conn, wire.LegOptions{Go: a.o.Go, OnMessage: s.onMessage, Log: a.o.Log})
	if err != nil {
		return nil, closing(conn, err)
	}
	return s, nil
}

// closing closes what err made useless.
func closing(c net.Conn, err error) error {
	c.Close() // err says more than its error could
	return err
}

// run works the session until it is lost, ends for a reason of its own, or ctx ends and it has drained (nil).
func (s *session) run(ctx context.Context) error {
	legCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var workers sync.WaitGroup
	died := make(chan error, 1)
	workers.Add(2)
	s.a.o.Go(func() {
		defer workers.Done()
		died <- s.leg.Run(legCtx)
	})
	s.a.o.Go(func() {
		defer workers.Done()
		s.acceptAll(legCtx)
	})
	s.a.online(s)
	err := s.wait(ctx, died)
	s.a.offline()
	s.stop()
	cancel()
	workers.Wait()
	s.closeStats()
	s.lanes.Wait()
	return err
}

func (s *session) wait(ctx context.Context, died <-chan error) error {
	select {
	case err := <-died:
		return lost(err)
	case err := <-s.end:
		s.drain() // no name is left; what is under way ends where it began
		return err
	case <-ctx.Done():
		s.drain()
		return nil
	}
}

// lost words the end of a leg.
func lost(err error) error {
	var told *wire.FatalError
	if errors.As(err, &told) {
		return err
	}
	return fmt.Errorf("the link to the relay was lost: %w", err)
}

// finish ends the session with err, unless something else has already.
func (s *session) finish(err error) {
	select {
	case s.end <- err:
	default:
	}
}

// acceptAll starts a lane for each stream that the relay opens. It does nothing else: a full backlog would stop the session.
func (s *session) acceptAll(ctx context.Context) {
	for {
		stream, err := s.leg.Accept()
		if err != nil {
			return // the leg's Run says why
		}
		l, laneCtx := newLane(ctx, s.a.eng, stream, s.find, s.leg.Done())
		s.mu.Lock()
		over := s.over
		if !over {
			s.running[l] = struct{}{}
			s.lanes.Add(1)
		}
		s.mu.Unlock()
		if over {
			stream.Close()
			l.cancel()
			continue
		}
		s.a.o.Go(func() {
			defer s.lanes.Done()
			l.run(laneCtx)
			s.ended(l)
		})
	}
}

// ended forgets a lane, and wakes settle when it was the last.
func (s *session) ended(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, l)
	if len(s.running) == 0 {
		select {
		case s.empty <- struct{}{}:
		default:
		}
	}
}

func (s *session) isEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.running) == 0
}

// stop closes the leg and ends what is left of its streams: a stream alone does not show that the session has died under it.
func (s *session) stop() {
	s.leg.Close() // the session is over whatever it says
	s.mu.Lock()
	s.over = true
	lanes := make([]*lane, 0, len(s.running))
	for l := range s.running {
		lanes = append(lanes, l)
	}
	for _, t := range s.timers {
		t.Stop()
	}
	s.mu.Unlock()
	for _, l := range lanes {
		l.kill(wire.CodeLinkLost)
	}
}

// drain lets exchanges under way end, within Grace; new ones are refused. What was written last must reach the relay before the leg is
// closed: unbinding makes the relay close the idle streams, which it does behind all that it has read.
func (s *session) drain() {
	s.a.eng.stopping.Store(true)
	grace := time.NewTimer(s.a.graceLeft())
	defer grace.Stop()
	s.leg.Send(wire.MsgDrain, 0, &wire.Drain{Reason: "the agent is stopping"}) // of a dead leg: then there is nothing to drain
	s.mu.Lock()
	for h, b := range s.bindings {
		if !b.closed.Load() {
			s.leg.Send(wire.MsgUnbind, 0, &wire.Unbind{Handle: h})
		}
	}
	s.mu.Unlock()
	if s.a.eng.drained(grace.C, s.leg.Done()) {
		s.settle(farewellTime)
	}
}

// farewellTime is how long the relay may take to close what is idle.
const farewellTime = time.Second

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
	s.leg.Flush(ctx) // a relay that does not read gets no more time
}
