package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// TestReservationHours: a name waits for its account for 24 hours to the moment, by whatever way it was given up, and is free then.
func TestReservationHours(t *testing.T) {
	for what, gone := range map[string]func(*Registry, *Endpoint){"given back": (*Registry).Unbind, "lost": (*Registry).Lose} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := New(nil)
				first := endpoint("a.test", "acme", "one")
				bind(t, g, first)
				time.Sleep(100 * time.Hour) // held for long
				refused(t, g, endpoint("a.test", "other", "one"), wire.CodeNameTaken)
				gone(g, first)
				time.Sleep(23 * time.Hour)
				away(t, g, "a.test")
				refused(t, g, endpoint("a.test", "other", "one"), wire.CodeNameTaken)
				again := endpoint("a.test", "acme", "two")
				bind(t, g, again) // starts it anew
				gone(g, again)
				time.Sleep(24*time.Hour - time.Nanosecond)
				refused(t, g, endpoint("a.test", "other", "one"), wire.CodeNameTaken)
				away(t, g, "a.test")
				time.Sleep(time.Nanosecond)
				holds(t, g, "a.test", nil)
				heir := endpoint("a.test", "other", "one")
				bind(t, g, heir)
				if heir.Epoch <= again.Epoch {
					t.Errorf("epoch %d after %d", heir.Epoch, again.Epoch)
				}
				gone(g, first) // late
				holds(t, g, "a.test", heir)
			})
		})
	}
}

// TestWaitingVisitors: all who come within five seconds of a loss wait, and have their agent the moment it is back; who comes later does not wait, and
// nobody waits longer, however often that happens.
func TestWaitingVisitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(nil)
		e := endpoint("a.test", "acme", "one")
		bind(t, g, e)
		for round := range 50 {
			back := time.Duration(round%7)*time.Second + 50*time.Millisecond // the last two are too late
			g.Lose(e)
			lost := time.Now()
			e = endpoint("a.test", "acme", "one")
			var visitors sync.WaitGroup
			for i := range 60 {
				came := time.Duration(i) * 100 * time.Millisecond
				visitors.Go(func() {
					time.Sleep(came)
					got, err := g.Await(t.Context(), []byte("a.test"))
					at := time.Since(lost)
					switch there := back < 5*time.Second || came > back; {
					case there && (got != e || at != max(back, came)), !there && (!errors.Is(err, ErrAway) || at != max(5*time.Second, came)):
						t.Errorf("round %d: who came after %v got %v %v after %v", round, came, got, err, at)
					}
				})
			}
			visitors.Go(func() {
				time.Sleep(back)
				bind(t, g, e)
			})
			visitors.Wait()
			time.Sleep(time.Hour)
		}
	})
}

// TestVisitorsOfTheNextProcess: visitors wait five seconds from its start for names that were held or lost when the last one ended, for other names that are
// reserved no longer than that, and for all others not at all.
func TestVisitorsOfTheNextProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &notes{map[string]Lease{}}
		g := New(nil)
		g.Keep(nil, n)
		held, lost, given := endpoint("held.test", "acme", "one"), endpoint("lost.test", "acme", "one"), endpoint("given.test", "acme", "one")
		for _, e := range []*Endpoint{held, lost, given} {
			bind(t, g, e)
		}
		g.Lose(lost)
		g.Unbind(given)
		for _, pause := range []time.Duration{time.Second, 5 * time.Hour} {
			time.Sleep(pause)
			var old []Lease
			for _, l := range n.last {
				old = append(old, l)
			}
			g = New(nil)
			g.Keep(old, n)
			begin := time.Now()
			var visitors sync.WaitGroup
			for name, least := range map[string]time.Duration{"held.test": 5 * time.Second, "lost.test": 5 * time.Second, "given.test": 0, "never.test": 0} {
				if pause > time.Hour {
					least = 0 // the process before this one has waited for them
				}
				visitors.Go(func() {
					_, err := g.Await(t.Context(), []byte(name))
					took, most := time.Since(begin), 5*time.Second
					if errors.Is(err, ErrNoEndpoint) {
						most = 0
					}
					if err == nil || took < least || took > most || (most == 0) != (name == "never.test") {
						t.Errorf("%s, %v later: %v after %v", name, pause, err, took)
					}
				})
			}
			visitors.Wait()
		}
	})
}

// TestTableOverAWeek: names that come and go leave nothing behind.
func TestTableOverAWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(nil)
		most := 0
		for i := range 7 * 24 * 60 {
			for j := range 3 {
				e := endpoint(fmt.Sprintf("n%d-%d.test", i, j), fmt.Sprintf("acme%d", i%500), "one")
				bind(t, g, e)
				g.Unbind(e)
			}
			most = max(most, len(g.leases.names))
			time.Sleep(time.Minute)
		}
		day := 24 * 60 * 3
		if most > 2*day+1024 {
			t.Errorf("%d names are remembered, of %d a day", most, day)
		}
		time.Sleep(25 * time.Hour)
		g.leases.sweep(time.Now())
		if len(g.leases.names) != 0 || len(g.leases.waiting) != 0 {
			t.Errorf("%d names and %d accounts are left", len(g.leases.names), len(g.leases.waiting))
		}
	})
}

// TestManyReservations: an account has so many names waiting and no more. What is above is free at once, and a day later it may have as many again.
func TestManyReservations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(nil)
		for day := range 3 {
			for i := range maxReserved + 10 {
				e := endpoint(fmt.Sprintf("n%d-%d.test", day, i), "acme", "one")
				bind(t, g, e)
				g.Unbind(e)
				other := endpoint(e.Host, "other", "one")
				if _, err := g.Bind(other, Claim{}); (err == nil) != (i >= maxReserved) {
					t.Fatalf("day %d, name %d: %v", day, i, err)
				}
			}
			time.Sleep(25 * time.Hour)
			g.leases.sweep(time.Now())
		}
	})
}

// TestAwaitEndsWithItsVisitor: who leaves does not wait on.
func TestAwaitEndsWithItsVisitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(nil)
		e := endpoint("a.test", "acme", "one")
		bind(t, g, e)
		g.Lose(e)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := g.Await(ctx, []byte("a.test")); !errors.Is(err, ErrAway) || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}
