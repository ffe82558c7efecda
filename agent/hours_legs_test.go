package agent

import (
	"sync"
	"testing"
	"time"

	sessions "github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/hours"
)

// TestStreamIDsRunOutUnderLoad: the leg is replaced again and again, in one session, and no visitor notices; who is still being answered on an old one is
// answered to the end.
func TestStreamIDsRunOutUnderLoad(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		const ids = 256
		w := newLab(t)
		r := w.relay(func(o *sessions.Options) { o.StreamIDs = ids })
		w.ids = ids
		a := w.agent()
		<-a.Ready()
		id := a.session()
		slow := make(chan string, 1)
		go func() {
			got, err := r.visit("/slow")
			if err != nil {
				t.Error(err)
			}
			slow <- got
		}()
		var visitors sync.WaitGroup
		for range 8 {
			visitors.Go(func() {
				for n := range 200 {
					// An upgrade that is declined uses its stream up.
					if got, err := r.visitWith("/x", "Connection: upgrade\r\nUpgrade: x\r\n", wire.ReqUpgrade); err != nil || got != "/x" {
						t.Errorf("request %d: %q %v", n, got, err)
						return
					}
					time.Sleep(200 * time.Millisecond) // of the bubble's time
				}
			})
		}
		visitors.Wait()
		if made := len(w.taken()); made < 8*200/ids || a.session() != id {
			t.Errorf("%d connections, session %q, then %q", made, id, a.session())
		}
		wait(time.Minute)
		if n := len(a.legs()); n != 2 {
			t.Errorf("%d legs: that of the slow visitor, and the present one", n)
		}
		close(a.slow)
		if got := <-slow; got != "/slow" {
			t.Errorf("the slow visitor got %q", got)
		}
		wait(time.Minute)
		if n := len(a.legs()); n != 1 {
			t.Errorf("%d legs at the end", n)
		}
		r.works()
	})
}

// TestCrowdHasLegsOfItsOwn: when streams on one leg pass half of what it may have, there is a second one, which the crowd's next visitors use. When the crowd has
// gone, so does the leg, and no visitor notices either.
func TestCrowdHasLegsOfItsOwn(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r := w.relay()
		a := w.agent()
		<-a.Ready()
		id := a.session()
		var visitors sync.WaitGroup
		for n := range wire.MaxStreams/2 + 100 {
			visitors.Go(func() {
				time.Sleep(time.Duration(n) * time.Millisecond)
				if got, err := r.visit("/slow"); err != nil || got != "/slow" {
					t.Errorf("visitor %d: %q %v", n, got, err)
				}
			})
		}
		wait(2 * time.Second)
		if n := len(a.legs()); n != 2 {
			t.Errorf("%d legs in a crowd", n)
		}
		second := a.legs()[1]
		if n := second.Streams(); n < 90 || !second.spare {
			t.Errorf("%d streams on the second leg", n)
		}
		wait(5 * time.Minute)
		if len(a.legs()) != 2 || second.Lost() {
			t.Error("the crowd has lost its leg")
		}
		close(a.slow)
		visitors.Wait()
		for range 180 {
			wait(time.Second)
			r.works()
		}
		if len(a.legs()) != 1 || !second.Lost() || a.session() != id {
			t.Errorf("%d legs after the crowd", len(a.legs()))
		}
	})
}

// TestAllLegsMoveAndStop: what is under way on any leg of a session ends where it began, when the relay drains and when the agent stops, and no leg stays behind.
func TestAllLegsMoveAndStop(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		old := w.relay()
		a := w.agent(func(o *Options) { o.Legs = 3 })
		<-a.Ready()
		wait(time.Second)
		var got []<-chan string
		for range 6 {
			got = append(got, old.slowly())
			wait(0)
		}
		for n, l := range a.legs() {
			if l.Streams() < 2 {
				t.Errorf("%d streams on leg %d", l.Streams(), n)
			}
		}
		id, next := a.session(), w.relay()
		old.srv.Drain()
		wait(time.Second)
		if a.session() == id || a.sessions() != 2 || len(a.legs()) != 3 {
			t.Errorf("%d sessions, the present one with %d legs", a.sessions(), len(a.legs()))
		}
		go old.stop(time.Minute)
		for range 6 {
			got = append(got, next.slowly())
		}
		wait(10 * time.Second)
		a.stop()
		wait(time.Second)
		close(a.slow)
		for n, c := range got {
			if s := <-c; s != "/slow" {
				t.Errorf("visitor %d got %q", n, s)
			}
		}
		wait(10 * time.Second)
		if err := a.over(); err != nil || old.srv.Sessions() != 0 || next.srv.Sessions() != 0 {
			t.Errorf("Run returned %v; %d and %d sessions", err, old.srv.Sessions(), next.srv.Sessions())
		}
	})
}

// TestMuteLegIsLeft: when nothing comes through any more on one leg of several, the session is left before visitors are lost there for long.
func TestMuteLegIsLeft(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r := w.relay()
		a := w.agent(func(o *Options) { o.Legs = 2 })
		<-a.Ready()
		wait(time.Minute)
		id := a.session()
		w.link().cut()
		wait(10 * time.Second)
		if a.session() == id {
			t.Error("the session is as it was")
		}
		r.works()
		wait(time.Minute)
		if len(a.legs()) != 2 || a.sessions() != 1 || r.srv.Sessions() != 1 {
			t.Errorf("%d legs, %d sessions, %d at the relay", len(a.legs()), a.sessions(), r.srv.Sessions())
		}
	})
}

// TestLegsAreTriedForWithPauses: a lost leg is tried for as a lost session is, and so is one that is lost again and again as soon as it is there.
func TestLegsAreTriedForWithPauses(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		w.relay()
		door := w.door
		a := w.agent(func(o *Options) { o.Legs = 2 })
		<-a.Ready()
		wait(time.Minute)
		id := a.session()
		w.taken()
		w.change(func() { w.door = nil })
		w.link().agent.Close()
		wait(time.Minute)
		if n := len(w.taken()); n < 45 || n > 90 || len(a.legs()) != 1 {
			t.Errorf("%d tries in a minute, %d legs", n, len(a.legs()))
		}
		w.change(func() { w.door = door })
		wait(2 * time.Second)
		if len(a.legs()) != 2 || a.session() != id {
			t.Errorf("%d legs", len(a.legs()))
		}
		wait(time.Minute)
		w.taken()
		for range 60 {
			w.link().agent.Close()
			wait(time.Second)
		}
		if n := len(w.taken()); n < 20 || n > 62 || a.session() != id {
			t.Errorf("%d legs were made and lost in a minute", n)
		}
	})
}

func (r *resident) legs() []*leg {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Agent.session.legs.list()
}
