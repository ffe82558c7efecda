package registry

import (
	"net/netip"
	"strings"
	"time"
)

// wildcard is what a host begins with that stands for all names below the rest.
const wildcard = "*."

// IsWild says that a canonical host stands for all names below one.
func IsWild(host string) bool { return strings.HasPrefix(host, wildcard) }

// Divide makes the names below the relay's own domain one account's each: whoever has NAME.domain, or a name below that, has all of them, since they share
// cookies. Call it before Keep and the first Bind.
func (g *Registry) Divide(domain string) { g.leases.domain = domain }

// find is who serves a canonical host name: its own endpoint, else that of the narrowest wildcard over it. Without either it is the lease of a name that
// gives hope, or nil. A name whose agent was lost a moment ago is waited for, before a wildcard takes its visitors; while its lease runs, only a wildcard of
// the same account does. It allocates nothing. g.mu is held.
func (g *Registry) find(host []byte) (*Endpoint, *Lease) {
	if e := g.hosts[string(host)]; e != nil {
		return e, nil
	}
	now := g.now()
	hope := g.leases.names[string(host)]
	if hope != nil && hope.Lapsed(now) {
		hope = nil
	}
	if g.leases.wild == 0 || hope != nil && hope.awaited(now) || len(host) > maxName {
		return nil, hope
	}
	account := ""
	if hope != nil {
		account = hope.Account
	}
	var b [1 + maxName]byte // "*" takes the place of the byte before each dot in turn
	name := b[:1+copy(b[1:], host)]
	for i, c := range host {
		if c != '.' {
			continue
		}
		name[i] = '*'
		if e := g.hosts[string(name[i:])]; e != nil && (account == "" || account == e.Account) {
			return e, nil
		}
		l := g.leases.names[string(name[i:])]
		if l == nil || l.Lapsed(now) || account != "" && account != l.Account {
			continue
		}
		if l.awaited(now) {
			return nil, l
		}
		if hope == nil {
			hope, account = l, l.Account
		}
	}
	return nil, hope
}

// zone is the name below the relay's domain with which name is one account's; "" for names elsewhere, and for the wildcard of all.
func (l *leases) zone(name string) string {
	if l.domain == "" {
		return ""
	}
	rest, ok := strings.CutSuffix(strings.TrimPrefix(name, wildcard), "."+l.domain)
	if !ok {
		return ""
	}
	return rest[strings.LastIndexByte(rest, '.')+1:] + "." + l.domain
}

// others says that another account has a lease in name's zone.
func (l *leases) others(name, account string, now time.Time) bool {
	for other := range l.zones[l.zone(name)] {
		if e := l.names[other]; e.Account != account && !e.Lapsed(now) {
			return true
		}
	}
	return false
}

// isAddress says that a host name is an IP address.
func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
