package edge

import (
	"net"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// maxCopied is the longest content that is copied behind what waits to be written; longer content goes to the kernel from where it is.
	maxCopied = 4 << 10

	// maxGathered is how much waits at most before it is written.
	maxGathered = 16 << 10

	// flowing is how much of an answer a visitor takes that reads it: more than all buffers on its way hold at first. From then on the kernel may keep
	// flowUnsent of it beyond what is on its way to him.
	flowing    = 512 << 10
	flowUnsent = 128 << 10

	// FirstUnsent is what it keeps for others, from a connection's start (the listener's option): a frame, when nothing is unsent.
	FirstUnsent = 32 << 10
)

var (
	chunkEnd     = []byte("\r\n")
	lastChunk    = []byte("0\r\n\r\n")
	chunkEndLast = []byte("\r\n0\r\n\r\n")
)

// content passes a DATA frame on.
func (c *conn) content(t *turn, f wire.Frame) error {
	p := f.Payload
	var tail []byte
	if t.down == downChunks {
		tail = t.chunkFraming(len(p), f.Flags&wire.End != 0)
	}
	t.sent += int64(len(p))
	c.s.count.bytes[wire.KindHTTP].out.Add(uint64(len(p)))
	if len(p) > maxCopied {
		if err := c.writeThrough(t, p, tail); err != nil {
			return err
		}
		if f.Flags&wire.End == 0 {
			c.makeSpace(t)
		}
		t.x.Took(t.owed + wire.Cost(f))
		t.owed = 0
		return nil
	}
	t.out = append(append(t.out, p...), tail...)
	t.owed += wire.Cost(f)
	if len(t.out) > maxGathered && c.flush(t) != nil {
		return errGone
	}
	return nil
}

// chunkFraming writes a chunk's size line if one begins with these n bytes, and returns what follows them.
func (t *turn) chunkFraming(n int, end bool) (tail []byte) {
	if t.open == 0 && n > 0 {
		t.out = http1.AppendChunkSize(t.out, uint64(n))
		t.open = uint64(n)
	}
	t.open -= uint64(n)
	switch {
	case n > 0 && t.open == 0 && end:
		return chunkEndLast
	case end:
		return lastChunk
	case t.open == 0:
		return chunkEnd
	}
	return nil
}

// chunk is CHUNK: the next size bytes are one.
func (c *conn) chunk(t *turn, payload []byte) error {
	size, err := wire.DecodeChunk(payload)
	if err != nil {
		return err
	}
	if t.down == downChunks {
		t.out = http1.AppendChunkSize(t.out, size)
		t.open = size
	}
	return nil
}

// trailers is the end of chunked content, with trailer lines. HTTP/1.0 has no place for them.
func (c *conn) trailers(t *turn, lines []byte) error {
	if err := http1.CheckTrailers(lines); err != nil {
		return badFraming(err.Error())
	}
	if t.down == downChunks {
		t.out = append(t.out, "0\r\n"...)
		t.out = append(append(t.out, lines...), "\r\n"...)
	}
	return nil
}

// flush writes what is gathered, and tells the other side that it was taken.
func (c *conn) flush(t *turn) error {
	if len(t.out) > 0 {
		c.writing.Store(c.s.clock.Load())
		_, err := c.net.Write(t.out)
		c.writing.Store(0)
		t.out = t.out[:0]
		if err != nil {
			return err
		}
	}
	if t.owed > 0 {
		t.x.Took(t.owed)
		t.owed = 0
	}
	return nil
}

// writeThrough writes what is gathered and content behind it, without copying it, in one system call. What it cost is still owed.
func (c *conn) writeThrough(t *turn, p, tail []byte) error {
	t.vec = [3][]byte{t.out, p, tail}
	var err error
	c.writing.Store(c.s.clock.Load())
	if c.front == nil {
		t.bufs = t.vec[:]
		_, err = (*net.Buffers)(&t.bufs).WriteTo(c.sock)
	} else {
		err = c.writeRecords(t)
	}
	c.writing.Store(0)
	t.out, t.vec = t.out[:0], [3][]byte{}
	if err != nil {
		return errGone
	}
	if t.sent > flowing && !c.flows {
		c.flows = true
		keepUnsent(c.sock, flowUnsent)
	}
	return nil
}

// makeSpace waits, before more is asked for, until the visitor has room for it, as long as he has not shown that he takes anything. So of a thousand answers that
// nobody reads nothing is held here: a frame that came for a visitor without room would wait in its buffer.
func (c *conn) makeSpace(t *turn) {
	if !t.x.Unproven() || c.space.is(c.sock) {
		return
	}
	t.x.Idle()
	t.out = nil // it is empty; most turns never come here
	c.writing.Store(c.s.clock.Load())
	awaitSpace(c.sock)
	c.writing.Store(0)
	c.flows = false // the kernel keeps FirstUnsent again
}
