package registry

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// An agent that has made another session binds in that one: what its older session still asks for, perhaps long ago, does not take the name back.
func TestLaterSessionOfAnInstance(t *testing.T) {
	g, _ := newTest()
	in := func(instance string, session uint64) *Endpoint {
		e := endpoint("a.test", "acme", instance)
		e.Session = session
		return e
	}
	first := in("one", 1)
	bind(t, g, first)
	second := in("one", 2)
	if claim(t, g, second, Claim{Ticket: first.Epoch}) != first {
		t.Fatal("the later session did not take over")
	}
	var held *Held
	if _, err := g.Bind(in("one", 1), Claim{Ticket: second.Epoch}); !errors.As(err, &held) || held.Holder != second {
		t.Fatalf("the older session took the name back: %v", err)
	}
	claim(t, g, in("one", 1), Claim{Ticket: second.Epoch, Over: second})
	g, _ = newTest()
	bind(t, g, second)
	g.Unbind(second)
	bind(t, g, in("one", 1))
}

// A ticket of a relay whose clock ran ahead, and whose leases are lost, is no reason to give a lower epoch than it has.
func TestEpochsRiseAboveTickets(t *testing.T) {
	g, c := newTest()
	ahead := uint64(c.t.Add(24 * 365 * time.Hour).UnixMilli())
	e := endpoint("a.test", "acme", "one")
	claim(t, g, e, Claim{Ticket: ahead})
	if e.Epoch <= ahead {
		t.Fatalf("epoch %d after %d", e.Epoch, ahead)
	}
}

// All agents of a large account lose their links at once: each has its name back, and nobody else can take it in the meantime.
func TestManyAreLostAtOnce(t *testing.T) {
	g, c := newTest()
	const many = maxReserved + 100
	var all []*Endpoint
	for i := range many {
		e := endpoint(fmt.Sprintf("n%d.test", i), "acme", fmt.Sprint(i))
		bind(t, g, e)
		all = append(all, e)
	}
	for _, e := range all {
		g.Lose(e)
	}
	c.t = c.t.Add(30 * time.Second)
	for _, e := range all {
		refused(t, g, endpoint(e.Host, "other", "x"), wire.CodeNameTaken)
	}
	for _, e := range all[:many/2] {
		claim(t, g, endpoint(e.Host, "acme", e.Instance), Claim{Ticket: e.Epoch})
	}
	c.t = c.t.Add(time.Hour)
	bind(t, g, endpoint(all[many-1].Host, "other", "x")) // of those above the limit
	refused(t, g, endpoint(all[many/2].Host, "other", "x"), wire.CodeNameTaken)
	c.t = c.t.Add(reserved)
	g.leases.sweep(c.t)
	if n := len(g.leases.names); n != many/2+1 || len(g.leases.waiting) != 0 {
		t.Fatalf("%d leases, waiting %v", n, g.leases.waiting)
	}
}

// The journal hears of what has lapsed, so that it need not keep for ever the names of agents that were lost.
func TestJournalHearsOfWhatLapses(t *testing.T) {
	g, c := newTest()
	n := &notes{map[string]Lease{}}
	g.Keep(nil, n)
	for _, name := range []string{"swept.test", "found.test"} {
		e := endpoint(name, "acme", "one")
		bind(t, g, e)
		g.Lose(e)
	}
	c.t = c.t.Add(reserved)
	bind(t, g, endpoint("found.test", "other", "two"))
	g.leases.sweepAt = 0
	other := endpoint("other.test", "acme", "one")
	bind(t, g, other)
	g.Unbind(other)
	if l := n.last["swept.test"]; !l.Lapsed(c.t) {
		t.Errorf("%+v", l)
	}
	if l := n.last["found.test"]; l.Account != "other" {
		t.Errorf("%+v", l)
	}
}
