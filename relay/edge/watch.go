package edge

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// watch is the watcher: the sweeper starts it when an answer takes long and nobody else reads, so that a visitor that leaves is noticed. It reads one byte:
// if that is a next request's, nothing more can be noticed, and the byte waits in the inbox.
func (c *conn) watch() {
	defer func() {
		if p := recover(); p != nil {
			c.panicked(p)
		}
		c.watchDone <- struct{}{}
	}()
	if len(c.in.space()) == 0 && c.widen() != nil { // what is in there, used or not, may still be looked at
		return
	}
	n, err := c.net.Read(c.in.space()[:1])
	switch {
	case n > 0:
		c.in.w += n
	case errors.Is(err, os.ErrDeadlineExceeded):
	case err == io.EOF:
		// A FIN may only mean that no further request follows. An answer that moves goes on: if the visitor is gone, its kernel says so with RST. One that
		// has nothing to send for a while is ended by the sweeper.
		c.fin.Store(max(c.s.clock.Load(), 1))
	default:
		c.abort(wire.CodeVisitorGone)
	}
}

// stopWatch ends the watcher, if there is one, and keeps the sweeper from starting another.
func (c *conn) stopWatch() {
	if c.reader.CompareAndSwap(readerFree, readerNone) || c.reader.Load() != readerWatch {
		return
	}
	c.kick()
	<-c.watchDone
	c.mu.Lock()
	c.kicked = false
	c.net.SetReadDeadline(time.Time{})
	c.mu.Unlock()
	c.reader.Store(readerNone)
}

// lingerOn closes our side and waits for the visitor's FIN, throwing away what still comes: closing with bytes unread would be an RST, which may
// overtake the answer. The sweeper bounds it. What is in the inbox is nobody's any more.
func (c *conn) lingerOn() {
	c.enter(phaseLinger)
	c.unrouse()
	c.in.r, c.in.w = 0, 0
	c.rest()
	if c.closeWrite() != nil {
		return
	}
	for {
		if _, err := c.read(c.in.b); err != nil {
			return
		}
	}
}
