package session

import (
	"strconv"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

const (
	// statsEvery is the shortest time between two Stats.
	statsEvery = 250 * time.Millisecond

	// statsAgain is how long a StatsAck is awaited before the same durations are sent again.
	statsAgain = 5 * time.Second

	// maxDurations is how many durations one Stats holds at most.
	maxDurations = 4096

	// maxHeld is how many durations wait to be sent or acknowledged, over the session; what closes beyond them is only counted.
	maxHeld = 16384

	// maxDuration saturates one: 2^40 µs are 12 days.
	maxDuration = 1 << 40

	// statsRoom is what a Stats may take of a message; figuresSize what an endpoint takes of it without its durations.
	statsRoom   = wire.MaxMessage - 1024
	figuresSize = 160
)

// stats are the figures of a session's public connections: absolute counts by endpoint, and the durations of those that closed, numbered over
// the session. One message is on its way at a time; its durations are kept until the agent has acknowledged them.
type stats struct {
	dirty chan struct{} // there is something to send

	mu      sync.Mutex
	changed []*endpoint // in the order they changed
	onWay   []*endpoint // in the message that waits for its StatsAck
	last    uint64      // number of the last duration that was sent
	held    int         // durations kept, numbered or not
	sent    time.Time   // when the message that waits for its StatsAck was sent; zero: none does
}

// counts are one endpoint's.
type counts struct {
	opened, open int64
	fresh        []int64 // durations without a number
	way          []int64 // durations on their way, from number first on
	first        uint64
	changed      bool // in stats.changed
	onWay        bool // in stats.onWay
	gone         bool // the endpoint is over: nobody asks for its figures any more
	arrears      []arrear
}

func (t *stats) init() { t.dirty = make(chan struct{}, 1) }

// opened counts a public connection in.
func (t *stats) opened(e *endpoint) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.counts.opened++
	e.counts.open++
	t.touch(e)
}

// closed counts it out.
func (t *stats) closed(e *endpoint, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.counts.open--
	if !e.counts.gone && t.held < maxHeld {
		e.counts.fresh = append(e.counts.fresh, min(d.Microseconds(), maxDuration))
		t.held++
	}
	t.touch(e)
}

// touch marks e as changed.
func (t *stats) touch(e *endpoint) {
	if e.counts.gone {
		return
	}
	if !e.counts.changed {
		e.counts.changed = true
		t.changed = append(t.changed, e)
	}
	t.wake()
}

func (t *stats) wake() {
	select {
	case t.dirty <- struct{}{}:
	default:
	}
}

// drop forgets an endpoint that is over.
func (t *stats) drop(e *endpoint) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &e.counts
	t.held -= len(c.fresh) + len(c.way)
	c.gone, c.fresh, c.way = true, nil, nil
}

// ack lets go what the agent has acknowledged.
func (t *stats) ack(seq uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sent.IsZero() || seq != t.last {
		return
	}
	t.sent = time.Time{}
	for _, e := range t.onWay {
		t.held -= len(e.counts.way)
		e.counts.way, e.counts.onWay, e.counts.arrears = nil, false, nil
	}
	clear(t.onWay)
	t.onWay = t.onWay[:0]
	if len(t.changed) > 0 {
		t.wake()
	}
}

// collect makes the next message; nil: there is nothing to say, or the last one has not been acknowledged.
func (t *stats) collect(now time.Time) *wire.Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.changed) == 0 {
		return nil
	}
	m := &wire.Stats{}
	switch {
	case t.sent.IsZero():
		m.Endpoints = t.fill()
	case now.Sub(t.sent) < statsAgain:
		t.wake() // look again
		return nil
	default:
		m.Endpoints = t.refill()
	}
	if len(m.Endpoints) == 0 {
		return nil
	}
	m.Seq = strconv.FormatUint(t.last, 10)
	t.sent = now
	return m
}

// fill puts what changed on its way, as much as a message holds.
func (t *stats) fill() []wire.EndpointStats {
	var all []wire.EndpointStats
	count, room := maxDurations, statsRoom
	rest := t.changed[:0]
	for _, e := range t.changed {
		c := &e.counts
		if c.gone {
			continue
		}
		room -= figuresSize * (1 + len(c.arrears))
		t.number(c, &count, &room)
		all = e.figures(all)
		c.onWay = true
		t.onWay = append(t.onWay, e)
		if c.changed = len(c.fresh) > 0; c.changed {
			rest = append(rest, e)
		}
	}
	clear(t.changed[len(rest):])
	t.changed = rest
	return all
}

// refill says again what was not acknowledged, and today's counts of all.
func (t *stats) refill() []wire.EndpointStats {
	var all []wire.EndpointStats
	for _, e := range t.onWay {
		if !e.counts.gone {
			all = e.figures(all)
		}
	}
	for _, e := range t.changed {
		if !e.counts.gone && !e.counts.onWay {
			all = e.figures(all)
		}
	}
	return all
}

// number moves durations from fresh to way, as many as there is room for.
func (t *stats) number(c *counts, count, room *int) {
	n := 0
	for n < len(c.fresh) && *count > 0 && *room > maxEndpoints*figuresSize {
		*room -= digits(c.fresh[n]) + 1
		*count--
		n++
	}
	c.first = t.last + 1
	c.way = c.fresh[:n:n]
	c.fresh = c.fresh[n:]
	t.last += uint64(n)
}

// figures appends what Stats says of e.
func (e *endpoint) figures(all []wire.EndpointStats) []wire.EndpointStats {
	c := &e.counts
	for _, a := range c.arrears {
		all = append(all, wire.EndpointStats{Handle: e.handle, Epoch: strconv.FormatUint(a.epoch, 10), Opened: a.opened})
	}
	f := wire.EndpointStats{
		Handle: e.handle, Epoch: strconv.FormatUint(e.reg.Epoch, 10), Opened: c.opened, Open: c.open,
	}
	if len(c.way) > 0 {
		f.First = strconv.FormatUint(c.first, 10)
		f.Durations = c.way
	}
	return append(all, f)
}

func digits(n int64) int {
	d := 1
	for ; n >= 10; n /= 10 {
		d++
	}
	return d
}

// lastStats says what is left to say, before the session's end. Messages keep their order, so what was sent needs no acknowledgement any more.
func (s *session) lastStats() {
	for range maxHeld / maxDurations {
		s.stats.ack(s.stats.newest())
		m := s.stats.collect(time.Now())
		if m == nil {
			return
		}
		s.send(wire.MsgStats, 0, m)
	}
}

// newest is the number of the last duration that was sent.
func (t *stats) newest() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// sendStats sends what changed.
func (s *session) sendStats() {
	if m := s.stats.collect(time.Now()); m != nil {
		s.send(wire.MsgStats, 0, m)
	}
}

func (s *session) onStatsAck(a *wire.StatsAck) {
	if seq, err := strconv.ParseUint(a.Seq, 10, 64); err == nil {
		s.stats.ack(seq)
	}
}
