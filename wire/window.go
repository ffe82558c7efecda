package wire

import "time"

const (
	// maxWindow is full grown: 11 MB/s over a round trip of 80 ms, since an eighth of it waits for a grant.
	maxWindow = 1 << 20
	// Half a window taken within two round trips, and this, shows a reader that takes; in more than four, and this, one that has slowed down.
	windowSoon = 100 * time.Millisecond
	windowLate = time.Second
)

// window is how much the receiver of one direction lets be on its way. It starts at FirstLimit, so that messages which fit never see a CREDIT, grows for a
// reader that takes, and shrinks again for one that slows down.
type window struct {
	size uint64
	mark uint64    // what was taken when half a window had been taken last
	at   time.Time // when that was; zero: it was not yet
}

func newWindow() window { return window{size: FirstLimit} }

// step is how much is taken between two grants: half a window at first, an eighth when it is large. Half of a large one would let only half of it be on
// its way, because what lies between the last grant and the next costs a round trip.
func (w *window) step() uint64 { return max(w.size/8, FirstLimit/2) }

// next says how large the window should be when so much has been taken.
func (w *window) next(taken uint64, now time.Time, rtt time.Duration) uint64 {
	if taken-w.mark < w.size/2 {
		return w.size
	}
	first, took := w.at.IsZero(), now.Sub(w.at)
	w.mark, w.at = taken, now
	switch {
	case first:
	case took <= max(2*rtt, windowSoon):
		return min(2*w.size, maxWindow)
	case took > max(4*rtt, windowLate):
		return max(w.size/2, FirstLimit)
	}
	return w.size
}
