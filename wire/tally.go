package wire

import "sync/atomic"

// tally is what the guard knows of a stream. A push costs its bytes and FrameCost, until its last byte is read. smux holds at most twice that on the heap: it
// rounds up to powers of two.
//
// An honest agent stays within what is allowed, at any time:
//   - content that was granted and not taken costs open at most (limit − taken), by frames: payload + FrameCost. Each frame is in one push, alone or with
//     others, and only what is longer than smuxFrame is cut. So the pushes of those frames cost HeaderSize more each, which is at most a sixteenth (an empty
//     TRAILERS: 64, 68), and FrameCost for each smuxFrame, which is a 512th.
//   - without credit come one RESP or FAIL, which is open until it was read, and one ABORT, of an exchange; the next one begins when all of this one was read.
//   - open is looked up before what was read, by which order a reader that takes meanwhile can only help; and who took something had read it before.
type tally struct {
	read atomic.Uint64 // bytes, by the stream's reader
	open atomic.Uint64 // credit and a head, when it was told last: what was taken since makes it less
	more chan struct{} // of one place: something was read; the control stream's alone

	// The guard's alone.
	arrived  uint64 // bytes
	done     uint64 // … of pushes that were read to their end
	pushes   lengths
	consumed uint32 // in the last UPD
	updated  bool
	fins     int
}

// took counts bytes that were read. Like grant it does nothing at the agent, where there is no tally.
func (t *tally) took(n int) {
	if t == nil {
		return
	}
	t.read.Add(uint64(n))
	if t.more == nil {
		return
	}
	select {
	case t.more <- struct{}{}:
	default:
	}
}

// grant tells how much is open, before the agent can hear of it.
func (t *tally) grant(open uint64) {
	if t != nil {
		t.open.Store(open)
	}
}

func (t *tally) push(n int) {
	t.arrived += uint64(n)
	t.pushes.put(uint16(n))
}

// allowed is how much may be unread.
func (t *tally) allowed() int {
	open := int(t.open.Load())
	return open + open/15 + guardSlack // a sixteenth and a 512th
}

// unread is how much is.
func (t *tally) unread() int {
	read := t.read.Load()
	for t.pushes.len() > 0 && t.done+uint64(t.pushes.first()) <= read {
		t.done += uint64(t.pushes.first())
		t.pushes.drop()
	}
	return int(t.arrived-read) + FrameCost*t.pushes.len()
}

// lengths is a queue of two bytes a push.
type lengths struct {
	all  []uint16
	head int
}

// keptLengths is how many it keeps room for when it is empty.
const keptLengths = 64

func (q *lengths) len() int      { return len(q.all) - q.head }
func (q *lengths) first() uint16 { return q.all[q.head] }

func (q *lengths) put(n uint16) {
	if len(q.all) == cap(q.all) && q.head > len(q.all)/2 {
		q.all = q.all[:copy(q.all, q.all[q.head:])]
		q.head = 0
	}
	q.all = append(q.all, n)
}

func (q *lengths) drop() {
	if q.head++; q.head < len(q.all) {
		return
	}
	q.all, q.head = q.all[:0], 0
	if cap(q.all) > keptLengths {
		q.all = nil
	}
}
