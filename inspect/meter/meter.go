// Package meter counts: events with rates (rt1, rt5, rt15), a gauge of what is open, durations with percentiles. They are the figures of
// ngrok's screen and local API, computed the same way.
//
// The clock is given and no meter has a goroutine: ticks that have passed are caught up in closed form when a meter is written or read, so
// an idle meter costs nothing and a gap of hours costs as much as one of seconds.
//
//	m := meter.New(nil)
//	m.Opened(1)
//	defer func(begin time.Time) { m.Closed(time.Since(begin)) }(time.Now())
package meter

import (
	"slices"
	"sync"
	"time"
)

// Meter is the set of figures the screen shows: count, open, rates, percentiles. Safe for concurrent use; a write takes a mutex for some tens
// of nanoseconds and allocates nothing once the reservoir has grown. Make one with New.
type Meter struct {
	now func() time.Time

	mu    sync.Mutex
	began time.Time
	count int64
	open  int64
	rates rates
	took  reservoir
}

// Snapshot is a Meter's figures at one moment. Rates are events per second as of the last full tick of 5 s; percentiles are 0 until a
// duration has been told.
type Snapshot struct {
	Count, Open          int64
	Rate1, Rate5, Rate15 float64
	P50, P90, P95, P99   time.Duration
}

// New returns a meter that reads the time from now (nil: time.Now). Its ticks are counted from this moment.
func New(now func() time.Time) *Meter {
	if now == nil {
		now = time.Now
	}
	return &Meter{now: now, began: now()}
}

// Opened counts n events that begin now; n below 1 counts nothing.
func (m *Meter) Opened(n int64) {
	if n < 1 {
		return
	}
	m.mu.Lock()
	m.rates.add(m.age(), n)
	m.count += n
	m.open += n
	m.mu.Unlock()
}

// Closed ends an event that took d.
func (m *Meter) Closed(d time.Duration) {
	m.mu.Lock()
	m.open--
	m.took.add(m.age(), d)
	m.mu.Unlock()
}

// Told takes in figures that come from elsewhere: events that began since the last time (below 1: none), and how the number of open ones has changed.
func (m *Meter) Told(opened, open int64) {
	m.mu.Lock()
	if opened > 0 {
		m.rates.add(m.age(), opened)
		m.count += opened
	}
	m.open += open
	m.mu.Unlock()
}

// Took adds a duration without touching the gauge, for figures that come from elsewhere together with Told.
func (m *Meter) Took(d time.Duration) {
	m.mu.Lock()
	m.took.add(m.age(), d)
	m.mu.Unlock()
}

// Snapshot returns the figures of this moment. Sorting happens outside the lock, so that reading never keeps the traffic waiting.
func (m *Meter) Snapshot() Snapshot {
	var buf [reservoirSize]time.Duration
	m.mu.Lock()
	// A gauge below zero means that an end was told before its beginning: that evens out, but it is nothing to show.
	s := Snapshot{Count: m.count, Open: max(m.open, 0)}
	m.rates.catchUp(m.age())
	s.Rate1, s.Rate5, s.Rate15 = m.rates.rate[0], m.rates.rate[1], m.rates.rate[2]
	values := m.took.values(buf[:0])
	m.mu.Unlock()

	slices.Sort(values)
	s.P50, s.P90 = percentile(values, 0.50), percentile(values, 0.90)
	s.P95, s.P99 = percentile(values, 0.95), percentile(values, 0.99)
	return s
}

// age is the time since New; a clock that is set back does not make it negative.
func (m *Meter) age() time.Duration { return max(m.now().Sub(m.began), 0) }
