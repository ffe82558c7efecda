package wire

import "time"

const (
	// maxWindow is full grown: 13 MB/s over a round trip of 80 ms.
	maxWindow = 1 << 20
	// A grant that is due again within two round trips, and this, shows a reader that takes; one after four, and this, a reader that has slowed down.
	windowSoon = 100 * time.Millisecond
	windowLate = time.Second
)

// window is how much the receiver of one direction lets be on its way. It starts at FirstLimit, so that messages which fit never see a CREDIT, grows for a
// reader that takes, and shrinks again for one that slows down.
type window struct {
	size uint64
	due  time.Time // when a grant was due last; zero: none was
}

func newWindow() window { return window{size: FirstLimit} }

// next is called when a grant is due, and says how large the window should be now.
func (w *window) next(now time.Time, rtt time.Duration) uint64 {
	first, since := w.due.IsZero(), now.Sub(w.due)
	w.due = now
	switch {
	case first:
	case since <= max(2*rtt, windowSoon):
		return min(2*w.size, maxWindow)
	case since > max(4*rtt, windowLate):
		return max(w.size/2, FirstLimit)
	}
	return w.size
}

// grown says that the window holds something of the budgets.
func (w *window) grown() bool { return w.size > FirstLimit }
