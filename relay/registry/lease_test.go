package registry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// Two agents of one account: the one who shows the newest ticket has the name, an older ticket counts for nothing once another instance has had it.
func TestTickets(t *testing.T) {
	g, c := newTest()
	first := endpoint("a.test", "acme", "one")
	bind(t, g, first)
	second := endpoint("a.test", "acme", "two")
	var held *Held
	if _, err := g.Bind(second, Claim{Ticket: first.Epoch - 1}); !errors.As(err, &held) || held.Holder != first {
		t.Fatalf("a ticket of an older epoch of another instance: %v", err)
	}
	c.t = c.t.Add(time.Second)
	if claim(t, g, second, Claim{Over: first}) != first {
		t.Fatal("a holder that was found dead was not replaced")
	}
	if _, err := g.Bind(endpoint("a.test", "acme", "one"), Claim{Ticket: first.Epoch}); !errors.As(err, &held) || held.Holder != second {
		t.Fatalf("the old holder's ticket took the name back: %v", err)
	}
	if _, err := g.Bind(endpoint("a.test", "acme", "three"), Claim{Over: first}); !errors.As(err, &held) || held.Holder != second {
		t.Fatalf("somebody replaced another holder than the one that was found dead: %v", err)
	}
	third := endpoint("a.test", "acme", "two")
	if claim(t, g, third, Claim{Ticket: 1}) != second {
		t.Fatal("a ticket of any epoch counts for the instance that had the name last")
	}
	if _, err := g.Bind(endpoint("a.test", "other", "two"), Claim{Ticket: third.Epoch, Over: third}); errors.As(err, &held) || err == nil {
		t.Fatalf("another account: %v", err)
	}
}

// notes is a journal in memory.
type notes struct{ last map[string]Lease }

func (n *notes) Note(all []Lease) {
	for _, l := range all {
		n.last[l.Name] = l
	}
}

// A process later the names wait for their accounts, those that were held from then on, and epochs go on.
func TestLeasesOutliveTheProcess(t *testing.T) {
	g, c := newTest()
	n := &notes{map[string]Lease{}}
	g.Keep(nil, n)
	held, given := endpoint("held.test", "acme", "one"), endpoint("given.test", "acme", "one")
	bind(t, g, held)
	bind(t, g, given)
	g.Unbind(given)
	var old []Lease
	for _, l := range n.last {
		old = append(old, l)
	}
	c.t = c.t.Add(reserved - time.Minute)
	later := New(c.now)
	later.Keep(old, n)
	refused(t, later, endpoint("held.test", "other", "one"), wire.CodeNameTaken)
	refused(t, later, endpoint("given.test", "other", "one"), wire.CodeNameTaken)
	away(t, later, "given.test")
	c.t = c.t.Add(time.Minute)
	bind(t, later, endpoint("given.test", "other", "one"))
	refused(t, later, endpoint("held.test", "other", "one"), wire.CodeNameTaken)
	c.t = c.t.Add(-48 * time.Hour)
	back := endpoint("held.test", "acme", "two")
	bind(t, later, back)
	if back.Epoch <= held.Epoch {
		t.Fatalf("epoch %d after %d", back.Epoch, held.Epoch)
	}
}

// Visitors of a name whose agent was lost wait for it, 5 s at most; of one that was given back, not at all.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(nil)
		first := endpoint("a.test", "acme", "one")
		bind(t, g, first)
		g.Lose(first)
		time.Sleep(time.Second)
		second := endpoint("a.test", "acme", "one")
		go func() {
			time.Sleep(time.Second)
			_, _ = g.Bind(second, Claim{})
		}()
		begin := time.Now()
		if e, err := g.Await(t.Context(), []byte("a.test")); e != second || err != nil || time.Since(begin) != time.Second {
			t.Fatalf("%v %v after %v", e, err, time.Since(begin))
		}
		if e, err := g.Successor(t.Context(), first, true); e != second || err != nil {
			t.Fatalf("%v %v", e, err)
		}
		g.Lose(second)
		time.Sleep(time.Second)
		begin = time.Now()
		if e, err := g.Await(t.Context(), []byte("a.test")); !errors.Is(err, ErrAway) || time.Since(begin) != backSoon-time.Second {
			t.Fatalf("%v %v after %v", e, err, time.Since(begin))
		}
		third := endpoint("a.test", "acme", "one")
		bind(t, g, third)
		go func() {
			time.Sleep(time.Second)
			g.Unbind(third)
		}()
		begin = time.Now()
		if e, err := g.Successor(t.Context(), third, true); !errors.Is(err, ErrAway) || time.Since(begin) != time.Second {
			t.Fatalf("the agent has left, and its visitors still wait: %v %v after %v", e, err, time.Since(begin))
		}
		fourth := endpoint("a.test", "acme", "one")
		bind(t, g, fourth)
		begin = time.Now()
		if e, err := g.Successor(t.Context(), fourth, false); !errors.Is(err, ErrAway) || time.Since(begin) != 0 {
			t.Fatalf("nobody was lost: %v %v after %v", e, err, time.Since(begin))
		}
		if e, err := g.Successor(t.Context(), fourth, true); !errors.Is(err, ErrAway) || time.Since(begin) != backSoon {
			t.Fatalf("a loss that is never told: %v %v after %v", e, err, time.Since(begin))
		}
		g.Unbind(fourth)
		for host, want := range map[string]error{"a.test": ErrAway, "never.test": ErrNoEndpoint} {
			begin = time.Now()
			if e, err := g.Await(t.Context(), []byte(host)); !errors.Is(err, want) || time.Since(begin) != 0 {
				t.Fatalf("%s: %v %v after %v", host, e, err, time.Since(begin))
			}
		}
		g.Lose(endpoint("a.test", "acme", "one"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		other := endpoint("b.test", "acme", "one")
		bind(t, g, other)
		g.Lose(other)
		if _, err := g.Await(ctx, []byte("b.test")); !errors.Is(err, ErrAway) {
			t.Fatal(err)
		}
	})
}
