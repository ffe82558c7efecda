package registry

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestFreePort: of a range that is full the account that keeps the most gives up what has waited longest, down to a tenth; who asks gives up his own first.
func TestFreePort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const first, last = 4000, 4019
		n := &notes{map[string]Lease{}}
		g := New(nil)
		g.Keep(nil, n)
		var held, lost *Endpoint
		for port := first; port <= last; port++ {
			account := "greedy"
			switch port {
			case first, first + 1:
				account = "small"
			case last - 2:
				account = "other"
			}
			e := &Endpoint{Host: "tunnel.test", Port: port, Account: account, Instance: "one"}
			bind(t, g, e)
			switch port {
			case last:
				held = e
			case last - 1:
				lost = e
			default:
				g.Unbind(e)
			}
			time.Sleep(time.Second)
		}
		g.Lose(lost)
		frees := func(account string, want int) {
			t.Helper()
			port, ok := g.FreePort(account, first, last)
			if port != want || ok != (want != 0) {
				t.Fatalf("for %s: %d %v, want %d", account, port, ok, want)
			}
			if l := n.last[PortPlace(port)]; ok && !l.Lapsed(time.Now()) {
				t.Errorf("the journal says %+v", l)
			}
		}
		frees("other", last-2)
		for port := first + 2; port < last-4; port++ { // but for the last two of those that nobody waits for
			frees("newcomer", port)
		}
		frees("newcomer", 0)
		time.Sleep(backSoon)
		frees("newcomer", last-4)
		frees("newcomer", 0)
		frees("small", first)
		frees("greedy", last-3)
		frees("greedy", last-1)
		frees("greedy", 0)
		if e, err := g.PickPort(last); e != held || err != nil {
			t.Errorf("who is online: %v %v", e, err)
		}
		if n := g.leases.waiting; len(n) != 1 || n["small"] != 1 {
			t.Errorf("reserved: %v", n)
		}
	})
}
