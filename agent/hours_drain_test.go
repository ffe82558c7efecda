package agent

import (
	"errors"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire/hours"
)

// TestRelayDrains: the agent is at the next relay before it leaves the old one. What is under way ends where it began, the old relay takes visitors to the
// end, and there is no moment without a session. Three relays in a row.
func TestRelayDrains(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		old, a := w.online()
		url := a.Status().Endpoints[0].URL
		for range 3 {
			id := a.session()
			got := old.slowly()
			next := w.relay()
			old.srv.Drain()
			old.srv.Drain()
			old.works()
			wait(0)
			if a.session() == id || a.sessions() != 2 || len(w.taken()) != 1 {
				t.Fatalf("%d sessions", a.sessions())
			}
			next.works()
			wait(time.Hour)
			old.works() // there are visitors who have found it, and it has ended nothing
			next.works()
			if s := a.Status(); s.State != inspect.Online || s.Endpoints[0].URL != url || s.Endpoints[0].Failure != nil {
				t.Errorf("%+v", s)
			}
			stopped := make(chan struct{})
			go func() {
				old.stop(time.Minute)
				close(stopped)
			}()
			wait(30 * time.Second)
			close(a.slow)
			if s := <-got; s != "/slow" {
				t.Errorf("what was under way: %q", s)
			}
			<-stopped
			a.slow = make(chan struct{})
			wait(time.Minute)
			if mine, theirs := a.sessions(), next.srv.Sessions(); mine != 1 || theirs != 1 || len(w.taken()) != 0 {
				t.Errorf("%d sessions at the agent, %d at the relay", mine, theirs)
			}
			old = next
		}
	})
}

// TestRelayDrainsAlone: there is no other relay. The agent keeps its session and serves until it is ended, then it tries until the relay is there again.
func TestRelayDrainsAlone(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.online()
		id := a.session()
		w.change(func() { w.door = nil })
		r.srv.Drain()
		for range 20 {
			wait(time.Second)
			r.works()
		}
		if n := len(w.taken()); a.session() != id || n < 15 || n > 30 {
			t.Errorf("%d tries in twenty seconds", n)
		}
		r.stop(time.Second)
		wait(0)
		if s := a.Status(); s.State != inspect.Reconnecting || s.Endpoints[0].URL == "" {
			t.Errorf("%+v", s)
		}
		wait(time.Minute)
		r = w.relay()
		wait(2 * time.Second)
		r.works()
	})
}

// TestRelayDrainsLongerThanGiveUp: an agent that would give up without a session has one, and its tries to find another are no more than usual.
func TestRelayDrainsLongerThanGiveUp(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.relay(), w.agent(func(o *Options) { o.GiveUp = 10 * time.Second })
		wait(time.Minute)
		w.taken()
		w.change(func() { w.door = nil })
		r.srv.Drain()
		wait(time.Minute)
		if n := len(w.taken()); n < 40 || n > 90 {
			t.Errorf("%d tries in a minute", n)
		}
		r.works()
		r.stop(time.Second)
		wait(10 * time.Second)
		var g *GaveUpError
		if err := a.over(); !errors.As(err, &g) {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestRelayDrainsTwice: the relay that the agent has moved to drains, too, while the first one still has an exchange of it; then the third one is ended
// at once. Every exchange ends where it began, and the agent has one session in the end.
func TestRelayDrainsTwice(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		first, a := w.online()
		one := first.slowly()
		second := w.relay()
		first.srv.Drain()
		wait(time.Second)
		two := second.slowly()
		third := w.relay()
		second.srv.Drain()
		wait(time.Second)
		if a.sessions() != 3 {
			t.Fatalf("%d sessions", a.sessions())
		}
		third.stop(time.Second) // has nothing under way
		fourth := w.relay()
		wait(2 * time.Second)
		fourth.works()
		close(a.slow)
		wait(0)
		if s := <-one + <-two; s != "/slow/slow" {
			t.Errorf("what was under way: %q", s)
		}
		first.stop(time.Second)
		second.stop(time.Second)
		wait(time.Minute)
		if a.sessions() != 1 || fourth.srv.Sessions() != 1 {
			t.Errorf("%d sessions at the agent, %d at the relay", a.sessions(), fourth.srv.Sessions())
		}
		fourth.works()
	})
}

// TestManyDrains: a relay that asks to move again and again costs a few sessions at a time, not more.
func TestManyDrains(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.online()
		var all []chan string
		for range 12 {
			all = append(all, r.slowly())
			next := w.relay()
			r.srv.Drain()
			wait(time.Second)
			r = next
			if n := a.sessions(); n > 5 {
				t.Fatalf("%d sessions", n)
			}
		}
		close(a.slow)
		wait(0)
		whole := 0
		for _, got := range all {
			if <-got == "/slow" {
				whole++
			}
		}
		if whole != 4 {
			t.Errorf("%d of %d exchanges came to their end", whole, len(all))
		}
		r.works()
	})
}

// TestStopWithTwoSessions: the agent is stopped while it has left a session that still carries something. Both drain, and Run returns when the last
// exchange is over, or when the grace is.
func TestStopWithTwoSessions(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		for _, patient := range []bool{true, false} {
			w := newLab(t)
			first, a := w.online()
			one := first.slowly()
			second := w.relay()
			first.srv.Drain()
			wait(time.Second)
			two := second.slowly()
			begin := time.Now()
			a.stop()
			if wait(20 * time.Second); len(a.ended) != 0 {
				t.Fatal("it did not wait")
			}
			if patient {
				close(a.slow)
			}
			err := <-a.ended
			took := time.Since(begin)
			if !patient {
				close(a.slow)
			}
			if whole := <-one + <-two; err != nil || patient != (whole == "/slow/slow") {
				t.Errorf("patient %v: %q, Run %v", patient, whole, err)
			}
			if least := 20 * time.Second; patient && (took < least || took > least+2*time.Second) || !patient && (took < 30*time.Second || took > 32*time.Second) {
				t.Errorf("patient %v: it took %v", patient, took)
			}
			if n := a.sessions(); n != 0 {
				t.Errorf("patient %v: %d sessions are left", patient, n)
			}
		}
	})
}
