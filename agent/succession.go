package agent

import (
	"context"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// A relay that drains, or a link that is in doubt, costs no request: a new session is made beside the old one and takes its names over; only then is the
// old one left, and what it carries ends where it began.

// maxFading is how many sessions before the present one may live on.
const maxFading = 4

// seeker makes a session beside the one that is up.
type seeker struct {
	a      *Agent
	found  chan *session // nil until start
	cancel context.CancelFunc
	ended  chan struct{} // closed when the search is over
}

// start begins the search, once. What is found binds its names by moving them.
func (k *seeker) start(ctx context.Context) {
	if k.found != nil {
		return
	}
	ctx, k.cancel = context.WithCancel(ctx)
	k.found, k.ended = make(chan *session), make(chan struct{})
	k.a.o.Go(func() {
		defer close(k.ended)
		s := k.a.seek(ctx)
		if s == nil {
			return
		}
		s.how = wire.HowMove
		select {
		case k.found <- s:
		case <-ctx.Done():
			s.discard()
		}
	})
}

// stop ends the search. What is found in that moment is closed.
func (k *seeker) stop() {
	if k.found != nil {
		k.cancel()
		<-k.ended
	}
}

// seek tries until there is a session; nil: ctx has ended, or the relay wants none.
func (a *Agent) seek(ctx context.Context) *session {
	b := backoff{down: time.Now()}
	for {
		s, err := a.tryDial(ctx)
		if err == nil {
			return s
		}
		a.o.Log.Debug("no session to move to", "err", err)
		if fatal(err) != nil || ctx.Err() != nil {
			return nil
		}
		t := time.NewTimer(b.untilTry(time.Now(), err))
		select {
		case <-t.C:
		case <-a.tryNow:
			t.Stop()
		case <-ctx.Done():
			t.Stop()
			return nil
		}
	}
}

// retire leaves s to the relay, which ends it when it has nothing more for it.
func (a *Agent) retire(s *session) {
	a.mu.Lock()
	a.fading = append(a.fading, s)
	var eldest *session
	if len(a.fading) > maxFading {
		eldest = a.fading[0]
	}
	a.mu.Unlock()
	a.o.Log.Info("session left", "session", s.welcome.Session)
	if eldest != nil {
		eldest.legs.close()
	}
	a.fadings.Add(1)
	a.o.Go(func() {
		defer a.fadings.Done()
		err := s.fade()
		a.o.Log.Debug("old session ended", "session", s.welcome.Session, "err", err)
		s.close()
		a.mu.Lock()
		defer a.mu.Unlock()
		for i, other := range a.fading {
			if other == s {
				a.fading = append(a.fading[:i:i], a.fading[i+1:]...)
				return
			}
		}
	})
}

// fade waits for the end of a session that was left, and says why it ended. The relay sees that it is over when its last name has gone over to another
// session; where all were given back, before or after it was left, the agent ends it.
func (s *session) fade() error {
	for !s.isIdle() {
		select {
		case err := <-s.died:
			return err
		case <-s.idle:
		}
	}
	s.legs.shut()
	return <-s.died
}

// isIdle says that the relay has no name of s any more, and that nothing is under way.
func (s *session) isIdle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.running) > 0 {
		return false
	}
	for _, b := range s.bindings {
		if !b.gone {
			return false
		}
	}
	return true
}

// faded lists the sessions that were left and live on.
func (a *Agent) faded() []*session {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*session(nil), a.fading...)
}

// endFaded ends them, and waits for it.
func (a *Agent) endFaded() {
	for _, s := range a.faded() {
		s.legs.close()
	}
	a.fadings.Wait()
}
