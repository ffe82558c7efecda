package cert

import (
	"errors"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

const (
	// Between attempts while the CA is not reached, or is not well: doubled each time.
	downFirst, downMost = 5 * time.Second, 10 * time.Minute

	// Between attempts that the CA has refused: Let's Encrypt takes five failed validations of a name in an hour, then none. Somebody who mends his DNS is not to
	// wait longer than that.
	refusedFirst, refusedMost = time.Minute, time.Hour

	// refusedRate is after it has said that there were too many.
	refusedRate = time.Hour

	tellEvery = time.Minute
)

// said says that an error is the CA's word about this order.
func said(err error) bool {
	var p acme.Problem
	return errors.As(err, &p) && p.Status < 500
}

// backoff is how long a name waits after an attempt that failed, with failures before it.
func backoff(err error, failures int) time.Duration {
	var p acme.Problem
	var t *tooMany
	switch {
	case errors.As(err, &t):
		return time.Until(t.again)
	case errors.As(err, &p) && p.Type == acme.ProblemTypeRateLimited:
		return refusedRate
	case said(err):
		return grown(refusedFirst, refusedMost, 4, failures)
	}
	return grown(downFirst, downMost, 2, failures)
}

func grown(first, most time.Duration, factor time.Duration, times int) time.Duration {
	for range times {
		if first *= factor; first >= most {
			return most
		}
	}
	return first
}

// quiet lets one through a minute and counts the others.
type quiet struct {
	last time.Time
	left int
}

func (q *quiet) may(now time.Time) (left int, ok bool) {
	if now.Sub(q.last) < tellEvery {
		q.left++
		return 0, false
	}
	left, q.last, q.left = q.left, now, 0
	return left, true
}
