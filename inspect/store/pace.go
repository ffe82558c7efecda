package store

import (
	"math"
	"runtime"
	"time"
)

// pace is how much of the machine's time the writer may take, as a share of all cores, a tenth in all: a few busy moments count little, since what it took is
// forgotten within about a second.
type pace struct {
	summary float64 // above it only summaries are written,
	packed  float64 // above it these are packed,
	nothing float64 // and above it nothing is written
	spare   float64 // beside it, for what can wait, as long as all else is written whole
}

func (p pace) withDefaults() pace {
	if p.summary == 0 {
		p.summary = 0.06
	}
	if p.packed == 0 {
		p.packed = 0.07
	}
	if p.nothing == 0 {
		p.nothing = 0.085
	}
	if p.spare == 0 {
		p.spare = 0.04
	}
	return p
}

// level is how much the writer may do.
type level int

const (
	whole level = iota
	summary
	packed // summaries of what has ended, which become rows later
	nothing
)

// meter measures what the goroutine takes that calls it, which is locked to its thread.
type meter struct {
	pace
	at    time.Time
	taken time.Duration // of the thread, until at
	load  float64       // the share of all cores, lately
}

// lately is how long ago what was taken counts a third.
const lately = time.Second

func newMeter(p pace) *meter { return &meter{pace: p, at: time.Now(), taken: threadTime()} }

// level says what may be done now.
func (m *meter) level() level {
	now, taken := time.Now(), threadTime()
	m.add(now.Sub(m.at), taken-m.taken)
	m.at, m.taken = now, taken
	switch {
	case m.load > m.nothing:
		return nothing
	case m.load > m.packed:
		return packed
	case m.load > m.summary:
		return summary
	}
	return whole
}

// spared takes d out of what is measured.
func (m *meter) spared(d time.Duration) { m.taken += d }

// took enters d of the thread, instead of all that it has taken since the last time.
func (m *meter) took(d time.Duration) {
	now := time.Now()
	m.add(now.Sub(m.at), d)
	m.at = now
}

// add enters that taken was taken of the wall's time.
func (m *meter) add(wall, taken time.Duration) {
	m.load = m.load*math.Exp(-wall.Seconds()/lately.Seconds()) + taken.Seconds()/lately.Seconds()/float64(runtime.GOMAXPROCS(0))
}

// flood says when exchanges come so much faster than rows can be written that all of them had better be packed: a machine under that load has something better
// to do than to write a few rows with all the time there is.
type flood struct {
	at    time.Time // when it was looked at last
	count uint64    // of exchanges until then
	rate  float64   // of exchanges a second, lately
	on    bool
}

// How many times what can be written must come for a flood to begin, and at how much it is over.
const (
	floods     = 2
	ebbs       = 1
	floodsSoon = 400 * time.Millisecond // how long ago what came counts a third: until a flood is known, rows are written that nobody had time for
)

// look says whether there is a flood, now that count exchanges have been recorded and the writer could write capacity of them a second.
func (f *flood) look(now time.Time, count uint64, capacity float64) bool {
	past := now.Sub(f.at).Seconds()
	if f.at.IsZero() || past <= 0 {
		f.at, f.count = now, count
		return f.on
	}
	weight := math.Exp(-past / floodsSoon.Seconds())
	f.rate = f.rate*weight + float64(count-f.count)/past*(1-weight)
	f.at, f.count = now, count
	f.on = f.rate > floods*capacity || f.on && f.rate > ebbs*capacity
	return f.on
}

// capacity is how many summaries a second the pace lets the writer write, each of which costs it some time.
func (p pace) capacity(each time.Duration) float64 {
	return p.packed * float64(runtime.GOMAXPROCS(0)) / each.Seconds()
}
