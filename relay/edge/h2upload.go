package edge

import (
	"errors"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// upload reads the request's content and sends it as frames.
func (st *stream) upload(t *turn) {
	defer close(st.upDone)
	defer func() {
		if p := recover(); p != nil {
			st.upLeft = true
			st.panicked(p)
		}
	}()
	err := st.pump(t)
	switch {
	case err == nil:
		return
	case errors.Is(err, errGone):
		st.stop(wire.CodeVisitorGone, false)
	case !errors.Is(err, errStopped) && !errors.Is(err, errOver) && !errors.Is(err, errKicked):
		st.upErr = err
		st.stop(wire.CodeBadRequest, false)
	}
	st.upLeft = true
}

// pump sends the content, with a big buffer only while much comes. nil: all of it, with its end.
func (st *stream) pump(t *turn) error {
	small := make([]byte, smallInbox)
	var big *upBuffer
	defer func() {
		if big != nil {
			upBuffers.Put(big)
		}
	}()
	left := int64(-1) // not known
	if t.body == http1.BodyLength {
		left = t.length
	}
	for buf := small; ; {
		n, err := st.read(buf[upRoom:])
		if left >= 0 {
			if left -= int64(n); left < 0 {
				return malformed("there is more content than Content-Length says")
			}
		}
		switch {
		case n > 0:
			if err := t.sendData(buf[upRoom-wire.HeaderSize:upRoom+n], left == 0); err != nil || left == 0 {
				return err
			}
		case err == io.EOF:
			return st.endContent(t)
		}
		if err != nil && err != io.EOF {
			return err
		}
		switch much := upRoom+n == len(buf); {
		case much && big == nil:
			big = upBuffers.Get().(*upBuffer)
			buf = big.b[:]
		case big != nil && n < smallInbox:
			upBuffers.Put(big)
			big, buf = nil, small
		}
	}
}

// read reads content within the sweeper's sight. It returns bytes or an error, never both.
func (st *stream) read(p []byte) (int, error) {
	st.reading.Store(st.m.s.clock.Load())
	n, err := st.r.Body.Read(p)
	st.reading.Store(0)
	switch {
	case n > 0:
		return n, nil
	case err == io.EOF, err == nil:
		return 0, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, errKicked
	case st.r.Context().Err() != nil:
		return 0, errGone
	}
	return 0, err // the content is not as long as the head says
}

// endContent sends the end of content whose length was not known, with the trailers that the head has named: net/http knows no others.
func (st *stream) endContent(t *turn) error {
	var lines []byte
	for _, name := range slices.Sorted(maps.Keys(st.r.Trailer)) {
		for _, v := range st.r.Trailer[name] {
			lines = appendField(lines, name, v)
		}
	}
	if len(lines) == 0 {
		return t.sendData(make([]byte, wire.HeaderSize), true)
	}
	if err := http1.CheckTrailers(lines); err != nil {
		return err
	}
	p := wire.AppendHeader(make([]byte, 0, wire.HeaderSize+len(lines)), wire.Trailers, wire.End, len(lines))
	return t.send(append(p, lines...), len(lines)+wire.FrameCost, true)
}
