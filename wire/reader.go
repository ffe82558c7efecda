package wire

import (
	"errors"
	"io"
	"sync"
)

// Sizes of read buffers. A reader waits with a small one. A medium one takes one smux frame, which is what a DATA frame of
// full size is: such are read at once and never moved. A large one takes the longest frame.
const (
	smallBuffer  = 4 << 10
	mediumBuffer = 32 << 10
	largeBuffer  = 72 << 10
)

var (
	smallBuffers  = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	mediumBuffers = sync.Pool{New: func() any { return new([mediumBuffer]byte) }}
	largeBuffers  = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

// takeBuffer returns a pooled buffer of at least n ≤ largeBuffer bytes.
func takeBuffer(n int) []byte {
	switch {
	case n <= smallBuffer:
		return smallBuffers.Get().(*[smallBuffer]byte)[:]
	case n <= mediumBuffer:
		return mediumBuffers.Get().(*[mediumBuffer]byte)[:]
	}
	return largeBuffers.Get().(*[largeBuffer]byte)[:]
}

// giveBuffer gives a buffer of takeBuffer back.
func giveBuffer(b []byte) {
	switch len(b) {
	case smallBuffer:
		smallBuffers.Put((*[smallBuffer]byte)(b))
	case mediumBuffer:
		mediumBuffers.Put((*[mediumBuffer]byte)(b))
	case largeBuffer:
		largeBuffers.Put((*[largeBuffer]byte)(b))
	}
}

// frameReader cuts what comes from src into frames without copying payloads: they are slices of its buffer. Headers are checked before
// any of the payload is read. It belongs to one goroutine.
type frameReader struct {
	src     io.Reader
	from    side // who is at the other end
	control bool
	tally   *tally           // hears of what was read; nil: nobody does
	buf     []byte           // nil, or of takeBuffer
	r, w    int              // buf[r:w] has been read and not been handed out
	first   [HeaderSize]byte // what await reads into
}

// next returns the next frame; its payload is valid until the next call of next, idle or release. io.EOF comes only between frames.
func (fr *frameReader) next() (Frame, error) {
	for {
		if err := fr.fill(HeaderSize); err != nil {
			return Frame{}, err
		}
		h := unpackHeader(fr.buf[fr.r:])
		skip, err := h.check(fr.from, fr.control)
		if err != nil {
			return Frame{}, err
		}
		if skip {
			if err := fr.skip(HeaderSize + h.n); err != nil {
				return Frame{}, err
			}
			continue
		}
		if err := fr.fill(HeaderSize + h.n); err != nil {
			return Frame{}, err
		}
		start, end := fr.r+HeaderSize, fr.r+HeaderSize+h.n
		fr.r = end
		return Frame{Type: h.t, Flags: h.f, Payload: fr.buf[start:end:end]}, nil
	}
}

// buffered says that next will not block: a whole frame, or one that is wrong, lies in the buffer.
func (fr *frameReader) buffered() bool {
	if fr.w-fr.r < HeaderSize {
		return false
	}
	h := unpackHeader(fr.buf[fr.r:])
	skip, err := h.check(fr.from, fr.control)
	return err != nil || !skip && fr.w-fr.r >= HeaderSize+h.n
}

// fill reads until n bytes lie in the buffer.
func (fr *frameReader) fill(n int) error {
	if fr.w-fr.r >= n {
		return nil
	}
	fr.room(n)
	for fr.w-fr.r < n {
		if err := fr.read(); err != nil {
			if err == io.EOF && fr.w > fr.r {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// room makes n bytes from r on fit. An empty buffer starts again at its front, and a large one is traded for one that fits most frames.
func (fr *frameReader) room(n int) {
	if fr.r == fr.w {
		fr.r, fr.w = 0, 0
		if len(fr.buf) == largeBuffer && n <= mediumBuffer {
			giveBuffer(fr.buf)
			fr.buf = takeBuffer(mediumBuffer)
		}
	}
	if len(fr.buf)-fr.r >= n {
		return
	}
	old := fr.buf
	if len(old) < n {
		fr.buf = takeBuffer(n)
	}
	fr.w = copy(fr.buf, old[fr.r:fr.w])
	fr.r = 0
	if len(old) < n {
		giveBuffer(old)
	}
}

// read reads once. smux may return bytes together with an error (its window update failed); then the bytes count, the error comes again. An error alone
// is asked for twice: when bytes and the link's end came while it waited, smux chooses at random which of them to tell, and only a second read is sure to
// look for bytes first.
func (fr *frameReader) read() error {
	failed := false
	for range 100 {
		n, err := fr.src.Read(fr.buf[fr.w:])
		fr.w += n
		if n > 0 {
			fr.tally.took(n)
			return nil
		}
		if err != nil && failed {
			return err
		}
		failed = err != nil
	}
	return io.ErrNoProgress
}

// skip drops n bytes.
func (fr *frameReader) skip(n int) error {
	for {
		have := min(n, fr.w-fr.r)
		fr.r += have
		if n -= have; n == 0 {
			return nil
		}
		fr.r, fr.w = 0, 0
		if err := fr.read(); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
}

// idle gives the buffer back as far as possible: nothing is kept when nothing lies in it, a small one when that is enough.
func (fr *frameReader) idle() {
	rest := fr.buf[fr.r:fr.w]
	switch {
	case len(rest) == 0:
		fr.release()
	case len(fr.buf) > smallBuffer && len(rest) <= smallBuffer:
		b := takeBuffer(smallBuffer)
		n := copy(b, rest)
		giveBuffer(fr.buf)
		fr.buf, fr.r, fr.w = b, 0, n
	}
}

// await is idle, and waits until something of the next frame has come, with no buffer if none is kept. What else may end the wait next meets again.
func (fr *frameReader) await() {
	if fr.idle(); fr.buf != nil {
		return
	}
	n, _ := fr.src.Read(fr.first[:])
	if n == 0 {
		return
	}
	fr.tally.took(n)
	fr.buf = takeBuffer(smallBuffer)
	fr.w = copy(fr.buf, fr.first[:n])
}

// release gives the buffer back with whatever lies in it.
func (fr *frameReader) release() {
	giveBuffer(fr.buf)
	fr.buf, fr.r, fr.w = nil, 0, 0
}
