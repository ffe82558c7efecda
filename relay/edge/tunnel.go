package edge

import (
	"io"

	"github.com/adit-tunnel/adit/wire"
)

// declined ends the request's direction of an upgrade that was not granted: an empty DATA frame with END (protocol, section 2). Nobody
// else sends then, as such a request has no content.
func (c *conn) declined(t *turn) error {
	if err := t.sendData(make([]byte, wire.HeaderSize), true); err == errOver {
		return nil // Next says why
	}
	c.reader.Store(readerFree)
	return nil
}

// tunnel passes bytes both ways until each direction has ended, after the 101 has been taken. No limit of time applies.
func (c *conn) tunnel(t *turn) ending {
	c.enter(phaseTunnel)
	c.startReader(t, c.tunnelUp)
	if e := c.tunnelDown(t); e != endWhole {
		return e
	}
	_ = c.closeWrite() // if it fails, the visitor is gone, which reading tells
	select {
	case <-c.upDone:
		t.up.running = false
	case <-t.x.Stopped():
		c.kick()
		c.joinUpload(t)
	}
	// What the visitor still sends after the service's end and a STOP is nobody's.
	t.linger = t.up.result != upWhole
	return endWhole
}

// tunnelDown passes what the local service sends.
func (c *conn) tunnelDown(t *turn) ending {
	for {
		if !t.x.Buffered() {
			if c.flush(t) != nil {
				return c.gone(t)
			}
		}
		f, err := t.x.Next()
		if err == nil {
			err = c.take(t, f)
		}
		switch {
		case err != nil:
			return c.broken(t, err)
		case f.Flags&wire.End != 0:
			if c.flush(t) != nil {
				return c.gone(t)
			}
			return endWhole
		}
	}
}

// tunnelUp passes what the visitor sends, first what came before the 101. Its end is passed on as END.
func (c *conn) tunnelUp() {
	t := c.t
	defer c.readerDone()
	err := c.pumpUp(t)
	if err == io.EOF {
		if err = t.sendData(make([]byte, wire.HeaderSize), true); err == errStopped {
			err = nil
		}
	}
	c.uploadEnded(t, err)
}

// pumpUp reads with the inbox's small buffer, so that an idle WebSocket holds no big one, and with a big one as long as reads fill the small.
func (c *conn) pumpUp(t *turn) error {
	for c.in.len() > 0 {
		n := min(c.in.len(), wire.MaxData)
		p := c.in.b[c.in.r-wire.HeaderSize : c.in.r+n]
		c.in.r += n
		if err := t.sendData(p, false); err != nil {
			return err
		}
	}
	c.rest()
	for {
		n, err := c.read(c.in.b[upRoom:smallInbox])
		if err != nil {
			return err
		}
		if err := t.sendData(c.in.b[upRoom-wire.HeaderSize:upRoom+n], false); err != nil {
			return err
		}
		if n == smallInbox-upRoom {
			if err := c.pumpBig(t); err != nil {
				return err
			}
		}
	}
}

// pumpBig is pumpUp as long as much comes.
func (c *conn) pumpBig(t *turn) error {
	buf := upBuffers.Get().(*upBuffer)
	defer upBuffers.Put(buf)
	for n := upBig; n >= smallInbox; {
		var err error
		if n, err = c.read(buf.b[upRoom:]); err != nil {
			return err
		}
		if err = t.sendData(buf.b[upRoom-wire.HeaderSize:upRoom+n], false); err != nil {
			return err
		}
	}
	return nil
}
