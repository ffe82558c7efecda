package edge

import (
	"net"

	"github.com/adit-tunnel/adit/wire"
)

// retire ends a connection that waits for a request, or is in one of more phases, and says whether it did. For Shutdown, when its patience is over, and for who
// needs its place.
func (c *conn) retire(more ...uint32) bool {
	for _, p := range append(more, phaseHello, phaseFresh, phaseIdle, phaseRest) {
		if c.phase.CompareAndSwap(p, phaseOver) {
			c.sock.Close()
			return true
		}
	}
	return false
}

// abort ends the exchange under way, if there is one. It does not block.
func (c *conn) abort(code wire.Code) { c.stopExchange(code, false) }

// expire is abort, and ends a read of content that waits.
func (c *conn) expire(code wire.Code) {
	if m := c.mux.Load(); m != nil {
		m.each(func(st *stream) { st.stop(code, true) })
		return
	}
	c.stopExchange(code, true)
}

func (c *conn) stopExchange(code wire.Code, kick bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.x == nil {
		return
	}
	if c.verdict == wire.CodeNone {
		c.verdict = code
	}
	if kick {
		c.kicked = true
		c.net.SetReadDeadline(longAgo)
	}
	c.x.Abort(code)
}

// drop ends the exchange and the connection: nothing more can reach the visitor.
func (c *conn) drop(code wire.Code) {
	c.abort(code)
	c.reset()
}

// reset closes with RST, so that nobody takes for whole what was cut, and the kernel keeps nothing.
func (c *conn) reset() { reset(c.sock) }

func reset(nc net.Conn) {
	linger(nc, 0)
	nc.Close()
}

// linger says how the kernel is to end a connection: with 0 by RST, also if this process is killed; with -1 in order.
func linger(nc net.Conn, sec int) {
	if l, ok := nc.(interface{ SetLinger(int) error }); ok {
		l.SetLinger(sec)
	}
}

// cut ends the connection whatever it does.
func (c *conn) cut(code wire.Code) {
	c.abort(code)
	if c.bare.Load() && c.phase.Load() != phaseLinger {
		c.reset()
		return
	}
	c.sock.Close()
}
