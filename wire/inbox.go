package wire

import "sync"

const (
	// maxInbox bounds the messages that wait for OnMessage; each counts as its JSON and something for the struct.
	maxInbox    = 256 << 10
	messageCost = 128
	schemeCost  = 16 // of each string in a list, beside its JSON
	// ownInbox is what of it the shared budget is not asked for: the longest message, and as much of short ones behind it.
	ownInbox = 128 << 10
)

// inbox is the queue between the control reader, which must not wait, and OnMessage, which may.
type inbox struct {
	wake chan struct{} // of one place

	mu     sync.Mutex
	queue  []queued
	bytes  int
	more   surplus
	closed bool
}

type queued struct {
	m    *Message
	cost int
}

// put adds a message; false when that is more than may wait.
func (i *inbox) put(m *Message, size int) bool {
	i.mu.Lock()
	q := queued{m: m, cost: size + messageCost}
	full := i.bytes+q.cost > maxInbox || !i.more.fits(i.bytes+q.cost)
	if !full {
		i.bytes += q.cost
		i.queue = append(i.queue, q)
	}
	i.mu.Unlock()
	i.notify()
	return !full
}

// get waits for the next message; false when the inbox is closed and empty.
func (i *inbox) get() (*Message, bool) {
	for {
		i.mu.Lock()
		if len(i.queue) > 0 {
			q := i.queue[0]
			i.queue[0] = queued{}
			i.queue = i.queue[1:]
			i.bytes -= q.cost
			i.more.shrink(i.bytes)
			i.mu.Unlock()
			return q.m, true
		}
		closed := i.closed
		i.mu.Unlock()
		if closed {
			return nil, false
		}
		<-i.wake
	}
}

// close lets get end once everything has been taken.
func (i *inbox) close() {
	i.mu.Lock()
	i.closed = true
	i.mu.Unlock()
	i.notify()
}

// drop gives back what came too late to be taken. Nobody may put any more.
func (i *inbox) drop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.queue, i.bytes = nil, 0
	i.more.shrink(0)
}

func (i *inbox) notify() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}
