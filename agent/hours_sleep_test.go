package agent

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/hours"
)

// noticed is how long the agent may take to have another session when the machine has slept or moved, and its session's link is dead.
const noticed = 3 * time.Second

// jolts are what puts a session in doubt.
func (w *lab) jolts() map[string]func() {
	return map[string]func(){"a night": func() { w.sleeps(9 * time.Hour) }, "another network": w.moves}
}

// online starts a relay and an agent, and returns when they have found each other.
func (w *lab) online() (*memoryRelay, *resident) {
	w.t.Helper()
	r, a := w.relay(), w.agent()
	wait(time.Minute)
	r.works()
	w.taken()
	return r, a
}

// slowly begins a visit that lasts until a.slow is closed, and says how it ends.
func (r *memoryRelay) slowly() (got chan string) {
	got = make(chan string, 1)
	go func() {
		content, err := r.visit("/slow")
		if err != nil {
			content = err.Error()
		}
		got <- content
	}()
	wait(0)
	return got
}

// sessions is how many the agent has, those included that it has left.
func (r *resident) sessions() int {
	n := len(r.faded())
	if r.session() != "" {
		n++
	}
	return n
}

// TestSleepOfALivingSession: a session that lives through a sleep or another network is kept, and nobody dials.
func TestSleepOfALivingSession(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.online()
		id := a.session()
		for range 5 {
			for what, happens := range w.jolts() {
				happens()
				wait(30 * time.Minute)
				if n := len(w.taken()); a.session() != id || n != 0 {
					t.Fatalf("%s: %d tries", what, n)
				}
				r.works()
			}
		}
	})
}

// TestSleepOfADeadSession: the link has died meanwhile, without a word. The agent has another session within a second's look and two seconds of doubt, under
// the same name; the old one ends by itself, and twenty of them leave nothing behind.
func TestSleepOfADeadSession(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.online()
		for range 10 {
			for what, happens := range w.jolts() {
				id := a.session()
				w.link().cut()
				happens()
				wait(noticed)
				if next := a.session(); next == id || len(w.taken()) != 1 {
					t.Fatalf("%s: no other session", what)
				}
				r.works()
				if s := a.Status(); s.State != inspect.Online || s.Endpoints[0].URL != "http://"+host {
					t.Fatalf("%s: %+v", what, s)
				}
				wait(time.Minute)
				if mine, theirs := a.sessions(), r.srv.Sessions(); mine != 1 || theirs != 1 || len(w.taken()) != 0 {
					t.Fatalf("%s: %d sessions at the agent, %d at the relay", what, mine, theirs)
				}
			}
		}
	})
}

// TestAddressThatHasGone: a link from an address that the machine has no more gives no sign of life, and is not waited for.
func TestAddressThatHasGone(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.online()
		for range 5 {
			id := a.session()
			w.link().cut()
			w.leaves()
			wait(time.Second)
			if next := a.session(); next == id || len(w.taken()) != 1 {
				t.Fatal("no other session within a second")
			}
			r.works()
			wait(time.Minute)
			if mine, theirs := a.sessions(), r.srv.Sessions(); mine != 1 || theirs != 1 {
				t.Fatalf("%d sessions at the agent, %d at the relay", mine, theirs)
			}
		}
	})
}

// TestSleepWithoutASession: waking and moving end the wait for the next try.
func TestSleepWithoutASession(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.online()
		for what, happens := range w.jolts() {
			w.change(func() { w.door = nil })
			r.stop(0)
			wait(2 * time.Hour)
			w.nextTry() // one more is half a minute off
			r = w.relay()
			happens()
			if wait(time.Second); a.session() == "" {
				t.Errorf("%s: no session", what)
			}
			wait(0)
			r.works()
		}
	})
}

// TestLinkThatComesBack: the session gave no sign of life in time, and has a successor; but its link was only slow. What it carries ends where it began,
// new visitors are the successor's, and then it ends.
func TestLinkThatComesBack(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.online()
		for what, happens := range w.jolts() {
			id, link := a.session(), w.link()
			got := r.slowly()
			link.cut()
			happens()
			wait(noticed)
			if a.session() == id || a.sessions() != 2 {
				t.Fatalf("%s: %d sessions", what, a.sessions())
			}
			r.works()
			wait(5 * time.Second)
			link.mend()
			wait(10 * time.Minute)
			if a.sessions() != 2 || r.srv.Sessions() != 2 {
				t.Fatalf("%s: the old session has ended with an exchange under way", what)
			}
			close(a.slow)
			wait(0)
			if s := <-got; s != "/slow" {
				t.Errorf("%s: what the old session carried: %q", what, s)
			}
			a.slow = make(chan struct{})
			r.works()
			wait(time.Minute)
			if mine, theirs := a.sessions(), r.srv.Sessions(); mine != 1 || theirs != 1 {
				t.Errorf("%s: %d sessions at the agent, %d at the relay", what, mine, theirs)
			}
			if n := len(w.taken()); n != 1 {
				t.Errorf("%s: %d tries", what, n)
			}
		}
	})
}

// TestLinkThatComesBackFirst: nobody can be dialled while the session is in doubt. When its link comes back before that, it is left all the same, but nothing
// is cut and no visitor is turned away.
func TestLinkThatComesBackFirst(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.online()
		w.change(func() { w.lost = true })
		link, id := w.link(), a.session()
		got := r.slowly()
		link.cut()
		w.sleeps(time.Hour)
		wait(5 * time.Second)
		link.mend()
		wait(0)
		r.works()
		if a.session() != id {
			t.Error("another session")
		}
		w.change(func() { w.lost = false })
		wait(time.Minute)
		r.works()
		close(a.slow)
		wait(time.Second)
		if s := <-got; s != "/slow" {
			t.Errorf("what the session carried: %q", s)
		}
		wait(time.Minute)
		if mine, theirs := a.sessions(), r.srv.Sessions(); mine != 1 || theirs != 1 {
			t.Errorf("%d sessions at the agent, %d at the relay", mine, theirs)
		}
	})
}

// TestMovesAgain: the machine moves from a network that swallows everything to one that works, while the agent dials its next session, or waits to: it dials
// anew at once.
func TestMovesAgain(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		for _, lost := range []bool{true, false} {
			w := newLab(t)
			_, a := w.online()
			id, door := a.session(), w.door
			w.link().cut()
			w.change(func() {
				w.lost = lost
				w.door = w.atTheDoor(func(c *tls.Conn) { _ = wire.Refuse(c, &wire.FatalError{Code: wire.CodeRelayBusy, Wait: time.Hour}) })
			})
			w.moves()
			wait(noticed + time.Second)
			if n := len(w.taken()); n != 1 {
				t.Errorf("lost %v: %d tries", lost, n)
			}
			w.change(func() { w.lost, w.door = false, door })
			w.moves()
			wait(time.Second)
			if a.session() == id || len(w.taken()) != 1 {
				t.Errorf("lost %v: no other session", lost)
			}
		}
	})
}
