package wire

import (
	"sync"
	"time"
)

// limits are the times by which a leg is kept alive; tests shorten them.
type limits struct {
	tick     time.Duration // how often the pulse is looked at
	quiet    time.Duration // nothing received for so long: ping
	measure  time.Duration // ping anyway, for the latency
	dead     time.Duration // nothing received, or nothing taken of a flush, for so long
	slept    time.Duration // a tick so long after the last by the wall clock: the machine slept, or was busy, and then a ping does no harm
	farewell time.Duration // how long a leg goes on after Fatal was sent, and reads on after a write failed
}

var defaultLimits = limits{
	tick: time.Second, quiet: 5 * time.Second, measure: 12 * time.Second, dead: 15 * time.Second,
	slept: 3 * time.Second, farewell: 5 * time.Second,
}

// pulse decides when to ping and when the other side is dead: a ping is outstanding and not one byte came for 15 s, or a flush has been stuck for 15 s.
// It is never the age of a pong alone, because on a congested link pongs of a healthy session took 4 s and more. Nor does silence count before the ping has
// left: on a link of 20 KiB/s it waits for many seconds behind bulk of our own, and who has not been asked need not answer.
type pulse struct {
	lim limits

	mu     sync.Mutex
	id     uint64    // of the last ping
	sent   time.Time // when it was queued; zero: answered
	left   time.Time // when it was written to the link; zero: it still waits
	last   time.Time // when the last ping was sent
	ticked time.Time
	awake  time.Time                // silence counts from here: before, we were not there to hear
	asking map[chan struct{}]uint64 // who waits for the answer to a ping, or to a later one
}

// ping begins a round trip; its payload goes into a PING frame. The answer to an older ping does not count any more.
func (p *pulse) ping(now time.Time) (payload [pingSize]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id++
	p.sent, p.last, p.left = now, now, time.Time{}
	be.PutUint64(payload[:], p.id)
	return payload
}

// wrote notes that the last ping has left.
func (p *pulse) wrote() { p.wroteAt(time.Now()) }

func (p *pulse) wroteAt(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = now
}

// unheard is for how long the other side has owed us a byte. p.mu is held.
func (p *pulse) unheard(now, heard time.Time) time.Duration {
	switch {
	case p.sent.IsZero(), p.left.IsZero():
		return 0
	case p.left.Sub(p.sent) > p.lim.tick: // it waited behind bulk, and in the kernel it does so again
		heard = later(heard, p.left)
	}
	return now.Sub(later(heard, p.awake))
}

// ask is ping with somebody who waits for its answer: answered is closed then. forget ends the waiting.
func (p *pulse) ask(now time.Time) (payload [pingSize]byte, answered chan struct{}) {
	payload = p.ping(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asking == nil {
		p.asking = map[chan struct{}]uint64{}
	}
	answered = make(chan struct{})
	p.asking[answered] = be.Uint64(payload[:])
	return payload, answered
}

func (p *pulse) forget(answered chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.asking, answered)
}

// pong ends a round trip and returns how long it took; ok is false for anything but the newest ping's answer.
func (p *pulse) pong(now time.Time, payload []byte) (rtt time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := be.Uint64(payload)
	for c, asked := range p.asking {
		if asked <= id && id <= p.id {
			close(c)
			delete(p.asking, c)
		}
	}
	if p.sent.IsZero() || id != p.id {
		return 0, false
	}
	rtt = now.Sub(p.sent)
	p.sent = time.Time{}
	return max(rtt, 1), true
}

// tick looks at the clock. heard is when bytes last came, stuck since when a flush has made no progress (zero: none is under way).
func (p *pulse) tick(now, heard, stuck time.Time) (ping bool, dead string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Monotonic clocks may stand still while a machine sleeps, wall clocks do not.
	woke := !p.ticked.IsZero() && now.Round(0).Sub(p.ticked.Round(0)) > p.lim.slept
	p.ticked = now
	if woke || p.awake.IsZero() {
		p.awake = now
		return woke, ""
	}
	silence := now.Sub(later(heard, p.awake))
	switch {
	case p.unheard(now, heard) >= p.lim.dead:
		return false, "nothing was heard"
	case !stuck.IsZero() && now.Sub(later(stuck, p.awake)) >= p.lim.dead:
		return false, "nothing could be sent"
	}
	return p.sent.IsZero() && (silence >= p.lim.quiet || now.Sub(p.last) >= p.lim.measure), ""
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
