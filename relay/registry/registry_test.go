package registry

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// clock is a clock that stands until it is moved.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newTest() (*Registry, *clock) {
	c := &clock{time.UnixMilli(1_700_000_000_000)}
	return New(c.now), c
}

func endpoint(host, account, instance string) *Endpoint {
	return &Endpoint{Host: host, Account: account, Instance: instance}
}

func bind(t *testing.T, g *Registry, e *Endpoint) *Endpoint {
	t.Helper()
	return claim(t, g, e, Claim{})
}

func claim(t *testing.T, g *Registry, e *Endpoint, c Claim) *Endpoint {
	t.Helper()
	old, err := g.Bind(e, c)
	if err != nil {
		t.Fatalf("bind %s by %s/%s: %v", e.Host, e.Account, e.Instance, err)
	}
	return old
}

func refused(t *testing.T, g *Registry, e *Endpoint, code wire.Code) {
	t.Helper()
	_, err := g.Bind(e, Claim{})
	var re *Error
	if !errors.As(err, &re) || re.Code != code {
		t.Fatalf("bind %s by %s/%s: %v, want %v", e.Host, e.Account, e.Instance, err, code)
	}
}

func holds(t *testing.T, g *Registry, host string, want *Endpoint) {
	t.Helper()
	e, err := g.Pick([]byte(host))
	if e != want || (want == nil) != errors.Is(err, ErrNoEndpoint) {
		t.Fatalf("pick %s: %v %v, want %v", host, e, err, want)
	}
}

// away checks that nobody serves host now, but somebody may again.
func away(t *testing.T, g *Registry, host string) {
	t.Helper()
	if e, err := g.Pick([]byte(host)); e != nil || !errors.Is(err, ErrAway) {
		t.Fatalf("pick %s: %v %v", host, e, err)
	}
}

func TestTakeover(t *testing.T) {
	g, _ := newTest()
	first := endpoint("a.test", "acme", "one")
	if bind(t, g, first) != nil {
		t.Fatal("a free name replaced something")
	}
	holds(t, g, "a.test", first)
	second := endpoint("a.test", "acme", "one")
	refused(t, g, second, wire.CodeAlreadyOnline)
	if claim(t, g, second, Claim{Ticket: first.Epoch}) != first {
		t.Fatal("the same agent did not take its name over")
	}
	if second.Epoch <= first.Epoch {
		t.Fatalf("epochs %d then %d", first.Epoch, second.Epoch)
	}
	holds(t, g, "a.test", second)
	g.Unbind(first)
	holds(t, g, "a.test", second)
	holds(t, g, "never.test", nil)
	g.Unbind(second)
	away(t, g, "a.test")
	g.Unbind(second)
}

func TestRefusals(t *testing.T) {
	g, _ := newTest()
	first := endpoint("a.test", "acme", "one")
	bind(t, g, first)
	refused(t, g, endpoint("a.test", "acme", "two"), wire.CodeAlreadyOnline)
	refused(t, g, endpoint("a.test", "other", "one"), wire.CodeNameTaken)
	nameless := endpoint("b.test", "acme", "")
	bind(t, g, nameless)
	refused(t, g, endpoint("b.test", "acme", ""), wire.CodeAlreadyOnline)
	holds(t, g, "a.test", first)
	holds(t, g, "b.test", nameless)
}

func TestReservation(t *testing.T) {
	g, c := newTest()
	first := endpoint("a.test", "acme", "one")
	bind(t, g, first)
	g.Unbind(first)
	refused(t, g, endpoint("a.test", "other", "one"), wire.CodeNameTaken)
	c.t = c.t.Add(reserved - 1)
	refused(t, g, endpoint("a.test", "other", "one"), wire.CodeNameTaken)
	back := endpoint("a.test", "acme", "two")
	bind(t, g, back)
	c.t = c.t.Add(2 * reserved)
	refused(t, g, endpoint("a.test", "other", "one"), wire.CodeNameTaken)
	g.Unbind(back)
	away(t, g, "a.test")
	c.t = c.t.Add(reserved)
	holds(t, g, "a.test", nil)
	bind(t, g, endpoint("a.test", "other", "one"))
	if n := len(g.leases.waiting); n != 0 {
		t.Fatalf("%d accounts are said to have names waiting", n)
	}
}

func TestEpochNeverFalls(t *testing.T) {
	g, c := newTest()
	first := endpoint("a.test", "acme", "one")
	bind(t, g, first)
	if first.Epoch != uint64(c.t.UnixMilli()) {
		t.Fatalf("epoch %d at %d", first.Epoch, c.t.UnixMilli())
	}
	g.Unbind(first)
	c.t = c.t.Add(-time.Hour)
	second := endpoint("a.test", "acme", "one")
	bind(t, g, second)
	if second.Epoch != first.Epoch+1 {
		t.Fatalf("epoch %d after %d when the clock was set back", second.Epoch, first.Epoch)
	}
}

func TestReservationsAreBounded(t *testing.T) {
	g, c := newTest()
	for i := range maxReserved + 500 {
		e := endpoint(fmt.Sprintf("n%d.test", i), "greedy", "one")
		bind(t, g, e)
		g.Unbind(e)
	}
	if n := len(g.leases.names); n != maxReserved {
		t.Fatalf("one account has %d names waiting", n)
	}
	refused(t, g, endpoint("n0.test", "acme", "one"), wire.CodeNameTaken)
	bind(t, g, endpoint(fmt.Sprintf("n%d.test", maxReserved), "acme", "one"))
	c.t = c.t.Add(reserved)
	for i := range 100 {
		e := endpoint(fmt.Sprintf("m%d.test", i), "acme", "one")
		bind(t, g, e)
		g.Unbind(e)
	}
	if n := len(g.leases.names); n > 200 {
		t.Fatalf("%d leases are kept after they have lapsed", n)
	}
}

