package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// session is one authenticated link with the relay, while it is up. An agent has one, and for a while those before it that still have exchanges under way.
type session struct {
	a       *Agent
	leg     *wire.Leg
	welcome *wire.Welcome
	how     string        // by which endpoints are bound; "": by what ticket there is
	died    chan error    // why the leg has ended
	end     chan error    // what the relay or the endpoints' fate said; the first counts
	leave   chan struct{} // of one place: another session should take this one's place
	asked   chan struct{} // of one place: a sign of life is wanted
	proving atomic.Bool   // … and awaited
	kill    context.CancelFunc
	workers sync.WaitGroup
	lanes   sync.WaitGroup
	empty   chan struct{} // the last lane has ended, for now

	mu       sync.Mutex
	handle   uint32 // the last one given out: none is used twice in a session
	bindings map[uint32]*binding
	running  map[*lane]struct{}
	counted  uint64                    // number of the last duration that was counted
	timers   map[*endpoint]*time.Timer // binds to be tried again
	leaving  bool                      // begins no exchange any more
	over     bool
}

// dialSession makes a session: TCP, TLS, handshake. It must be run, or closed with discard.
func (a *Agent) dialSession(ctx context.Context) (*session, error) {
	conn, err := a.dialRelay(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	auth := &wire.Auth{Token: a.o.Token, Instance: a.instance, Version: a.o.Version, OS: runtime.GOOS + "/" + runtime.GOARCH}
	s := &session{
		a: a, died: make(chan error, 1), end: make(chan error, 1), leave: make(chan struct{}, 1), asked: make(chan struct{}, 1), empty: make(chan struct{}, 1),
		bindings: map[uint32]*binding{}, running: map[*lane]struct{}{}, timers: map[*endpoint]*time.Timer{},
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

// discard closes a session that was never run.
func (s *session) discard() { s.leg.Close() }

// run works the session until it is lost, ends for a reason of its own, or ctx ends and it has drained (nil error); or until next has taken its place:
// then it goes on in the background for as long as the relay has something for it.
func (s *session) run(ctx context.Context) (next *session, err error) {
	legCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.kill = cancel
	s.goes(func() { s.died <- s.leg.Run(legCtx) })
	s.goes(func() { s.acceptAll(legCtx) })
	s.a.online(s)
	if next, err = s.wait(ctx); next != nil {
		s.a.retire(s)
		return next, nil
	}
	s.a.offline(s)
	s.close()
	return nil, err
}

// goes runs f on a goroutine of the session's.
func (s *session) goes(f func()) {
	s.workers.Add(1)
	s.a.o.Go(func() {
		defer s.workers.Done()
		f()
	})
}

func (s *session) wait(ctx context.Context) (next *session, err error) {
	seek := seeker{a: s.a}
	defer seek.stop()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case err := <-s.died:
			return nil, lost(err)
		case err := <-s.end:
			s.a.drain(s) // no name is left; what is under way ends where it began
			return nil, err
		case <-ctx.Done():
			s.a.drain(s)
			return nil, nil
		case <-look.C:
			if time.Since(s.leg.Proof()) > silence {
				notify(s.asked)
			}
		case <-s.asked:
			if !s.proving.Swap(true) {
				s.goes(func() { s.prove(ctx) })
			}
		case <-s.leave:
			seek.start(ctx)
		case next := <-seek.found:
			return next, nil
		case <-seek.ended:
			seek.stop()
			seek = seeker{a: s.a} // there may be another reason to look
		}
	}
}

const (
	// silence makes a session doubtful: the leg has pinged by then, and is dead only after 15 s.
	silence = 6 * time.Second
	// proveWithin is how long a doubtful session may take to give a sign of life; one is, too, when the machine has woken up or its network has changed.
	proveWithin = 2 * time.Second
)

// prove leaves a session that gives no sign of life. Its link may come back, and ends by itself if not: what it carries is not cut.
func (s *session) prove(ctx context.Context) {
	defer s.proving.Store(false)
	ctx, cancel := context.WithTimeout(ctx, proveWithin)
	defer cancel()
	if !s.leg.Alive(ctx) && ctx.Err() == context.DeadlineExceeded {
		s.a.o.Log.Info("the session gives no sign of life; making another", "waited", proveWithin)
		notify(s.leave)
	}
}

// notify puts a token into a channel of one place, unless there is one.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// close ends the session and waits for all that belongs to it.
func (s *session) close() {
	s.stop()
	s.kill()
	s.workers.Wait()
	s.closeStats()
	s.lanes.Wait()
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
		over, leaving := s.over, s.leaving
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
		if leaving {
			l.giveUp()
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
		notify(s.empty)
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
	lanes := s.allLanes()
	for _, t := range s.timers {
		t.Stop()
	}
	s.mu.Unlock()
	for _, l := range lanes {
		l.kill(wire.CodeLinkLost)
	}
}

// allLanes lists what runs. s.mu is held.
func (s *session) allLanes() []*lane {
	lanes := make([]*lane, 0, len(s.running))
	for l := range s.running {
		lanes = append(lanes, l)
	}
	return lanes
}
