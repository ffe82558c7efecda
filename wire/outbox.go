package wire

import (
	"context"
	"sync"
)

const (
	// maxOutbox bounds what waits to be written on the control stream. It is reached only when the link takes nothing for long.
	maxOutbox = 1 << 20
	// ownOutbox is what of it the shared budget is not asked for: the longest message, 64 KiB, and a RESET and a CREDIT for each
	// of 2048 streams, 68 KiB, with something to spare for what is told beside them.
	ownOutbox = 160 << 10
)

// outbox holds the control frames that wait for the one goroutine that writes them. Putting never blocks. Signals go before messages; at most one
// PONG waits, the newest, and one CREDIT for a stream.
type outbox struct {
	wake chan struct{} // of one place

	mu      sync.Mutex
	signals []byte
	msgs    []byte
	credits []*Stream // whose due field has what to send
	ping    *[pingSize]byte
	pong    *[pingSize]byte
	writing int // bytes
	more    surplus
	closed  bool // nothing is kept any more
	drained []chan struct{}
}

func (o *outbox) notify() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// signal queues a RESET or STOP that is already encoded by enc; false when the outbox is full.
func (o *outbox) signal(enc func([]byte, signal) []byte, s signal) bool {
	o.mu.Lock()
	full := !o.closed && (len(o.signals) >= maxOutbox || !o.more.fits(o.size()+HeaderSize+resetSize))
	if !full && !o.closed {
		o.signals = enc(o.signals, s)
	}
	o.mu.Unlock()
	o.notify()
	return !full
}

// size is how many bytes of signals and messages there are. o.mu is held.
func (o *outbox) size() int { return o.writing + len(o.signals) + len(o.msgs) }

// message queues a whole MSG frame; false when the outbox is full.
func (o *outbox) message(frame []byte) bool {
	o.mu.Lock()
	full := !o.closed && (len(o.msgs)+len(frame) > maxOutbox || !o.more.fits(o.size()+len(frame)))
	if !full && !o.closed {
		o.msgs = append(o.msgs, frame...)
	}
	o.mu.Unlock()
	o.notify()
	return !full
}

// waiting is how many bytes the link has not taken.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.size()
}

// credit queues a CREDIT for s; a newer one takes the place of one that still waits.
func (o *outbox) credit(s *Stream, seq uint32, limit uint64) {
	o.mu.Lock()
	if !s.due.waits {
		o.credits = append(o.credits, s)
	}
	s.due = dueCredit{waits: true, seq: seq, limit: limit}
	o.mu.Unlock()
	o.notify()
}

func (o *outbox) sendPing(p [pingSize]byte) {
	o.mu.Lock()
	o.ping = &p
	o.mu.Unlock()
	o.notify()
}

func (o *outbox) sendPong(payload []byte) {
	p := [pingSize]byte(payload)
	o.mu.Lock()
	o.pong = &p
	o.mu.Unlock()
	o.notify()
}

// dueCredit is a stream's CREDIT that waits to be written; the outbox's lock guards it.
type dueCredit struct {
	waits bool
	seq   uint32
	limit uint64
}

// take moves everything that waits into buf; asks: a PING is among it.
func (o *outbox) take(buf []byte) (all []byte, asks bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	asks = o.ping != nil
	if o.pong != nil {
		buf = appendPing(buf, Pong, *o.pong)
	}
	if o.ping != nil {
		buf = appendPing(buf, Ping, *o.ping)
	}
	o.ping, o.pong = nil, nil
	buf = append(buf, o.signals...)
	for i, s := range o.credits {
		buf = appendCredit(buf, signal{stream: s.id, seq: s.due.seq, limit: s.due.limit})
		s.due, o.credits[i] = dueCredit{}, nil
	}
	buf = append(buf, o.msgs...)
	o.signals, o.credits, o.msgs = keepSmall(o.signals), o.credits[:0], keepSmall(o.msgs)
	o.writing = len(buf)
	o.more.shrink(o.writing)
	if o.writing == 0 {
		for _, c := range o.drained {
			close(c)
		}
		o.drained = nil
	}
	return buf, asks
}

// write hands what is put in to w, until done or an error. asked is called when a PING has been written.
func (o *outbox) write(w func([]byte) error, done <-chan struct{}, asked func()) error {
	var buf []byte
	for asks := false; ; {
		buf, asks = o.take(keepSmall(buf))
		if len(buf) > 0 {
			if err := w(buf); err != nil {
				return err
			}
			if asks {
				asked()
			}
			continue
		}
		select {
		case <-o.wake:
		case <-done:
			return nil
		}
	}
}

// close drops what waits, and gives everything back.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.signals, o.msgs = true, nil, nil
	o.more.shrink(0)
}

// drain waits until everything that waits now has been written.
func (o *outbox) drain(ctx context.Context, done <-chan struct{}) error {
	o.mu.Lock()
	if o.writing == 0 && o.ping == nil && o.pong == nil && len(o.signals)+len(o.msgs)+len(o.credits) == 0 {
		o.mu.Unlock()
		return nil
	}
	c := make(chan struct{})
	o.drained = append(o.drained, c)
	o.mu.Unlock()
	o.notify()
	select {
	case <-c:
		return nil
	case <-done:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// keepSmall empties a buffer for the next use, unless it has grown large.
func keepSmall(b []byte) []byte {
	if cap(b) > smallBuffer {
		return nil
	}
	return b[:0]
}
