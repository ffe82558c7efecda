package edge

import (
	"errors"
	"io"
	"os"
	"sync"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// send passes what the visitor sends, and its end.
func (c *carried) send() upEnd {
	in := intake{nc: c.net, peek: newPeeker(c.net)}
	defer in.release()
	for {
		p, err := c.read(&in)
		switch {
		case err == io.EOF:
			return c.pass(make([]byte, wire.HeaderSize), wire.End, upFIN)
		case errors.Is(err, os.ErrDeadlineExceeded):
			// The sweeper's doing: whether nobody takes anything more, or the exchange is over, shows when something is sent.
			return c.pass(make([]byte, wire.HeaderSize), wire.End, upBroken)
		case err != nil:
			c.verdict.CompareAndSwap(0, uint32(wire.CodeVisitorGone))
			c.x.Abort(wire.CodeVisitorGone)
			return upBroken
		}
		n := len(p) - wire.HeaderSize
		c.got.Add(int64(n))
		c.s.count.bytes[c.way.kind].in.Add(uint64(n))
		if end := c.pass(p, 0, upFIN); end != upFIN {
			return end
		}
	}
}

func (c *carried) read(in *intake) ([]byte, error) {
	c.reading.Store(true)
	defer c.reading.Store(false)
	return in.read()
}

// pass sends one DATA frame; p has room for its header in front. then is what follows if that goes well.
func (c *carried) pass(p []byte, flags wire.Flags, then upEnd) upEnd {
	n := len(p) - wire.HeaderSize
	wire.PutHeader(p, wire.Data, flags, n)
	switch err := c.x.Send(p, n+wire.FrameCost, flags&wire.End != 0); {
	case err == nil:
		return then
	case errors.Is(err, wire.ErrStopped):
		return upRefused
	}
	return upBroken // receive says why
}

// receive passes what the service sends. It is written as soon as nothing more is at hand.
func (c *carried) receive() error {
	defer c.out.clear()
	for {
		if !c.x.Buffered() {
			if err := c.flush(); err != nil {
				return err
			}
		}
		f, err := c.x.Next()
		if err == nil {
			err = c.take(f)
		}
		if err != nil {
			c.flush() // what came before is the visitor's
			return err
		}
		if f.Flags&wire.End != 0 {
			if err := c.flush(); err != nil {
				return err
			}
			_ = closeWrite(c.net) // in TLS its own word; who has gone shows when something is read
			_ = closeWrite(c.sock)
			return nil
		}
	}
}

// take handles one frame.
func (c *carried) take(f wire.Frame) error {
	switch f.Type {
	case wire.Ready:
		return nil
	case wire.Data:
		return c.content(f)
	case wire.FailType:
		var fail wire.Fail
		if err := fail.Decode(f.Payload); err != nil {
			return err
		}
		return &registry.Error{Code: fail.Code, Text: fail.Text}
	case wire.Abort:
		var a wire.AbortFrame
		if err := a.Decode(f.Payload); err != nil {
			return err
		}
		return &registry.Error{Code: a.Code, Delivered: true}
	}
	return &registry.Error{Code: wire.CodeFrameOrder}
}

// content gathers what is small, and writes what is large behind it without copying it.
func (c *carried) content(f wire.Frame) error {
	p := f.Payload
	c.sent += int64(len(p))
	c.s.count.bytes[c.way.kind].out.Add(uint64(len(p)))
	if len(p) <= maxCopied {
		c.out.add(p, wire.Cost(f))
		if len(c.out.b) > maxGathered {
			return c.flush()
		}
		return nil
	}
	if err := c.flush(); err != nil {
		return err
	}
	if _, err := c.net.Write(p); err != nil {
		return errGone
	}
	if c.sent > flowing && !c.flows {
		c.flows = true
		keepUnsent(c.sock, flowUnsent)
	}
	if f.Flags&wire.End == 0 && c.x.Unproven() && !c.space.is(c.sock) { // see conn.makeSpace
		c.x.Idle()
		awaitSpace(c.sock)
		c.flows = false
	}
	c.x.Took(wire.Cost(f))
	return nil
}

// flush writes what is gathered, and tells the other side that it was taken.
func (c *carried) flush() error {
	if c.out.buf == nil {
		return nil
	}
	_, err := c.net.Write(c.out.b)
	owed := c.out.owed
	c.out.clear()
	if err != nil {
		return errGone
	}
	c.x.Took(owed)
	return nil
}

// gathered is a pooled buffer for what goes to a visitor with the next write; there is none while nothing waits.
type gathered struct {
	b    []byte
	buf  *[maxGathered + maxCopied]byte
	owed int // cost of what is in b
}

var gatherings = sync.Pool{New: func() any { return new([maxGathered + maxCopied]byte) }}

func (g *gathered) add(p []byte, cost int) {
	if g.buf == nil {
		g.buf = gatherings.Get().(*[maxGathered + maxCopied]byte)
		g.b = g.buf[:0]
	}
	g.b = append(g.b, p...)
	g.owed += cost
}

func (g *gathered) clear() {
	if g.buf != nil {
		gatherings.Put(g.buf)
	}
	*g = gathered{}
}
