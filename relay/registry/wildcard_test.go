package registry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// TestNarrowestServes: a name's own endpoint, else that of the narrowest wildcard over it, at any depth.
func TestNarrowestServes(t *testing.T) {
	g, _ := newTest()
	wide, narrow, exact := endpoint("*.example.com", "acme", "1"), endpoint("*.dev.example.com", "acme", "2"), endpoint("a.dev.example.com", "acme", "3")
	for _, e := range []*Endpoint{wide, narrow, exact} {
		bind(t, g, e)
	}
	for host, want := range map[string]*Endpoint{
		"a.dev.example.com": exact, "b.dev.example.com": narrow, "x.a.dev.example.com": narrow, "dev.example.com": wide, "www.example.com": wide, "a.b.c.example.com": wide,
		"example.com": nil, "com": nil, "xexample.com": nil, "notdev.example.org": nil, "[::1]": nil, "1.2.3.4": nil,
	} {
		holds(t, g, host, want)
	}
	g.Unbind(exact)
	holds(t, g, "a.dev.example.com", narrow)
	g.Unbind(narrow)
	holds(t, g, "a.dev.example.com", wide)
	g.Unbind(wide)
	away(t, g, "a.dev.example.com")
	holds(t, g, "example.com", nil)
}

// TestLostBeforeWild: a name whose agent was lost a moment ago is waited for; then a wildcard takes its visitors, if it is the same account's.
func TestLostBeforeWild(t *testing.T) {
	g, c := newTest()
	wild, own, foreign := endpoint("*.example.com", "acme", "1"), endpoint("a.example.com", "acme", "2"), endpoint("b.example.com", "emca", "3")
	foreign.Owned = true
	for _, e := range []*Endpoint{wild, own, foreign} {
		bind(t, g, e)
	}
	g.Lose(own)
	g.Lose(foreign)
	away(t, g, "a.example.com")
	away(t, g, "b.example.com")
	c.t = c.t.Add(backSoon)
	holds(t, g, "a.example.com", wild)
	away(t, g, "b.example.com")
	c.t = c.t.Add(reserved)
	holds(t, g, "b.example.com", wild)
	g.Lose(wild)
	away(t, g, "new.example.com")
	c.t = c.t.Add(reserved)
	holds(t, g, "new.example.com", nil)
}

// TestAwaitWild: a visitor of a name below a wildcard whose agent was lost waits for it.
func TestAwaitWild(t *testing.T) {
	g := New(nil)
	first, second := endpoint("*.dev.example.com", "acme", "1"), endpoint("*.dev.example.com", "acme", "1")
	bind(t, g, first)
	g.Lose(first)
	came := make(chan *Endpoint)
	go func() {
		e, _ := g.Await(t.Context(), []byte("x.dev.example.com"))
		came <- e
	}()
	time.Sleep(10 * time.Millisecond) // it may come before or after; both must do
	bind(t, g, second)
	if e := <-came; e != second {
		t.Errorf("got %v", e)
	}
	if e, err := g.Successor(t.Context(), first, true); e != second || err != nil {
		t.Errorf("successor %v %v", e, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	g.Lose(second)
	if _, err := g.Await(ended, []byte("x.dev.example.com")); !errors.Is(err, ErrAway) {
		t.Error(err)
	}
}

// TestAwaitNarrower: who waits for a wildcard that was lost is served by whatever narrower endpoint comes, as soon as it comes.
func TestAwaitNarrower(t *testing.T) {
	for _, narrower := range []string{"a.dev.example.com", "*.dev.example.com"} {
		synctest.Test(t, func(t *testing.T) {
			g := New(nil)
			wide, own := endpoint("*.example.com", "acme", "1"), endpoint(narrower, "acme", "2")
			bind(t, g, wide)
			g.Lose(wide)
			time.AfterFunc(time.Second, func() { _, _ = g.Bind(own, Claim{}) })
			begin := time.Now()
			if e, err := g.Await(t.Context(), []byte("a.dev.example.com")); e != own || time.Since(begin) != time.Second {
				t.Errorf("%s: %v %v after %v", narrower, e, err, time.Since(begin))
			}
		})
	}
}

// TestAwaitEndsAtWild: a visitor whose name's agent does not come back is served by the wildcard over it, like those who come later.
func TestAwaitEndsAtWild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(nil)
		wide, own := endpoint("*.example.com", "acme", "1"), endpoint("a.example.com", "acme", "2")
		bind(t, g, wide)
		bind(t, g, own)
		g.Lose(own)
		begin := time.Now()
		if e, err := g.Await(t.Context(), []byte("a.example.com")); e != wide || time.Since(begin) != backSoon {
			t.Errorf("%v %v after %v", e, err, time.Since(begin))
		}
	})
}

