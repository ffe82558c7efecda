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

// session is one authenticated link with the relay, of one leg or several, while it is up. An agent has one, and for a while those before it that still have
// exchanges under way.
type session struct {
	a       *Agent
	legs    legs
	welcome *wire.Welcome
	how     string          // by which endpoints are bound; "": by what ticket there is
	died    chan error      // why the last leg has ended, or the first that was told that the session is over
	end     chan error      // what the relay or the endpoints' fate said; the first counts
	leave   chan struct{}   // of one place: another session should take this one's place
	asked   chan struct{}   // of one place: a sign of life is wanted
	proving atomic.Bool     // … and awaited
	life    context.Context // of the legs; set by run
	kill    context.CancelFunc
	workers sync.WaitGroup
	lanes   sync.WaitGroup
	empty   chan struct{} // the last lane has ended, for now
	idle    chan struct{} // of one place: the last lane has ended, or a name is gone

	hearing sync.Mutex // one message at a time

	mu       sync.Mutex
	handle   uint32 // the last one given out: none is used twice in a session
	bindings map[uint32]*binding
	running  map[*lane]*leg
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
		a: a, legs: legs{look: make(chan struct{}, 1), done: make(chan struct{})}, died: make(chan error, 1), end: make(chan error, 1),
		leave: make(chan struct{}, 1), asked: make(chan struct{}, 1), empty: make(chan struct{}, 1),
		idle:     make(chan struct{}, 1),
		bindings: map[uint32]*binding{}, running: map[*lane]*leg{}, timers: map[*endpoint]*time.Timer{},
	}
	if s.welcome, err = wire.ClientHandshake(conn, auth); err != nil {
		return nil, closing(conn, fmt.Errorf("handshake with the relay: %w", err))
	}
	l, err := s.newLeg(conn)
	if err != nil {
		return nil, err
	}
	s.legs.add(l)
	return s, nil
}

// newLeg makes a leg of a connection that the relay has welcomed; it owns conn, whether it fails or not.
func (s *session) newLeg(conn net.Conn) (*leg, error) {
	w, err := wire.NewAgentLeg(conn, wire.LegOptions{Go: s.a.o.Go, OnMessage: s.onMessage, Log: s.a.o.Log, IDs: s.a.ids})
	if err != nil {
		return nil, closing(conn, err)
	}
	return &leg{Leg: w, s: s, since: time.Now(), from: conn.LocalAddr()}, nil
}

// closing closes what err made useless.
func closing(c net.Conn, err error) error {
	c.Close() // err says more than its error could
	return err
}

// discard closes a session that was never run.
func (s *session) discard() { s.legs.close() }

// run works the session until it is lost, ends for a reason of its own, or ctx ends and it has drained (nil error); or until next has taken its place:
// then it goes on in the background for as long as the relay has something for it.
func (s *session) run(ctx context.Context) (next *session, err error) {
	s.life, s.kill = context.WithCancel(context.WithoutCancel(ctx))
	for _, l := range s.legs.list() {
		s.goes(func() { l.work(s.life) })
	}
	keepCtx, enough := context.WithCancel(ctx)
	s.goes(func() { s.keepLegs(keepCtx) })
	s.a.online(s)
	next, err = s.wait(ctx)
	enough()
	if next != nil {
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
			if time.Since(s.legs.proof()) > silence {
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
	// silence makes a session doubtful: its leg has pinged by then, and is dead only after 15 s.
	silence = 6 * time.Second
	// proveWithin is how long a doubtful session may take to give a sign of life; one is, too, when the machine has woken up or its network has changed.
	proveWithin = 2 * time.Second
)

// prove leaves a session that gives no sign of life, on one of its legs at least: the relay may send visitors there. The link may come back, and ends by itself
// if not: what it carries is not cut. A leg from an address that this machine has no more can give none: that is not waited for.
func (s *session) prove(ctx context.Context) {
	defer s.proving.Store(false)
	ctx, cancel := context.WithTimeout(ctx, proveWithin)
	defer cancel()
	all := s.legs.list()
	for _, l := range all {
		if s.a.wake.lacks(l.from) {
			s.a.o.Log.Info("this machine's address has gone; making another session", "was", l.from.String())
			notify(s.leave)
			return
		}
	}
	answers := make(chan bool, len(all))
	for _, l := range all {
		s.goes(func() { answers <- l.Alive(ctx) })
	}
	for range all {
		if !<-answers && ctx.Err() == context.DeadlineExceeded {
			s.a.o.Log.Info("the session gives no sign of life; making another", "waited", proveWithin)
			notify(s.leave)
			return
		}
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

// acceptAll starts a lane for each stream that the relay opens on a leg. It does nothing else: a full backlog would stop the leg.
func (s *session) acceptAll(ctx context.Context, of *leg) {
	for {
		stream, err := of.Accept()
		if err != nil {
			return // the leg's Run says why
		}
		if of.Worn() || of.crowded() {
			notify(s.legs.look)
		}
		l, laneCtx := newLane(ctx, s.a.eng, stream, s.find, of.Done())
		s.mu.Lock()
		over, leaving := s.over, s.leaving
		if !over {
			s.running[l] = of
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

// ended forgets a lane, and wakes settle and fade when it was the last.
func (s *session) ended(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, l)
	if len(s.running) == 0 {
		notify(s.empty)
		notify(s.idle)
	}
}

func (s *session) isEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.running) == 0
}

// stop closes the legs and ends what is left of their streams.
func (s *session) stop() {
	s.legs.shut()
	s.mu.Lock()
	s.over = true
	for _, t := range s.timers {
		t.Stop()
	}
	s.mu.Unlock()
	s.killLanes(func(*leg) bool { return true })
}

// killLanes ends the lanes of legs that are over: a stream alone does not show that the link has died under it.
func (s *session) killLanes(over func(of *leg) bool) {
	s.mu.Lock()
	var lanes []*lane
	for l, of := range s.running {
		if over(of) {
			lanes = append(lanes, l)
		}
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
