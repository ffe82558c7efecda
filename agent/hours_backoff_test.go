package agent

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/hours"
)

// pace is the delay that is due after a failure so long after the session was lost.
func pace(out time.Duration) time.Duration {
	switch {
	case out >= time.Hour:
		return 30 * time.Second
	case out >= 10*time.Minute:
		return 5 * time.Second
	}
	return time.Second
}

// paced checks the time between tries that take so long each. The first stands for what began the time without a session.
func paced(t *testing.T, each time.Duration, tries ...time.Time) {
	t.Helper()
	first := []time.Duration{250 * time.Millisecond, 500 * time.Millisecond}
	least, most := 2.0, 0.0
	for i := range len(tries) - 1 {
		out := tries[i].Add(each).Sub(tries[0])
		want := pace(out)
		if i < len(first) {
			want = first[i]
		}
		share := float64(tries[i+1].Sub(tries[i])-each) / float64(want)
		if share < 0.75 || share > 1.25 {
			t.Fatalf("try %d, %v after the loss, comes after %v, want %v", i+1, out, tries[i+1].Sub(tries[i])-each, want)
		}
		least, most = min(least, share), max(most, share)
	}
	if len(tries) > 100 && (least > 0.8 || most < 1.2) {
		t.Errorf("the agents of a relay would come at once: all delays are between %.2f and %.2f of what is due", least, most)
	}
}

// TestHoursWithoutRelay: three hours of tries, and the first one after the relay is there has a session. One that lived long starts the back-off anew, one
// that did not does not.
func TestHoursWithoutRelay(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		a := w.agent()
		wait(3 * time.Hour)
		tries := w.taken()
		if n := len(tries); n < 1300 || n > 1600 {
			t.Errorf("%d tries in three hours", n)
		}
		paced(t, 0, tries...)
		r := w.relay()
		wait(38 * time.Second)
		if a.session() == "" {
			t.Fatal("no session")
		}
		r.works()
		w.taken()
		wait(time.Hour)
		if w.change(func() { w.door = nil }); len(w.taken()) != 0 {
			t.Error("a try with a session up")
		}
		since := time.Now()
		w.link().relay.Close()
		wait(2 * time.Hour)
		paced(t, 0, append([]time.Time{since}, w.taken()...)...)
		w.relay()
		a.Reconnect()
		wait(9 * time.Second)
		w.taken()
		since = time.Now()
		w.change(func() { w.door = nil })
		w.link().relay.Close()
		wait(time.Minute)
		if d := w.taken()[0].Sub(since); d < 750*time.Millisecond || d > 1250*time.Millisecond {
			t.Errorf("a session that was short-lived is followed by a try after %v", d)
		}
	})
}

// TestHoursOfSilence: nothing comes back from the relay's address. Each try takes its ten seconds, and the delays are the same.
func TestHoursOfSilence(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		w.lost = true
		w.agent()
		wait(3 * time.Hour)
		paced(t, 10*time.Second, w.taken()...)
		// Somebody accepts, and says nothing.
		w.change(func() {
			w.lost = false
			w.door = func(c net.Conn) {
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}
		})
		wait(time.Minute)
		w.taken()
		wait(time.Hour)
		if tries := w.taken(); len(tries) < 60 || len(tries) > 3600/30 {
			t.Errorf("%d tries in an hour", len(tries))
		}
	})
}

// TestHoursUntilGiveUp: Run ends to the moment, whatever the tries are like, and says why the last whole one failed.
func TestHoursUntilGiveUp(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		for _, lost := range []bool{false, true} {
			w := newLab(t)
			w.lost = lost
			a := w.agent(func(o *Options) { o.GiveUp = 2 * time.Hour })
			wait(2*time.Hour - time.Nanosecond)
			select {
			case err := <-a.ended:
				t.Fatalf("too early: %v", err)
			default:
			}
			wait(time.Nanosecond)
			var g *GaveUpError
			if err := a.over(); !errors.As(err, &g) || errors.Is(g.Last, errCut) || !lost && !errors.Is(g.Last, syscall.ECONNREFUSED) {
				t.Errorf("Run: %v", err)
			}
		}
		// A session in between starts the time anew.
		w := newLab(t)
		a := w.agent(func(o *Options) { o.GiveUp = time.Hour })
		wait(50 * time.Minute)
		w.relay()
		wait(time.Hour)
		w.change(func() { w.door = nil })
		w.link().relay.Close()
		wait(time.Hour - time.Nanosecond)
		select {
		case err := <-a.ended:
			t.Fatalf("too early after a session: %v", err)
		default:
		}
		wait(time.Nanosecond)
		var g *GaveUpError
		if err := a.over(); !errors.As(err, &g) {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestReconnectAfterHours: whoever is asked to try does it at that moment, also while a try of before waits in vain.
func TestReconnectAfterHours(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		a := w.agent()
		for _, why := range []struct {
			what   string
			notice time.Duration // that it may take
			happen func()
		}{
			{"Reconnect", 0, a.Reconnect},
			{"a sleep", time.Second, func() { w.sleeps(10 * time.Hour) }},
			{"another network", time.Second, w.moves},
		} {
			for _, lost := range []bool{false, true} {
				w.change(func() { w.lost = lost })
				wait(2 * time.Hour)
				w.nextTry()
				begin := time.Now()
				why.happen()
				wait(why.notice)
				if tries := w.taken(); len(tries) != 1 || tries[0].Sub(begin) > why.notice {
					t.Errorf("%s, with dials that wait (%v): tries at %v", why.what, lost, tries)
				}
			}
		}
		w.change(func() { w.lost = false })
		r := w.relay()
		a.Reconnect()
		wait(0)
		r.works()
	})
}

// TestRelaySaysWhen: a relay that says in how many seconds to come back is obeyed, whether it says so before it knows who comes, or after; and a person who
// asks for a try is obeyed more.
func TestRelaySaysWhen(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		told := &wire.FatalError{Code: wire.CodeRelayBusy, Wait: 90 * time.Second}
		refuse := func(c *tls.Conn) { _ = wire.Refuse(c, told) }
		decide := func(c *tls.Conn) {
			_, _ = wire.ServerHandshake(c, func(*wire.Auth) (*wire.Welcome, error) { return nil, told }, nil)
		}
		a := w.agent()
		for _, how := range []func(*tls.Conn){refuse, decide} {
			w.change(func() { w.door = w.atTheDoor(how) })
			wait(2 * told.Wait)
			w.taken()
			wait(time.Hour)
			tries := w.taken()
			for i := range len(tries) - 1 {
				if d := tries[i+1].Sub(tries[i]); d != told.Wait {
					t.Errorf("try %d comes after %v", i+1, d)
				}
			}
			if len(tries) < 39 {
				t.Errorf("%d tries in an hour", len(tries))
			}
			w.nextTry()
			a.Reconnect()
			wait(0)
			if n := len(w.taken()); n != 1 {
				t.Errorf("%d tries when asked for", n)
			}
		}
	})
}
