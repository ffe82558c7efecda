package registry

import "time"

const (
	// reserved is how long a name that was given back waits for its account.
	reserved = 24 * time.Hour

	// maxReserved is how many such names one account may have waiting, so that nobody fills the table, or sits on all good names, by binding and
	// unbinding. What is above it is free at once.
	maxReserved = 1000
)

// leases remembers who had which name, and the highest epoch given for it.
type leases struct {
	names   map[string]*lease
	waiting map[string]int // reserved names by account
	sweepAt int            // size at which lapsed leases are looked for
}

type lease struct {
	account string
	epoch   uint64
	until   time.Time // end of the reservation; zero while the name is held
}

func newLeases() leases {
	return leases{names: map[string]*lease{}, waiting: map[string]int{}, sweepAt: 1024}
}

// find returns the highest epoch given for name and the account that has a right to it ("" nobody), forgetting a lease that has lapsed.
func (l *leases) find(name string, now time.Time) (epoch uint64, account string) {
	e := l.names[name]
	if e == nil {
		return 0, ""
	}
	if e.lapsed(now) {
		l.forget(name, e)
		return e.epoch, ""
	}
	return e.epoch, e.account
}

// take makes account the holder of name.
func (l *leases) take(name, account string, epoch uint64) {
	if e := l.names[name]; e != nil {
		l.stopWaiting(e)
		e.account, e.epoch = account, epoch
		return
	}
	l.names[name] = &lease{account: account, epoch: epoch}
}

// release begins the reservation of a name that is not held any more.
func (l *leases) release(name string, now time.Time) {
	e := l.names[name]
	if e == nil {
		return
	}
	if len(l.names) >= l.sweepAt {
		l.sweep(now)
	}
	if l.waiting[e.account] >= maxReserved {
		delete(l.names, name)
		return
	}
	e.until = now.Add(reserved)
	l.waiting[e.account]++
}

// sweep forgets what has lapsed; the next one is due when the table has doubled, so that its cost is shared by the binds that filled it.
func (l *leases) sweep(now time.Time) {
	for name, e := range l.names {
		if e.lapsed(now) {
			l.forget(name, e)
		}
	}
	l.sweepAt = max(1024, 2*len(l.names))
}

func (l *leases) forget(name string, e *lease) {
	l.stopWaiting(e)
	delete(l.names, name)
}

func (l *leases) stopWaiting(e *lease) {
	if e.until.IsZero() {
		return
	}
	e.until = time.Time{}
	if l.waiting[e.account]--; l.waiting[e.account] == 0 {
		delete(l.waiting, e.account)
	}
}

func (e *lease) lapsed(now time.Time) bool { return !e.until.IsZero() && !now.Before(e.until) }
