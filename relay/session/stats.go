package session

import (
	"slices"
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

	// maxLast is how many Stats a session may end with: enough for all durations that wait.
	maxLast = 2 * maxHeld / maxDurations

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
	left    int         // room in it
	over    bool        // the session has ended: what is counted now is owed
}

// counts are one endpoint's.
type counts struct {
	opened, open int64
	fresh        []int64 // durations without a number
	way          []int64 // durations on their way, from number first on
	first        uint64
	changed      bool // in stats.changed
	onWay        bool // in stats.onWay
	arrears      []arrear
	told         int // so many of them are in the message on its way
}

func (t *stats) init() { t.dirty = make(chan struct{}, 1) }

// opened counts a public connection in. late: the session has ended, so the count is owed.
func (t *stats) opened(e *endpoint) (late bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.counts.opened++
	e.counts.open++
	t.touch(e)
	return t.over
}

// closed counts it out.
func (t *stats) closed(e *endpoint, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.counts.open--
	if !t.over && t.held < maxHeld {
		e.counts.fresh = append(e.counts.fresh, min(d.Microseconds(), maxDuration))
		t.held++
	}
	t.touch(e)
}

// touch marks e as changed.
func (t *stats) touch(e *endpoint) {
	if t.over {
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

// end says that the session is over, and returns the endpoints of which its agent may not have heard the last.
func (t *stats) end() []*endpoint {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	return append(slices.Clone(t.onWay), t.changed...)
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
		c := &e.counts
		t.held -= len(c.way)
		c.way, c.onWay, c.arrears, c.told = nil, false, c.arrears[c.told:], 0
	}
	clear(t.onWay)
	t.onWay = t.onWay[:0]
	if len(t.changed) > 0 {
		t.wake()
	}
}

// collect makes the next message; nil: there is nothing to say, or the last one has not been acknowledged. final: no acknowledgement is waited for, but what
// was said without one stays owed.
func (t *stats) collect(now time.Time, final bool) *wire.Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.changed) == 0 {
		return nil
	}
	m := &wire.Stats{}
	switch {
	case final, t.sent.IsZero():
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
		size := figuresSize * (1 + len(c.arrears))
		if size > room {
			rest = append(rest, e)
			continue
		}
		room -= size
		c.told = len(c.arrears)
		t.number(c, &count, &room)
		all = e.figures(all)
		if !c.onWay {
			c.onWay = true
			t.onWay = append(t.onWay, e)
		}
		if c.changed = len(c.fresh) > 0; c.changed {
			rest = append(rest, e)
		}
	}
	clear(t.changed[len(rest):])
	t.changed, t.left = rest, room
	return all
}

// refill says again what was not acknowledged, and today's counts of others as far as there is room.
func (t *stats) refill() []wire.EndpointStats {
	var all []wire.EndpointStats
	for _, e := range t.onWay {
		all = e.figures(all)
	}
	room := t.left
	for _, e := range t.changed {
		if room -= figuresSize; room < 0 {
			break
		}
		if !e.counts.onWay {
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
	t.held -= len(c.way) // of a message that nobody has acknowledged, before a final one
	c.first = t.last + 1
	c.way = c.fresh[:n:n]
	c.fresh = c.fresh[n:]
	t.last += uint64(n)
}

// figures appends what Stats says of e.
func (e *endpoint) figures(all []wire.EndpointStats) []wire.EndpointStats {
	c := &e.counts
	for _, a := range c.arrears[:c.told] {
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

// lastStats says what is left to say, before the session's end.
func (s *session) lastStats() {
	for range maxLast {
		m := s.stats.collect(time.Now(), true)
		if m == nil {
			return
		}
		s.send(wire.MsgStats, m)
	}
}

// sendStats sends what changed.
func (s *session) sendStats() {
	if m := s.stats.collect(time.Now(), false); m != nil {
		s.send(wire.MsgStats, m)
	}
}

// retell lets the message that was on its way be said again at once: it may have been lost with its leg.
func (t *stats) retell() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.sent.IsZero() {
		t.sent = t.sent.Add(-statsAgain)
	}
	for _, e := range t.onWay {
		t.touch(e)
	}
}

func (s *session) onStatsAck(a *wire.StatsAck) {
	if seq, err := strconv.ParseUint(a.Seq, 10, 64); err == nil {
		s.stats.ack(seq)
	}
}
