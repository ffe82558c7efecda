package agent

import (
	"context"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// serve is goroutine B: it passes on what the local service answers for as long as the connection lives.
func (l *lane) serve(ctx context.Context, c *local) {
	defer l.readers.Done()
	for c != nil {
		x := l.await(c)
		if x == nil {
			return
		}
		c = l.receive(ctx, c, x)
	}
}

// await waits until something arrives for an exchange. It returns nil when the connection is of no more use: closed, or the local service
// sent something that nobody asked for, or ended it.
func (l *lane) await(c *local) *exchange {
	for {
		err := c.park()
		l.mu.Lock()
		x := c.cur
		switch {
		case l.local != c: // closed by whoever took it away
			l.mu.Unlock()
			return nil
		case x != nil:
			l.mu.Unlock()
			return x
		case err == nil && c.quiet():
			l.mu.Unlock()
			continue
		}
		l.local = nil
		l.mu.Unlock()
		c.close()
		return nil
	}
}

// receive passes one response on. It returns the connection to go on with: the same, another after repeating the request, or nil.
func (l *lane) receive(ctx context.Context, c *local, x *exchange) *local {
	r := receivers.Get().(*receiver)
	r.l, r.c, r.x = l, c, x
	kept, err := r.response()
	begun, silent := r.begun, r.silent
	broken := isLinkError(err)
	if broken {
		r.buf.drop()
	}
	r.free()
	switch {
	case err == nil && kept:
		return c
	case err == nil:
		return nil
	case broken:
		l.kill(wire.CodeLinkLost)
		return nil
	case !l.takeAway(c):
		return nil // the lane is dead, or goroutine A writes the request anew: the response is not ours
	case silent && !begun && x.repeat && x.reused && x.tries == 1:
		return l.repeat(ctx, x)
	}
	l.breakOff(x, begun, err)
	return nil
}

// breakOff ends a response that will not come, or not whole. The local connection is gone already.
func (l *lane) breakOff(x *exchange, begun bool, cause error) {
	if l.isDead() {
		return // the connection was closed under the reader
	}
	var err error
	if begun {
		err = l.abort(x, cause)
	} else {
		err = l.answerFailure(x, true, explain(cause, l.ep))
	}
	if err != nil {
		l.kill(wire.CodeLinkLost)
	}
}

// takeAway closes a connection on which something broke. False: somebody else has, and deals with it.
func (l *lane) takeAway(c *local) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.local != c {
		return false
	}
	l.local = nil
	c.abort()
	return true
}

// repeat writes a request once more, on a new connection: the kept one ended before any byte of the answer, and the request may be repeated.
func (l *lane) repeat(ctx context.Context, x *exchange) *local {
	next, err := l.dial(ctx, x)
	if err != nil {
		l.breakOff(x, false, err)
		return nil
	}
	l.mu.Lock()
	dead := l.dead
	if !dead {
		l.local, next.cur, x.tries = next, x, 2
	}
	l.mu.Unlock()
	if dead {
		next.close()
		return nil
	}
	_, err = next.conn.Write(x.request)
	l.mu.Lock()
	x.sent = time.Now()
	l.mu.Unlock()
	if err != nil {
		if l.takeAway(next) {
			l.breakOff(x, false, err)
		}
		return nil
	}
	return next
}
