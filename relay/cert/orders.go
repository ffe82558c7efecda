package cert

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// orderEvery and orderBurst bound new certificates, of all names together: Let's Encrypt gives a relay 300 orders at once, and one more every 36 s. Renewals
	// are not counted.
	orderEvery = 36 * time.Second
	orderBurst = 60

	// shareEvery and shareBurst bound those of one account's names: its binds are not to use up what there is for all.
	shareEvery = 2 * time.Minute
	shareBurst = 30

	// maxShares is how many accounts are remembered before those whose share is whole again are forgotten.
	maxShares = 1000
)

// orders says when a new certificate may be ordered.
type orders struct {
	mu     sync.Mutex
	all    *rate.Limiter
	shares map[string]*rate.Limiter // by account
}

func newOrders() *orders {
	return &orders{all: rate.NewLimiter(rate.Every(orderEvery), orderBurst), shares: map[string]*rate.Limiter{}}
}

// tooMany is why none may be ordered now.
type tooMany struct {
	what  string
	again time.Time
}

func (e *tooMany) Error() string {
	return fmt.Sprintf("%s; the next may be ordered at %s", e.what, e.again.Format(time.TimeOnly))
}

// take takes one for a name of an account; "" is the relay itself. A *tooMany says when there is one again.
func (o *orders) take(account string, now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var own *rate.Reservation
	if account != "" {
		own = o.share(account, now).ReserveN(now, 1)
		if wait := own.DelayFrom(now); wait > 0 {
			own.CancelAt(now)
			what := fmt.Sprintf("the account %q has had its share of new certificates, %d at once and then one every %v", account, shareBurst, shareEvery)
			return &tooMany{what, now.Add(wait)}
		}
	}
	all := o.all.ReserveN(now, 1)
	if wait := all.DelayFrom(now); wait > 0 {
		all.CancelAt(now)
		if own != nil {
			own.CancelAt(now)
		}
		return &tooMany{fmt.Sprintf("the relay has ordered as many new certificates as it may, %d at once and then one every %v", orderBurst, orderEvery), now.Add(wait)}
	}
	return nil
}

// share is what an account has left. o.mu is held.
func (o *orders) share(account string, now time.Time) *rate.Limiter {
	l := o.shares[account]
	if l == nil {
		if len(o.shares) >= maxShares {
			o.prune(now)
		}
		l = rate.NewLimiter(rate.Every(shareEvery), shareBurst)
		o.shares[account] = l
	}
	return l
}

// prune forgets the accounts whose share is whole. o.mu is held.
func (o *orders) prune(now time.Time) {
	for account, l := range o.shares {
		if l.TokensAt(now) >= shareBurst {
			delete(o.shares, account)
		}
	}
}
