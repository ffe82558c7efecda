package edge

import (
	"errors"
	"io"
	"net"
	"os"

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
		c.got.Add(int64(len(p) - wire.HeaderSize))
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
	if before := c.sent - int64(len(p)); before <= flowing && c.sent > flowing {
		keepUnsent(c.sock, flowUnsent)
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

// intake reads what a visitor sends. A connection that waits holds no big buffer: a socket is waited for without one, and what cannot be waited for (TLS holds
// back what it has decrypted) is read with a small one as long as little comes.
type intake struct {
	nc    net.Conn
	peek  *peeker
	much  bool // the last read brought much
	big   *upBuffer
	small *[upSmall]byte
}

const upSmall = 2 << 10

// read returns content behind room for a frame's header, valid until the next read or release; io.EOF is the visitor's FIN.
func (in *intake) read() ([]byte, error) {
	if !in.much {
		in.release()
		if in.peek.can() {
			if err := in.peek.wait(); err != nil {
				return nil, err
			}
		}
	}
	b := in.buffer()
	n, err := in.nc.Read(b[wire.HeaderSize:])
	in.much = n > upBig/2 || in.small != nil && n == upSmall-wire.HeaderSize
	if n > 0 {
		return b[:wire.HeaderSize+n], nil
	}
	return nil, err
}

func (in *intake) buffer() []byte {
	if !in.peek.can() && !in.much {
		if in.small == nil {
			in.small = new([upSmall]byte)
		}
		return in.small[:]
	}
	if in.big == nil {
		in.big = upBuffers.Get().(*upBuffer)
	}
	return in.big.b[:wire.HeaderSize+wire.MaxData]
}

func (in *intake) release() {
	if in.big != nil {
		upBuffers.Put(in.big)
		in.big = nil
	}
}