// TestZones: below the relay's domain a label and all names below it are one account's, whichever of them it took first.
func TestZones(t *testing.T) {
	for _, first := range []string{"team.tunnel.test", "*.team.tunnel.test", "a.team.tunnel.test", "*.b.a.team.tunnel.test"} {
		g, c := newTest()
		g.Divide("tunnel.test")
		mine := endpoint(first, "acme", "1")
		bind(t, g, mine)
		all := []string{"team.tunnel.test", "*.team.tunnel.test", "a.team.tunnel.test", "x.y.team.tunnel.test", "*.b.a.team.tunnel.test"}
		for _, name := range all {
			refused(t, g, endpoint(name, "emca", "2"), wire.CodeNameTaken)
			if name != first {
				bind(t, g, endpoint(name, "acme", "1"))
			}
		}
		bind(t, g, endpoint("steam.tunnel.test", "emca", "2"))
		bind(t, g, endpoint("team.other.test", "emca", "2"))
		owner := endpoint("*.tunnel.test", "emca", "2")
		owner.Owned = true
		bind(t, g, owner)
		bind(t, g, endpoint("free.tunnel.test", "acme", "1"))
		g.Each(func(e *Endpoint) {
			if e.Account == "acme" {
				g.Unbind(e)
			}
		})
		refused(t, g, endpoint(all[0], "emca", "2"), wire.CodeNameTaken)
		c.t = c.t.Add(reserved)
		bind(t, g, endpoint(all[0], "emca", "2"))
		refused(t, g, endpoint(first, "acme", "1"), wire.CodeNameTaken)
	}
}

// TestManyAlive holds 150 endpoints with wildcards among them against a plain reading of the rules, while they come and go: CVE-2026-27588 was a table of
// hosts that compared them otherwise when it grew beyond a hundred.
func TestManyAlive(t *testing.T) {
	g, _ := newTest()
	r := rand.New(rand.NewPCG(1, 2))
	label := func() string { return fmt.Sprintf("n%d", r.IntN(12)) }
	alive := map[string]*Endpoint{}
	names := func() []string {
		var all []string
		for name := range alive {
			all = append(all, name)
		}
		slices.Sort(all)
		return all
	}
	for round := range 4000 {
		if all := names(); len(all) > 150 || len(all) > 0 && round > 2000 && r.IntN(2) == 0 {
			name := all[r.IntN(len(all))]
			g.Unbind(alive[name])
			delete(alive, name)
		} else {
			name := label() + "." + label() + ".example.com"
			if r.IntN(4) == 0 {
				name = "*." + name[strings.IndexByte(name, '.')+1:]
			}
			if alive[name] == nil {
				alive[name] = endpoint(name, "acme", "1")
				bind(t, g, alive[name])
			}
		}
		host := label() + "." + label() + ".example.com"
		spelled := strings.ToUpper(host) + ".:8080"
		name, _, ok := CanonicalHost(nil, []byte(spelled))
		if e, _ := g.Pick(name); !ok || e != plainly(alive, host) {
			t.Fatalf("round %d, %d alive: %s is served by %v, want %v", round, len(alive), spelled, e, plainly(alive, host))
		}
	}
}

func plainly(alive map[string]*Endpoint, host string) *Endpoint {
	if e := alive[host]; e != nil {
		return e
	}
	for {
		_, rest, more := strings.Cut(host, ".")
		if !more {
			return nil
		}
		if e := alive["*."+rest]; e != nil {
			return e
		}
		host = rest
	}
}

func TestPickWildAllocatesNothing(t *testing.T) {
	g, _ := newTest()
	bind(t, g, endpoint("*.example.com", "acme", "1"))
	host := []byte("a.b.c.d.example.com")
	if n := testing.AllocsPerRun(100, func() { _, _ = g.Pick(host) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCanonicalPattern(t *testing.T) {
	for in, want := range map[string]string{
		"*.Dev.Example.com.": "*.dev.example.com", "*.Bücher.example": "*.xn--bcher-kva.example", "www.example.com": "www.example.com", "*.team": "*.team",
		"*": "", "*.": "", "*.*.a": "", "a.*.b": "", "*.127.0.0.1": "", "*.[::1]": "", "*a.b": "", "*.a:80": "", "*.127.0.0.1.": "",
		"*." + strings.Repeat("abc.", 62) + "ab": "*." + strings.Repeat("abc.", 62) + "ab", "*." + strings.Repeat("abc.", 62) + "abcd": "",
	} {
		if got, ok := CanonicalPattern(in); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %v, want %q", in, got, ok, want)
		}
	}
}

func TestCanonicalScope(t *testing.T) {
	for in, want := range map[string]string{"App-*": "app-*", "*.Bücher.example.": "*.xn--bcher-kva.example", "a b": "a b", "bü*": "bü*"} {
		if got := CanonicalScope(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
