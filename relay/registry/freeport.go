package registry

import (
	"slices"
	"strconv"
	"time"
)

// portsKept is the part of a range of ports, one of so many, that an account may keep reserved against others who find no free one.
const portsKept = 10

// FreePort gives up a reservation for account, which finds no free port in the range, and returns the port: the one that has waited longest of the account's own,
// else of the account that keeps the most, if that is more than a tenth of the range (of a small one, more than one port). So nobody fills the range by binding and
// unbinding, and who keeps few is left alone. false: there is none. A port that is held, or that visitors wait for, is never given up.
func (g *Registry) FreePort(account string, first, last int) (port int, ok bool) {
	defer g.note()
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	kept := g.leases.keptPorts(first, last, now)
	if len(kept[account]) == 0 {
		account = most(kept)
		if len(kept[account]) <= max(1, (last-first+1)/portsKept) {
			return 0, false
		}
	}
	l := slices.MinFunc(kept[account], func(a, b *Lease) int { return a.Until.Compare(b.Until) })
	port, _ = strconv.Atoi(l.Name[1:]) // it was made from a port
	l.stir()
	l.Until = now
	g.leases.forget(l)
	return port, true
}

// keptPorts are the leases of ports of the range that are reserved and not waited for, by account.
func (l *leases) keptPorts(first, last int, now time.Time) map[string][]*Lease {
	kept := map[string][]*Lease{}
	for port := first; port <= last; port++ {
		if e := l.names[PortPlace(port)]; e != nil && !e.Lapsed(now) && !e.awaited(now) {
			kept[e.Account] = append(kept[e.Account], e)
		}
	}
	return kept
}

// most is who keeps the most ports; of several the first by name.
func most(kept map[string][]*Lease) (account string) {
	for a, ports := range kept {
		if n := len(kept[account]); len(ports) > n || len(ports) == n && a < account {
			account = a
		}
	}
	return account
}
