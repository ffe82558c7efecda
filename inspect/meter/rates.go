package meter

import (
	"math"
	"time"
)

// tick is how often a rate takes in what was counted.
const tick = 5 * time.Second

// minutes are the windows of rt1, rt5 and rt15.
var minutes = [3]float64{1, 5, 15}

// rates are exponentially weighted moving averages of events per second. At each tick rate += α·(count/5s − rate) with
// α = 1−e^(−5/60/m); the first tick seeds them, so a burst at the start is not diluted by a zero that was never measured.
type rates struct {
	rate   [3]float64
	count  int64 // events since the last tick
	ticks  int64 // ticks taken in so far
	seeded bool
}

// add counts n events at age.
func (r *rates) add(age time.Duration, n int64) {
	r.catchUp(age)
	r.count += n
}

// catchUp takes in all ticks up to age. Only the first of them can have events, since add catches up before it counts: the others
// each multiply by 1−α, which together is e^(−5·k/60/m).
func (r *rates) catchUp(age time.Duration) {
	due := int64(age/tick) - r.ticks
	if due < 1 {
		return
	}
	r.ticks += due
	now := float64(r.count) / tick.Seconds()
	r.count = 0
	silent := float64(due-1) * tick.Minutes()
	for i, m := range minutes {
		if r.seeded {
			r.rate[i] += -math.Expm1(-tick.Minutes()/m) * (now - r.rate[i])
		} else {
			r.rate[i] = now
		}
		r.rate[i] *= math.Exp(-silent / m)
	}
	r.seeded = true
}