func TestPorts(t *testing.T) {
	g, _ := newTest()
	a := &Endpoint{Host: "localhost", Port: 4001, Account: "local", Instance: "one"}
	b := &Endpoint{Host: "localhost", Port: 4002, Account: "local", Instance: "one"}
	bind(t, g, a)
	if bind(t, g, b) != nil {
		t.Fatal("one port replaced another")
	}
	if e, err := g.PickPort(4001); e != a || err != nil {
		t.Fatalf("port 4001: %v %v", e, err)
	}
	holds(t, g, "localhost", nil)
	if g.Len() != 2 {
		t.Fatalf("%d endpoints", g.Len())
	}
	g.Each(g.Unbind)
	if _, err := g.PickPort(4001); !errors.Is(err, ErrNoEndpoint) {
		t.Fatalf("port 4001 after unbind: %v", err)
	}
}

func TestPickAllocatesNothing(t *testing.T) {
	g, _ := newTest()
	bind(t, g, endpoint("a.test", "acme", "one"))
	host := []byte("a.test")
	if n := testing.AllocsPerRun(100, func() { _, _ = g.Pick(host) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whoever is picked while agents come, go and take names over is one that was bound under that name.
func TestConcurrent(t *testing.T) {
	g := New(nil)
	const hosts, rounds = 4, 300
	var wg sync.WaitGroup
	for i := range hosts {
		host := fmt.Sprintf("h%d.test", i)
		for range 2 {
			wg.Go(func() {
				for range rounds {
					e := endpoint(host, "acme", "one")
					if _, err := g.Bind(e, Claim{Ticket: 1}); err != nil {
						t.Errorf("bind: %v", err)
					}
					g.Unbind(e)
				}
			})
		}
		wg.Go(func() {
			for range rounds {
				e, err := g.Pick([]byte(host))
				if err == nil && (e.Host != host || e.Epoch == 0) {
					t.Errorf("picked %+v for %s", e, host)
				}
				g.Each(func(*Endpoint) {})
			}
		})
	}
	wg.Wait()
	if g.Len() != 0 {
		t.Errorf("%d endpoints are left", g.Len())
	}
}

func BenchmarkPick(b *testing.B) {
	g := New(nil)
	for i := range 10_000 {
		if _, err := g.Bind(endpoint(fmt.Sprintf("n%d.test", i), "acme", "one"), Claim{}); err != nil {
			b.Fatal(err)
		}
	}
	host := []byte("n777.test")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = g.Pick(host)
		}
	})
}

// TestOwnedName: who owns a name gets it from another account that was there first, with a higher epoch, and keeps it; it gets no name of its own account's other
// agent that way.
func TestOwnedName(t *testing.T) {
	g, c := newTest()
	squatter := endpoint("www.example.com", "emca", "i1")
	bind(t, g, squatter)
	e := endpoint("www.example.com", "acme", "i1")
	e.Owned = true
	if old := bind(t, g, e); old != squatter || e.Epoch <= squatter.Epoch {
		t.Errorf("replaced %+v, epoch %d after %d", old, e.Epoch, squatter.Epoch)
	}
	g.Unbind(squatter) // late
	if got, err := g.Pick([]byte("www.example.com")); got != e || err != nil {
		t.Errorf("%+v %v", got, err)
	}
	second := endpoint("www.example.com", "acme", "i2")
	second.Owned = true
	var held *Held
	if _, err := g.Bind(second, Claim{}); !errors.As(err, &held) || held.Holder != e {
		t.Errorf("the account's other agent: %v", err)
	}
	g.Unbind(e)
	c.t = c.t.Add(time.Hour)
	if _, err := g.Bind(endpoint("www.example.com", "emca", "i1"), Claim{}); err == nil {
		t.Error("the reservation of the one who owns it does not stand")
	}
}

// TestMostNames: an account holds at most as many names as its claim allows; other accounts' are not counted, and one that is taken over is not new.
func TestMostNames(t *testing.T) {
	g, _ := newTest()
	bind(t, g, endpoint("x.test", "emca", "i1"))
	a := endpoint("a.test", "acme", "i1")
	claim(t, g, a, Claim{Most: 2})
	port := &Endpoint{Host: "localhost", Port: 4001, Account: "acme", Instance: "i1"}
	claim(t, g, port, Claim{Most: 2})
	var e *Error
	if _, err := g.Bind(endpoint("b.test", "acme", "i2"), Claim{Most: 2}); !errors.As(err, &e) || e.Code != wire.CodeEndpointLimit {
		t.Errorf("a third name: %v", err)
	}
	owned := endpoint("x.test", "acme", "i1")
	owned.Owned = true
	if _, err := g.Bind(owned, Claim{Most: 2}); !errors.As(err, &e) || e.Code != wire.CodeEndpointLimit {
		t.Errorf("a third name that was another account's: %v", err)
	}
	claim(t, g, endpoint("a.test", "acme", "i1"), Claim{Most: 2, Ticket: a.Epoch})
	g.Unbind(port)
	claim(t, g, endpoint("b.test", "acme", "i2"), Claim{Most: 2})
}
