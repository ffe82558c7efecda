package wire

import "sync/atomic"

// Credit is what stops a slow reader from costing a megabyte. Each direction of an exchange has its own. The sender counts Cost of each content frame from the
// exchange's start and stays within the limit: FirstLimit at first, raised by CREDIT to an absolute value. The receiver counts what it handed on
// or dropped ("taken") and raises the limit to a window beyond that.

// maxCost is what one write of content may cost: half the smallest window. More could wait for ever, because a receiver need not grant anything while
// more than that is left.
const maxCost = FirstLimit / 2

// States of a sender, from better to worse. A new exchange leads back from the second, nothing from the last.
const (
	sendOpen uint32 = iota
	sendStopped
	sendReset
)

// sendCredit is the sender's side. The writer takes with atomics alone; the control reader grants.
type sendCredit struct {
	limit atomic.Uint64
	sent  atomic.Uint64
	state atomic.Uint32
	more  chan struct{} // of one place: something changed
}

// begin is the start of an exchange; a stream that was reset stays so.
func (c *sendCredit) begin() {
	c.sent.Store(0)
	c.limit.Store(FirstLimit)
	c.state.CompareAndSwap(sendStopped, sendOpen)
}

// take takes cost if it is there and nobody has said to stop.
func (c *sendCredit) take(cost int) bool {
	for {
		sent := c.sent.Load()
		if sent+uint64(cost) > c.limit.Load() || c.state.Load() != sendOpen {
			return false
		}
		if c.sent.CompareAndSwap(sent, sent+uint64(cost)) {
			return true
		}
	}
}

// has says that take would.
func (c *sendCredit) has(cost int) bool {
	return c.sent.Load()+uint64(cost) <= c.limit.Load() && c.state.Load() == sendOpen
}

// grant raises the limit; false if that would lower it. Calls are one after another.
func (c *sendCredit) grant(limit uint64) bool {
	if limit < c.limit.Load() {
		return false
	}
	c.limit.Store(limit)
	c.wake()
	return true
}

// end makes the sender stop.
func (c *sendCredit) end(state uint32) {
	for {
		old := c.state.Load()
		if old >= state || c.state.CompareAndSwap(old, state) {
			break
		}
	}
	c.wake()
}

func (c *sendCredit) wake() {
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// recvCredit is the receiver's side; it is the reader's alone.
type recvCredit struct {
	limit, got, taken uint64
	win               window
	held              uint64 // of the budgets
	headed            bool   // RESP or READY was read
	ended             bool
}

// open is what may come: what was granted and not taken, and a head before it.
func (c *recvCredit) open() uint64 {
	if c.headed {
		return c.limit - c.taken
	}
	return c.limit - c.taken + headOpen
}

func (c *recvCredit) begin() { *c = recvCredit{limit: FirstLimit, win: newWindow()} }

// receive counts a frame; false if it is more than was granted.
func (c *recvCredit) receive(cost int, end bool) bool {
	c.got += uint64(cost)
	c.ended = c.ended || end
	return c.got <= c.limit
}

// take counts what was handed on or dropped; due: enough of it for a grant.
func (c *recvCredit) take(cost int) (due bool) {
	c.taken = min(c.taken+uint64(cost), c.got)
	return !c.ended && c.limit-c.taken <= max(minus(c.win.size, c.win.step()), maxCost)
}

// grant raises the limit to a whole window beyond what was taken; false if that does not raise it.
func (c *recvCredit) grant() (limit uint64, ok bool) {
	if c.taken+c.win.size <= c.limit {
		return 0, false
	}
	c.limit = c.taken + c.win.size
	return c.limit, true
}
