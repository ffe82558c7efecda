package edge

import (
	"encoding/binary"
	"errors"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

const (
	chunkFrame = wire.HeaderSize + 8

	// maxBatch is what one Send of several small frames may cost: half of the smallest window, or the other side might wait for more to be sent
	// before it grants what the Send waits for.
	maxBatch = wire.FirstLimit / 2

	// maxMoved is the longest content that is moved to stand next to the frame before it, instead of being sent on its own.
	maxMoved = 2 << 10
)

// batch gathers the frames of chunks that came in one read, in place: a frame's header is never longer than the chunk's own framing in front of the
// content, or than the room at the buffer's beginning, so content mostly stays where it is.
type batch struct {
	c    *conn
	t    *turn
	b    []byte
	s, o int // frames are b[s:o]
	cost int
	last int // where the last DATA header is; -1: none
}

// add frames content b[p:p+n]; size is the chunk's if a CHUNK frame must come first, else 0.
func (a *batch) add(p, n int, size uint64) error {
	need := wire.HeaderSize
	cost := n + wire.FrameCost
	if size > 0 {
		need += chunkFrame
		cost += 8 + wire.FrameCost
	}
	if a.o > a.s && (a.cost+cost > maxBatch || a.o+need > p || n > maxMoved && a.o+need != p) {
		if err := a.flush(false); err != nil {
			return err
		}
	}
	if a.o == a.s {
		a.s, a.o = p-need, p-need
	}
	if size > 0 {
		wire.PutHeader(a.b[a.o:], wire.Chunk, 0, 8)
		binary.BigEndian.PutUint64(a.b[a.o+wire.HeaderSize:], size)
		a.o += chunkFrame
	}
	a.last = a.o
	wire.PutHeader(a.b[a.o:], wire.Data, 0, n)
	a.o += wire.HeaderSize
	if a.o != p {
		copy(a.b[a.o:], a.b[p:p+n])
	}
	a.o += n
	a.t.count.bytes[wire.KindHTTP].in.Add(uint64(n))
	a.cost += cost
	return nil
}

// flush sends what is gathered.
func (a *batch) flush(last bool) error {
	if a.o == a.s {
		return nil
	}
	p, cost := a.b[a.s:a.o], a.cost
	a.s, a.o, a.cost, a.last = 0, 0, 0, -1
	return a.t.send(p, cost, last)
}

// end sends the end of the content, on the last DATA frame if that has not gone yet.
func (a *batch) end(trailers []byte) error {
	if len(trailers) > 0 {
		if err := a.flush(false); err != nil {
			return err
		}
		p := wire.AppendHeader(make([]byte, 0, wire.HeaderSize+len(trailers)), wire.Trailers, wire.End, len(trailers))
		return a.t.send(append(p, trailers...), len(trailers)+wire.FrameCost, true)
	}
	if a.last < 0 {
		return a.t.sendData(make([]byte, wire.HeaderSize), true)
	}
	a.b[a.last] |= byte(wire.End)
	return a.flush(true)
}

// chunkReader is the uploader's state while it reads chunked content.
type chunkReader struct {
	batch
	r, w int    // b[r:w] has been read and not used
	size uint64 // of a chunk whose content has not begun
}

// uploadChunks sends chunked content, keeping chunk borders. What was read behind it goes back to the inbox.
func (c *conn) uploadChunks(t *turn) error {
	cr := chunkReader{batch: batch{c: c, t: t, b: c.in.b, last: -1}, r: c.in.r, w: c.in.w}
	done, err := cr.take()
	if done || err != nil && err != errStopped {
		c.in.r = cr.r
		return err
	}
	var src source
	defer src.release()
	c.in.r, c.in.w = 0, 0
	for drained := 0; !done; {
		if err == errStopped {
			if drained += cr.w - cr.r; drained > maxDrain {
				return err
			}
			if done, err = cr.skip(); done || err != errStopped {
				break
			}
		}
		var re error
		if cr.b, re = src.read(c, wire.MaxData); re != nil {
			return re
		}
		if cr.r, cr.w = upRoom, len(cr.b); err == errStopped {
			continue
		}
		if done, err = cr.take(); err != nil && err != errStopped {
			return err
		}
	}
	if done {
		return c.refill(cr.b[cr.r:cr.w])
	}
	return err
}

// take uses up what has been read; done says that the content is over.
func (cr *chunkReader) take() (done bool, err error) {
	for {
		p := cr.r
		token, n, data, size, err := cr.t.chunks.Next(cr.b[p:cr.w])
		cr.r += n
		if err != nil {
			return false, err
		}
		switch token {
		case http1.Chunk:
			cr.size = size
		case http1.Data:
			err = cr.data(p, len(data))
		case http1.Last:
			return true, cr.ended(data)
		default:
			return false, cr.flush(false)
		}
		if err != nil {
			return false, err
		}
	}
}

// ended sends the end. That nobody wants it any more does not matter.
func (cr *chunkReader) ended(trailers []byte) error {
	if err := cr.end(trailers); err != nil && !errors.Is(err, errStopped) {
		return err
	}
	return nil
}

// data frames content of the open chunk. A chunk that is whole and fits is one DATA frame; else CHUNK announces its size.
func (cr *chunkReader) data(p, n int) error {
	size := cr.size
	cr.size = 0
	if uint64(n) == size && n <= wire.MaxData {
		size = 0
	}
	for n > 0 {
		m := min(n, wire.MaxData)
		if err := cr.add(p, m, size); err != nil {
			return err
		}
		p, n, size = p+m, n-m, 0
	}
	return nil
}

// skip goes over what nobody wants any more, looking for the end.
func (cr *chunkReader) skip() (done bool, err error) {
	for {
		token, n, _, _, err := cr.t.chunks.Next(cr.b[cr.r:cr.w])
		cr.r += n
		switch {
		case err != nil:
			return false, err
		case token == http1.Last:
			return true, nil
		case token == http1.More:
			return false, errStopped
		}
	}
}
