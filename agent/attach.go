package agent

import (
	"context"
	"errors"
	"time"
)

// errDead ends a goroutine of a lane that was killed.
var errDead = errors.New("the lane is dead")

// attach gives the exchange a local connection, a kept one or a new one, and leaves its response to goroutine B.
func (l *lane) attach(ctx context.Context, x *exchange) error {
	if c := l.claim(x); c != nil {
		l.up.c = c
		return nil
	}
	return l.attachNew(ctx, x)
}

// claim takes the kept connection for x if it may be used, else closes it.
func (l *lane) claim(x *exchange) *local {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.local
	if c == nil {
		return nil
	}
	if l.usable(c, x) {
		c.cur, x.reused, x.tries = x, true, 1
		if x.repeat {
			x.keep, x.request = l.up.buf, l.up.out
			l.up.buf.drop()
		}
		return c
	}
	l.local = nil
	c.close()
	return nil
}

// usable says whether a kept connection may carry x. A byte or the end that has arrived makes it useless: it belongs to nobody's answer.
// Local servers close idle connections, and a request that meets that is lost: what must not be repeated goes on a connection that was used
// a moment ago, or on a new one. One that is pinned is used as long as it lives, by its own visitor. l.mu is held.
func (l *lane) usable(c *local, x *exchange) bool {
	switch {
	case c.cur != nil:
		return false
	case c.pinned:
		return c.pin == x.conn && c.quiet()
	case c.owner != x.conn && l.ep.ofOneVisitor():
		return false // it has told of another visitor
	case x.upgrade:
		return false // it will not come back: one that is fresh costs nothing more
	case !x.repeat && time.Since(c.since) > l.eng.limits.trust:
		return false
	}
	return c.quiet()
}

// attachNew dials.
func (l *lane) attachNew(ctx context.Context, x *exchange) error {
	c, err := l.dial(ctx, x)
	if err != nil {
		return err
	}
	l.mu.Lock()
	if l.dead {
		l.mu.Unlock()
		c.close()
		return errDead
	}
	l.local, c.cur, x.reused, x.tries = c, x, false, 1
	l.readers.Add(1)
	l.mu.Unlock()
	l.up.c = c
	l.eng.spawn(func() { l.serve(ctx, c) })
	return nil
}

// dial opens a connection to the lane's local service.
func (l *lane) dial(ctx context.Context, x *exchange) (*local, error) {
	begin := time.Now()
	conn, err := l.eng.means.dial(ctx, l.ep, l.eng.limits.dial, visit{x.client, x.server})
	if err != nil {
		return nil, err
	}
	x.connect = time.Since(begin)
	c, err := newLocal(conn, x.conn)
	if err != nil {
		l.eng.means.files.Give(1)
		return nil, err
	}
	c.files = l.eng.means.files
	return c, nil
}

// reclaim takes x back from c, into which not one byte could be written. False: goroutine B was first. It deals with the end of c, or passes
// on what the local service said before it.
func (l *lane) reclaim(c *local, x *exchange) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead || l.local != c || c.cur != x || c.answers {
		return false
	}
	l.local, c.cur = nil, nil
	c.close()
	return true
}

func (l *lane) isDead() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}
