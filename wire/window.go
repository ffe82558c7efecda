package wire

import "time"

const (
	// startWindow is a little less than two DATA frames of full size cost.
	startWindow = 64 << 10
	// maxWindow is full grown: 11 MB/s over a round trip of 80 ms, since an eighth of it waits for a grant.
	maxWindow = 1 << 20
	// Half a window taken within two round trips, and this, shows a reader that takes; in more than four, and this, one that has slowed down.
	windowSoon = 100 * time.Millisecond
	windowLate = time.Second
	// proofTaken is more than the sockets between a nearby sender and a reader take in by themselves: until then it has not shown that it takes anything. Over
	// a longer way than nearRTT the doubt would cost a good reader too much.
	proofTaken = 384 << 10
	nearRTT    = 2 * time.Millisecond
	// doubtWindow is until then: behind a frame that is not taken no other of full size fits, unless the first is of less than 12 KiB. It is the least that lets
	// one of full size come, and a fifth, so that small ones need no grant each.
	doubtWindow = maxCost + 8<<10
)

// window is how much the receiver of one direction lets be on its way. It grows for a reader that takes, and shrinks again for
// one that slows down. (What is on its way at first is FirstLimit, so that messages which fit never see a CREDIT.) Nearby it is smaller until the reader has shown
// that it takes.
type window struct {
	size uint64
	mark uint64    // what was taken when half a window had been taken last
	at   time.Time // when that was; zero: it was not yet
}

// near says that the other side is known to be so near that a window need not grow before its reader has shown that it takes.
func (l *Leg) near() bool {
	least := l.least.Load()
	return least > 0 && least < int64(nearRTT)
}

func newWindow() window { return window{size: startWindow} }

// step is how much is taken between two grants: half a window at first, an eighth when it is large. Half of a large one would let only half of it be on
// its way, because what lies between the last grant and the next costs a round trip.
func (w *window) step() uint64 { return max(w.size/8, FirstLimit/2) }

// next says how large the window should be when so much has been taken. near: the other side is.
func (w *window) next(taken uint64, now time.Time, rtt time.Duration, near bool) uint64 {
	if near && taken < proofTaken {
		return doubtWindow
	}
	if w.size < startWindow {
		return startWindow
	}
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
		return max(w.size/2, startWindow)
	}
	return w.size
}
