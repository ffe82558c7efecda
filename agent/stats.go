package agent

import (
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// stats is what a session's relay has reported of public connections. Its counts are absolute, by handle and epoch, and its durations are
// numbered, so a report that comes twice changes nothing.
type stats struct {
	seq    uint64 // of the last duration that was counted
	counts map[statsKey]int64
	open   map[uint32]int64 // by handle
}

type statsKey struct {
	handle uint32
	epoch  string
}

func newStats() stats { return stats{counts: map[statsKey]int64{}, open: map[uint32]int64{}} }

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
	s.stats.seq = max(s.stats.seq, seq)
	s.sumOpen()
	s.mu.Unlock()
	if err := s.leg.Send(wire.MsgStatsAck, 0, &wire.StatsAck{Seq: m.Seq}); err != nil {
		s.a.o.Log.Debug("stats", "err", err) // the leg is dead
	}
	s.a.bus.Publish(inspect.Hint{})
}

// countEndpoint takes one endpoint's counts. s.mu is held.
func (s *session) countEndpoint(e *wire.EndpointStats) {
	b := s.bindings[e.Handle]
	if b == nil || e.Opened < 0 || e.Open < 0 {
		return
	}
	key := statsKey{e.Handle, e.Epoch}
	if d := e.Opened - s.stats.counts[key]; d > 0 {
		s.stats.counts[key] = e.Opened
		b.ep.conns.Opened(d)
		s.a.conns.Opened(d)
	}
	first, err := strconv.ParseUint(e.First, 10, 64)
	if err != nil {
		first = s.stats.seq + 1 // durations without a number are new
	}
	for i, us := range e.Durations {
		if first+uint64(i) <= s.stats.seq || us < 0 {
			continue
		}
		d := time.Duration(us) * time.Microsecond
		b.ep.conns.Took(d)
		s.a.conns.Took(d)
	}
	s.setOpen(b, e.Open)
}

// setOpen notes how many connections an endpoint has open. s.mu is held.
func (s *session) setOpen(b *binding, n int64) {
	if b.closed.Load() { // nobody will report their ends
		n = 0
	}
	b.ep.conns.SetOpen(n)
	s.stats.open[b.handle] = n
}

// sumOpen shows how many connections all endpoints have open. s.mu is held.
func (s *session) sumOpen() {
	total := int64(0)
	for _, n := range s.stats.open {
		total += n
	}
	s.a.conns.SetOpen(total)
}

// closeBinding takes a closed binding's open connections out of the meters: the relay reports them no more.
func (s *session) closeBinding(b *binding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setOpen(b, 0)
	s.sumOpen()
}

// closeStats: the session's open connections ended with it. The totals stay.
func (s *session) closeStats() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.bindings {
		b.ep.conns.SetOpen(0)
	}
	s.a.conns.SetOpen(0)
}
