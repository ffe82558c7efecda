package registry

import (
	"strings"
	"time"
)

const (
	// reserved is how long a name that was given back waits for its account.
	reserved = 24 * time.Hour

	// maxReserved is how many such names one account may have waiting, so that nobody fills the table, or sits on all good names, by binding and
	// unbinding. What is above it is free at once.
	maxReserved = 1000

	// spared is how long a name above that waits when its agent was lost: the agents of a large account may all lose their links at once.
	spared = time.Minute

	// backSoon is how long visitors wait for a holder that was lost without a word: agents come back within a second or two.
	backSoon = 5 * time.Second
)

// Lease is the right to a name: who has it or had it last, and the epoch that was given with it.
type Lease struct {
	Name     string // a canonical host, or ":PORT"
	Account  string
	Instance string
	Endpoint string // its name at the agent; "" in leases of an earlier version
	Epoch    uint64
	Until    time.Time // end of the reservation; zero while the name is held

	back  time.Time     // visitors wait until then for a holder that was lost
	stirs chan struct{} // closed when the name is taken or given back; nil: nobody waits
}

// Lapsed says that the reservation is over.
func (l *Lease) Lapsed(now time.Time) bool { return !l.Until.IsZero() && !now.Before(l.Until) }

// awaited says that visitors wait for the name: it is held, by somebody whose loss is about to be told, or it was lost a moment ago.
func (l *Lease) awaited(now time.Time) bool { return l.Until.IsZero() || now.Before(l.back) }

// Journal keeps leases beyond the process.
type Journal interface {
	// Note writes changed leases, each as it stands now: after it has returned, the end of the process loses none of them. Failures are the journal's to
	// tell: a name is given out whether it can be written down or not.
	Note([]Lease)
}

// Keep takes over the leases of an earlier process and notes every later change in j. Names that were held are reserved from now on, and visitors wait a
// moment for all of them, because their agents may just be trying. Call it before the first Bind.
func (g *Registry) Keep(old []Lease, j Journal) {
	defer g.note()
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.journal, g.leases.noting = j, true
	for _, l := range old {
		if l.Until.IsZero() {
			l.Until = now.Add(reserved)
		}
		l.back = now.Add(backSoon)
		if !l.Lapsed(now) {
			g.leases.put(&l)
			g.leases.waiting[l.Account]++
			g.leases.change(l)
		}
	}
}

// note writes down what has changed.
func (g *Registry) note() {
	g.writing.Lock()
	defer g.writing.Unlock()
	g.mu.Lock()
	changed := g.leases.changed
	g.leases.changed = nil
	g.mu.Unlock()
	if len(changed) > 0 {
		g.journal.Note(changed)
	}
}

// leases remembers who had which name, and the highest epoch given for it.
type leases struct {
	names   map[string]*Lease
	wild    int                            // how many of them are wildcards
	zones   map[string]map[string]struct{} // names by the zone that they lie in
	domain  string                         // the relay's; "": there are no zones
	waiting map[string]int                 // reserved names by account
	sweepAt int                            // size at which lapsed leases are looked for
	noting  bool                           // there is a journal
	changed []Lease                        // not yet in it
}

func newLeases() leases {
	return leases{names: map[string]*Lease{}, zones: map[string]map[string]struct{}{}, waiting: map[string]int{}, sweepAt: 1024}
}

// find returns the lease of a name; one that has lapsed is forgotten, and only its epoch returned.
func (l *leases) find(name string, now time.Time) Lease {
	e := l.names[name]
	switch {
	case e == nil:
		return Lease{}
	case e.Lapsed(now):
		l.forget(e)
		return Lease{Epoch: e.Epoch}
	}
	return *e
}

// take makes fresh the lease of its name, which is held from now on.
func (l *leases) take(fresh Lease) {
	if e := l.names[fresh.Name]; e != nil {
		l.stopWaiting(e)
		e.stir()
	}
	l.stirAbove(fresh.Name)
	l.put(&fresh)
	l.change(fresh)
}

// put enters e, in the place of an earlier lease of its name.
func (l *leases) put(e *Lease) {
	if l.names[e.Name] == nil {
		if IsWild(e.Name) {
			l.wild++
		}
		if zone := l.zone(e.Name); zone != "" {
			if l.zones[zone] == nil {
				l.zones[zone] = map[string]struct{}{}
			}
			l.zones[zone][e.Name] = struct{}{}
		}
	}
	l.names[e.Name] = e
}

func (l *leases) remove(e *Lease) {
	if l.names[e.Name] == nil {
		return
	}
	delete(l.names, e.Name)
	if IsWild(e.Name) {
		l.wild--
	}
	if zone := l.zone(e.Name); zone != "" {
		if delete(l.zones[zone], e.Name); len(l.zones[zone]) == 0 {
			delete(l.zones, zone)
		}
	}
}

// release begins the reservation of a name that is not held any more. lost: its holder did not give it back, and may return any moment.
func (l *leases) release(name string, now time.Time, lost bool) {
	e := l.names[name]
	if e == nil {
		return
	}
	if len(l.names) >= l.sweepAt {
		l.sweep(now)
	}
	e.stir()
	wait := reserved
	if l.waiting[e.Account] >= maxReserved {
		wait = spared
		if !lost {
			l.remove(e)
			e.Until = now
			l.change(*e)
			return
		}
	}
	e.Until = now.Add(wait)
	l.waiting[e.Account]++
	if lost {
		e.back = now.Add(backSoon)
	}
	l.change(*e)
}

// stir wakes who waits for news of the name.
func (l *Lease) stir() {
	if l.stirs != nil {
		close(l.stirs)
		l.stirs = nil
	}
}

// stirAbove wakes who waits for a wildcard over name, which may be what they have asked for.
func (l *leases) stirAbove(name string) {
	rest, more := strings.TrimPrefix(name, wildcard), l.wild > 0
	for more {
		if _, rest, more = strings.Cut(rest, "."); l.names[wildcard+rest] != nil {
			l.names[wildcard+rest].stir()
		}
	}
}

func (l *leases) change(e Lease) {
	if l.noting {
		l.changed = append(l.changed, e)
	}
}

// sweep forgets what has lapsed; the next one is due when the table has doubled, so that its cost is shared by the binds that filled it.
func (l *leases) sweep(now time.Time) {
	for _, e := range l.names {
		if e.Lapsed(now) {
			l.forget(e)
		}
	}
	l.sweepAt = max(1024, 2*len(l.names))
}

func (l *leases) forget(e *Lease) {
	l.change(*e)
	l.stopWaiting(e)
	l.remove(e)
}

func (l *leases) stopWaiting(e *Lease) {
	if e.Until.IsZero() {
		return
	}
	e.Until = time.Time{}
	if l.waiting[e.Account]--; l.waiting[e.Account] == 0 {
		delete(l.waiting, e.Account)
	}
}
