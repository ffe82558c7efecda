package agent

import (
	"errors"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// linkError is a failure to write to the stream: the relay has closed it, or the link is lost.
type linkError struct{ err error }

func (e *linkError) Error() string { return "the stream: " + e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

func isLinkError(err error) bool {
	if err == nil {
		return false
	}
	var lost *linkError
	return errors.As(err, &lost)
}

// outgoing is a piece of a response that is ready to be written: whole frames.
type outgoing struct {
	p    []byte
	head int // p[:head] is RESP, which does not wait for the visitor to take content
	last int // where the last frame begins
	cost int // of its content
}

// put writes o. ready: its credit has been taken.
func (l *lane) put(o outgoing, ready bool) error {
	var err error
	switch {
	case ready:
		err = l.link.Write(o.p)
	case o.head > 0:
		if err = l.link.Write(o.p[:o.head]); err == nil {
			err = l.link.WriteContent(o.p[o.head:], o.cost)
		}
	default:
		err = l.link.WriteContent(o.p, o.cost)
	}
	if err != nil {
		return &linkError{err}
	}
	return nil
}

// finish ends the response with o, whose last frame gets END. Behind that frame the relay may send the next request, so everything is ready
// for it before: kept says that c is. An exchange that goes out at once is in the record before the visitor can see the end of it; one
// whose end waits for the visitor is recorded when it has gone. wait: the caller is goroutine B.
func (l *lane) finish(c *local, x *exchange, reuse, wait bool, o outgoing) (kept bool, err error) {
	ready := o.cost == 0 || l.link.TryCredit(o.cost)
	tap, books := x.tap, x.books() // x is another exchange's when o has gone
	taken, kept, over := l.endDown(c, x, reuse, wait)
	o.p[o.last] |= byte(endFlags(taken))
	if ready && over {
		tap.Done()
	}
	err = l.put(o, ready)
	if !over {
		return kept, err
	}
	switch {
	case ready:
	case err != nil:
		gone := failure(wire.CodeVisitorGone, "")
		tap.Fail(gone)
		books.event.fail(gone)
		books.bad = true
	default:
		tap.Done()
	}
	l.closeBooks(books)
	return kept, err
}

// endDown ends the response's half. taken: the request is out of the way too. kept: c waits for the next exchange; else it is closed, unless
// the request is still being written to it. wait: the caller is goroutine B, and a write under way may end in a moment.
func (l *lane) endDown(c *local, x *exchange, reuse, wait bool) (taken, kept, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait && x.upRead.Load() && !x.upDone {
		l.awaitUp(x)
	}
	x.downDone, taken = true, x.upDone
	over = taken && !x.over
	x.over = x.over || over
	if taken {
		x.keep.release()
	}
	x.ended.Store(!taken)
	x.late.Store(!taken && !x.tunnel.Load())
	switch {
	case c == nil || l.local != c:
	case taken && reuse:
		c.cur, c.answers, c.since = nil, false, time.Now()
		kept = true
	case taken:
		l.local = nil
		c.close()
	case !x.tunnel.Load():
		c.conn.SetWriteDeadline(time.Now().Add(l.eng.limits.late)) // fails only when it is closed
	}
	return taken, kept, over
}

// awaitUp gives a local write under way a moment to end. l.mu is held, and released in between.
func (l *lane) awaitUp(x *exchange) {
	select {
	case <-l.wake:
	default:
	}
	x.waiting = true
	l.mu.Unlock()
	t := time.NewTimer(l.eng.limits.taken)
	select {
	case <-l.wake:
	case <-t.C:
	}
	t.Stop()
	l.mu.Lock()
	x.waiting = false
}

// abort ends a response that was begun and will not be whole.
func (l *lane) abort(x *exchange, cause error) error {
	code := wire.CodeLocalEarlyEnd
	var bad *http1.Error
	if errors.As(cause, &bad) {
		code = wire.CodeLocalBadHead
	}
	x.fail(failure(code, cause.Error()))
	_, _, over := l.endDown(nil, x, false, false)
	f := wire.AbortFrame{Seq: x.seq, Code: code}
	books := x.books()
	err := l.link.Write(f.Append(nil))
	if over {
		l.closeBooks(books)
	}
	return err
}

// refuse ends an exchange that is not begun: the local service gets nothing of it.
func (l *lane) refuse(x *exchange, code wire.Code) error {
	for !l.content.Done() && l.link.Buffered() {
		if err := l.drop(x); err != nil {
			return err
		}
	}
	if l.content.Done() {
		l.endUp(x)
	}
	taken, _, _ := l.endDown(nil, x, false, false)
	f := wire.Fail{Seq: x.seq, Code: code, Undelivered: true, Text: code.Info().Text}
	if err := l.link.Write(f.Append(nil, taken)); err != nil {
		return err
	}
	for !l.content.Done() {
		if err := l.drop(x); err != nil {
			return err
		}
	}
	l.endUp(x)
	return nil
}

// drop reads one frame of a request that nobody gets.
func (l *lane) drop(x *exchange) error {
	f, err := l.link.Next()
	if err != nil {
		return err
	}
	if err := l.content.Accept(f); err != nil {
		return err
	}
	if f.Flags&wire.End != 0 {
		x.upRead.Store(true)
	}
	l.link.Took(wire.Cost(f))
	return nil
}

// answerProbe answers the relay's own question, and proves that the way from registry to agent is open. Nobody else learns of it.
func (l *lane) answerProbe(x *exchange) error {
	for !l.content.Done() {
		if err := l.drop(x); err != nil {
			return err
		}
	}
	l.endUp(x)
	l.endDown(nil, x, false, false)
	f := wire.Resp{Seq: x.seq, Flags: wire.RespMade, Head: []byte("HTTP/1.1 204 No Content\r\n\r\n")}
	begin := x.begin // behind the answer the relay may send the next request
	if err := l.link.Write(f.Append(nil, wire.End|wire.Taken)); err != nil {
		return err
	}
	l.ep.proven(begin)
	return nil
}
