package edge

import "sync"

type upBuffer struct{ b [upBig]byte }

var upBuffers = sync.Pool{New: func() any { return new(upBuffer) }}

// source reads the content of an upload. It has a big buffer only while much comes: whoever sends little, or nothing, is waited for without one, so that
// a thousand of them cost no more than their connections.
type source struct {
	buf  *upBuffer
	much bool // the last read brought much
}

// read returns up to n bytes of content behind upRoom bytes of room, valid until the next read or release. Its errors are those of readContent.
func (s *source) read(c *conn, n int) ([]byte, error) {
	if !s.much {
		s.release()
		if c.front != nil {
			return s.sip(c, n)
		}
		c.awaitContent()
	}
	if s.buf == nil {
		s.buf = upBuffers.Get().(*upBuffer)
	}
	m, err := c.readContent(s.buf.b[upRoom : upRoom+n])
	s.much = m > upBig/2 || c.front != nil && m > upBig/4 // a record has 16 KiB
	return s.buf.b[:upRoom+m], err
}

func (s *source) release() {
	if s.buf != nil {
		upBuffers.Put(s.buf)
		s.buf = nil
	}
}

// awaitContent waits for content, the visitor's end or a kick, within the sweeper's sight.
func (c *conn) awaitContent() {
	c.reading.Store(c.s.clock.Load())
	awaitBytes(c.sock)
	c.reading.Store(0)
}
