package edge

import (
	"errors"
	"io"
	"os"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

const (
	upRoom   = 16 // left in front of content: a CHUNK frame and a DATA header
	upBig    = upRoom + wire.MaxData
	maxDrain = 64 << 10 // of content nobody wants that is read so that the connection can be kept
)

// upResult is how an upload ended.
type upResult uint8

const (
	upWhole upResult = iota // the content was read to its end (and sent, or dropped after a STOP)
	upLeft                  // some of it is unread, or perhaps on its way
)

// upload is the state of the goroutine that reads content. It is the uploader's until joinUpload.
type upload struct {
	running bool // the loop's
	result  upResult
	err     error // what is wrong with the content, for the error page
}

// Why an uploader stops.
var (
	errKicked  = errors.New("the upload was ended")
	errStopped = errors.New("the content is not wanted any more")
	errOver    = errors.New("the exchange is over")
)

// upload is the uploader: it reads the request's content and sends it as frames.
func (c *conn) upload() {
	t := c.t
	defer c.readerDone()
	var err error
	if t.body == http1.BodyLength {
		err = c.uploadLength(t)
	} else {
		err = c.uploadChunks(t)
	}
	if err == nil {
		c.rest() // there is room for a watcher's byte then, and a long wait holds no big buffer
	}
	c.uploadEnded(t, err)
}

// uploadEnded tells what has to follow from the way an upload ended.
func (c *conn) uploadEnded(t *turn, err error) {
	var he *http1.Error
	switch {
	case err == nil:
		t.up.result = upWhole
		return
	case errors.As(err, &he):
		t.up.err = he
		c.abort(requestCode(he))
	case errors.Is(err, errGone):
		c.abort(wire.CodeVisitorGone)
	}
	t.up.result = upLeft
}

// readerDone is the uploader's end. After it the sweeper may start a watcher, if there is still something to wait for.
func (c *conn) readerDone() {
	if p := recover(); p != nil {
		c.t.up.result = upLeft
		c.panicked(p)
	}
	c.reading.Store(0)
	if c.t.up.result == upWhole && c.phase.Load() == phaseBusy {
		c.reader.Store(readerFree)
	} else {
		c.reader.Store(readerNone)
	}
	c.upDone <- struct{}{}
}

// readContent reads from the visitor. errGone: the visitor left before the end. errKicked: a limit, or the loop, ended the upload.
func (c *conn) readContent(p []byte) (int, error) {
	n, err := c.read(p)
	if err == io.EOF {
		err = errGone
	}
	return n, err
}

// read reads from the visitor within the sweeper's sight; io.EOF is the visitor's FIN. It returns bytes or an error, never both.
func (c *conn) read(p []byte) (int, error) {
	c.reading.Store(c.s.clock.Load())
	n, err := c.net.Read(p)
	c.reading.Store(0)
	switch {
	case n > 0:
		c.got.Store(true)
		return n, nil
	case err == io.EOF:
		return 0, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, errKicked
	}
	return 0, errGone
}

// ask is called when the visitor is asked for content: from now on it has to come.
func (c *conn) ask() {
	if r := c.reading.Load(); r != 0 {
		c.reading.CompareAndSwap(r, c.s.clock.Load())
	}
	c.unasked.Store(false)
}

// awaited says that content is wanted and the visitor knows.
func (c *conn) awaited() bool {
	return !c.answered.Load() && (c.got.Load() || !c.unasked.Load())
}

// send passes frames on.
func (t *turn) send(p []byte, cost int, last bool) error {
	switch err := t.x.Send(p, cost, last); {
	case err == nil:
		return nil
	case errors.Is(err, wire.ErrStopped):
		return errStopped
	}
	return errOver
}

// uploadLength sends content whose length is known. Bytes behind it are never read here but stay in the inbox or the kernel.
func (c *conn) uploadLength(t *turn) error {
	left := t.length
	for c.in.len() > 0 && left > 0 {
		// The header goes where the head, or the piece before, was: both are through.
		n := int(min(left, int64(c.in.len()), wire.MaxData))
		p := c.in.b[c.in.r-wire.HeaderSize : c.in.r+n]
		c.in.r += n
		left -= int64(n)
		if err := t.sendData(p, left == 0); err != nil {
			return c.discard(err, left)
		}
	}
	if left == 0 {
		return nil
	}
	var src source
	defer src.release()
	for left > 0 {
		p, err := src.read(c, int(min(left, wire.MaxData)))
		if err != nil {
			return err
		}
		left -= int64(len(p) - upRoom)
		if err := t.sendData(p[upRoom-wire.HeaderSize:], left == 0); err != nil {
			return c.discard(err, left)
		}
	}
	return nil
}

// sendData sends one DATA frame; p has room for its header in front.
func (t *turn) sendData(p []byte, last bool) error {
	var flags wire.Flags
	if last {
		flags = wire.End
	}
	n := len(p) - wire.HeaderSize
	wire.PutHeader(p, wire.Data, flags, n)
	t.count.bytes[wire.KindHTTP].in.Add(uint64(n))
	return t.send(p, n+wire.FrameCost, last)
}

// discard reads content that is not wanted any more, if it is little. What has come with the inbox counts too.
func (c *conn) discard(err error, left int64) error {
	if left == 0 && err == errStopped {
		return nil
	}
	if err != errStopped || left > maxDrain {
		return err
	}
	n := min(left, int64(c.in.len()))
	c.in.r += int(n)
	left -= n
	var src source
	defer src.release()
	for left > 0 {
		p, err := src.read(c, int(min(left, wire.MaxData)))
		if err != nil {
			return err
		}
		left -= int64(len(p) - upRoom)
	}
	return nil
}
