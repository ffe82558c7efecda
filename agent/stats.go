package agent

import (
	"strconv"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// What relays report of public connections: counts that are absolute in each epoch of a name, and durations that are numbered over the session. So a report
// that comes twice changes nothing, one that was lost with its session is made up for by the next, and two sessions may report at once.

// tally is how many connections of an endpoint have been counted, by epoch. Epochs that are not in it were not this run's: an earlier process's
// connections are not counted.
type tally struct {
	mu   sync.Mutex
	seen map[string]int64
}

// maxInteger is the largest one of the protocol's.
const maxInteger = 1<<53 - 1

// maxEpochs is how many epochs a tally keeps; relays do not come back to older ones.
const maxEpochs = 64

// begin takes up an epoch that the endpoint was bound with.
func (t *tally) begin(epoch string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seen = map[string]int64{}
	}
	if _, known := t.seen[epoch]; known {
		return
	}
	if len(t.seen) >= maxEpochs {
		delete(t.seen, t.oldest())
	}
	t.seen[epoch] = 0
}

// oldest is the lowest epoch. They are decimal numbers.
func (t *tally) oldest() (low string) {
	for e := range t.seen {
		if low == "" || len(e) < len(low) || len(e) == len(low) && e < low {
			low = e
		}
	}
	return low
}

// fresh is how many of the connections that an epoch had in all are news.
func (t *tally) fresh(epoch string, opened int64) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, known := t.seen[epoch]
	if !known || opened <= before {
		return 0
	}
	t.seen[epoch] = opened
	return opened - before
}

// count takes a report into the meters and acknowledges it.
func (s *session) count(m *wire.Stats) {
	seq, err := strconv.ParseUint(m.Seq, 10, 64)
	if err != nil {
		s.a.o.Log.Warn("stats without a number", "err", err)
		return
	}
	s.mu.Lock()
	for i := range m.Endpoints {
		s.countEndpoint(&m.Endpoints[i])
	}
	s.counted = max(s.counted, seq)
	s.mu.Unlock()
	if err := s.send(wire.MsgStatsAck, 0, &wire.StatsAck{Seq: m.Seq}); err != nil {
		s.a.o.Log.Debug("stats", "err", err) // the session is dead
	}
	s.a.bus.Publish()
}

// countEndpoint takes one endpoint's counts. s.mu is held.
func (s *session) countEndpoint(e *wire.EndpointStats) {
	b := s.bindings[e.Handle]
	if b == nil || e.Opened < 0 || e.Open < 0 || e.Opened > maxInteger || e.Open > maxInteger {
		return
	}
	if n := b.ep.tally.fresh(e.Epoch, e.Opened); n > 0 {
		b.ep.conns.Told(n, 0)
		s.a.conns.Told(n, 0)
	}
	first, err := strconv.ParseUint(e.First, 10, 64)
	if err != nil {
		first = s.counted + 1 // durations without a number are new
	}
	for i, us := range e.Durations {
		if first+uint64(i) <= s.counted || us < 0 || us > maxInteger {
			continue
		}
		d := time.Duration(us) * time.Microsecond
		b.ep.conns.Took(d)
		s.a.conns.Took(d)
	}
	if e.Epoch == b.epoch { // what an older epoch had open ended with its session
		s.setOpen(b, e.Open)
	}
}

// setOpen notes how many connections a binding has open. s.mu is held.
func (s *session) setOpen(b *binding, n int64) {
	if b.closed.Load() { // nobody will report their ends
		n = 0
	}
	d := n - b.open
	b.open = n
	b.ep.conns.Told(0, d)
	s.a.conns.Told(0, d)
}

// closeBinding takes a closed binding's open connections out of the meters: the relay reports them no more.
func (s *session) closeBinding(b *binding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setOpen(b, 0)
}

// closeStats: the session's open connections ended with it. The totals stay.
func (s *session) closeStats() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.bindings {
		s.setOpen(b, 0)
	}
}
