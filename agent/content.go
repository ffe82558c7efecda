package agent

import (
	"errors"
	"io"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// flowing is how much of an answer comes when its visitor reads it: more than all buffers on its way hold at first.
const flowing = 512 << 10

// fill reads more content to buf.b[off:]; all that was there has been used. At the end of the connection it returns io.EOF.
func (r *receiver) fill(off int) error {
	if r.short {
		r.buf.release()
		if err := r.c.park(); err != nil {
			return err
		}
	}
	if r.bulk && !r.l.link.HasCredit(blockCost) { // the visitor takes nothing: what comes waits in the socket, not in a block
		r.buf.release()
		if err := r.l.link.AwaitCredit(blockCost); err != nil {
			return &linkError{err}
		}
	}
	if r.buf.b == nil || r.bulk && len(r.buf.b) < len(block{}) {
		r.buf.release()
		if r.bulk {
			r.buf.takeBlock()
		} else {
			r.buf.takePage()
		}
	}
	n, err := r.c.read(r.buf.b[off:])
	r.in, r.n = off, off+n
	if r.got += n; r.got > flowing {
		r.c.widen()
	}
	r.bulk = n > len(page{})/2
	r.short = r.n < len(r.buf.b)
	if n == 0 && err == nil {
		err = io.ErrNoProgress
	}
	if n > 0 {
		err = nil // it comes again
	}
	return err
}

// length passes on content of a known length.
func (r *receiver) length(left uint64) error {
	r.bulk = left > uint64(len(page{}))
	for left > 0 {
		if r.in == r.n {
			if err := r.flush(); err != nil {
				return err
			}
			if err := r.fill(wire.HeaderSize); err != nil {
				return ended(err)
			}
		}
		n := int(min(left, uint64(r.n-r.in)))
		if err := r.data(r.in, r.in+n); err != nil {
			return err
		}
		r.in += n
		left -= uint64(n)
	}
	r.reuse = r.reuse && r.in == r.n // more than was announced is nobody's answer
	return nil
}

// untilEnd passes on what comes until the connection ends: the content of an old server, or an upgraded connection.
func (r *receiver) untilEnd() error {
	for {
		if r.in < r.n {
			if err := r.data(r.in, r.n); err != nil {
				return err
			}
			r.in = r.n
		}
		if err := r.flush(); err != nil {
			return err
		}
		switch err := r.fill(wire.HeaderSize); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// chunked passes on chunks with their borders, each as it comes: one that is all here is a DATA frame, a larger one or one that arrives in
// pieces is announced by CHUNK.
func (r *receiver) chunked() (trailers []byte, err error) {
	for {
		t, n, p, size, err := r.chunk.Next(r.buf.b[r.in:r.n])
		r.in += n
		switch {
		case err != nil:
			return nil, err
		case t == http1.More:
			if err = r.flush(); err == nil {
				err = r.fill(room)
			}
			if err != nil {
				return nil, ended(err)
			}
		case t == http1.Chunk:
			if size > uint64(min(r.n-r.in, wire.MaxData)) {
				err = r.chunkFrame(r.in, size)
			}
		case t == http1.Data:
			err = r.data(r.in-len(p), r.in)
		case t == http1.Last:
			r.reuse = r.reuse && r.in == r.n
			return p, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
