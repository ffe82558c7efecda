package agent

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// upload is what goroutine A knows of the request it is writing. Small pieces gather in out, so that a head and its small content are one
// write; large ones go from the frame to the socket as they are.
type upload struct {
	c       *local // nil: what comes is dropped
	buf     buffer // under out, unless a head was larger
	out     []byte // not yet written
	vec     net.Buffers
	parts   [3][]byte
	wrote   bool   // something was written to c
	chunked bool   // content is spelled as chunks
	open    uint64 // bytes to come of the chunk being written
	stopped bool   // STOP was sent
	small   bool   // the last frame was
}

// begin makes room for a head.
func (u *upload) begin(chunked bool) {
	if u.buf.b == nil {
		u.buf.takePage()
	}
	u.out = u.buf.b[:0]
	u.c, u.wrote, u.chunked, u.open, u.stopped, u.small = nil, false, chunked, 0, false, true
}

// release gives the room back.
func (u *upload) release() {
	u.buf.release()
	u.c, u.out = nil, nil
	u.parts = [3][]byte{}
}

// upload writes the request, or what is still to come of it, to the local connection.
func (l *lane) upload(ctx context.Context, x *exchange) error {
	for !l.content.Done() {
		if !l.link.Buffered() {
			l.flush(ctx, x, nil, nil)
			switch {
			case x.upgrade, l.up.small && l.eng.crowded(): // nothing comes before it is one; what comes may be long in coming
				l.up.buf.release()
				l.link.Await()
				l.up.buf.takePage()
				l.up.out = l.up.buf.b[:0]
			case l.up.small:
				l.link.Idle() // a trickle may wait for long
			}
		}
		if err := l.next(ctx, x); err != nil {
			return err
		}
		if l.up.c == nil && x.ended.Load() && !x.upRead.Load() && !l.up.stopped {
			l.up.stopped = true
			l.link.SendStop(x.seq) // nobody wants the rest
		}
	}
	l.flush(ctx, x, nil, nil)
	l.endUp(x)
	l.up.release()
	return nil
}

// next reads one frame of the request and passes it on.
func (l *lane) next(ctx context.Context, x *exchange) error {
	f, err := l.link.Next()
	if err != nil {
		return err
	}
	if x.tunnel.Load() {
		l.content.Tunnel()
	}
	if err := l.content.Accept(f); err != nil {
		return err
	}
	if f.Flags&wire.End != 0 {
		x.upRead.Store(true)
	}
	switch f.Type {
	case wire.Data:
		l.passData(ctx, x, f)
	case wire.Chunk:
		if l.up.open, err = wire.DecodeChunk(f.Payload); err != nil {
			return err
		}
		l.up.out = http1.AppendChunkSize(l.up.out, l.up.open)
	case wire.Trailers:
		if err := http1.CheckTrailers(f.Payload); err != nil {
			return &wire.ProtocolError{Code: wire.CodeBadFraming, Text: "trailers: " + err.Error()}
		}
		l.up.out = append(append(append(l.up.out, "0\r\n"...), f.Payload...), "\r\n"...)
		x.tap.RequestEnd(f.Payload)
	}
	l.link.Took(wire.Cost(f))
	return nil
}

// smallPiece is up to where content looks like conversation, not like bulk.
const smallPiece = 2 << 10

const crlf, lastChunk = "\r\n", "0\r\n\r\n"

var (
	chunkEnd = []byte(crlf)
	bodyEnd  = []byte(crlf + lastChunk)
	emptyEnd = []byte(lastChunk)
)

// passData writes content; as chunks if the request has them, with their borders.
func (l *lane) passData(ctx context.Context, x *exchange, f wire.Frame) {
	u, p, end := &l.up, f.Payload, f.Flags&wire.End != 0
	u.small = len(p) < smallPiece
	x.tap.RequestBody(p)
	if end {
		x.tap.RequestEnd(nil)
	}
	if !u.chunked {
		l.send(ctx, x, p, nil)
		return
	}
	if len(p) == 0 {
		l.send(ctx, x, emptyEnd, nil)
		return
	}
	if u.open == 0 {
		u.open = uint64(len(p))
		u.out = http1.AppendChunkSize(u.out, u.open)
	}
	u.open -= uint64(len(p)) // content.Accept saw to it that this holds
	switch {
	case end:
		l.send(ctx, x, p, bodyEnd)
	case u.open == 0:
		l.send(ctx, x, p, chunkEnd)
	default:
		l.send(ctx, x, p, nil)
	}
}

// send gathers p and tail if they are small, else writes them behind what has gathered.
func (l *lane) send(ctx context.Context, x *exchange, p, tail []byte) {
	u := &l.up
	if len(u.out)+len(p)+len(tail) <= cap(u.out) {
		u.out = append(append(u.out, p...), tail...)
		return
	}
	l.flush(ctx, x, p, tail)
}

// flush writes what has gathered, p and tail. A failure is not the exchange's end: an answer may still come, and what comes from the stream
// is dropped from then on.
func (l *lane) flush(ctx context.Context, x *exchange, p, tail []byte) {
	u := &l.up
	for u.c != nil && len(u.out)+len(p)+len(tail) > 0 {
		n, err := l.write(x, p, tail)
		if err == nil {
			u.wrote = true
			break
		}
		if n > 0 || u.wrote || !l.again(ctx, x) {
			l.writeFailed(x, err)
		}
	}
	u.out = u.out[:0]
}

// write makes one write of the pieces.
func (l *lane) write(x *exchange, p, tail []byte) (int64, error) {
	u := &l.up
	if x.late.Load() {
		u.c.conn.SetWriteDeadline(time.Now().Add(l.eng.limits.late)) // fails only when the connection is closed
	}
	if len(p) == 0 && len(tail) == 0 {
		n, err := u.c.conn.Write(u.out)
		return int64(n), err
	}
	u.parts = [3][]byte{u.out, p, tail}
	u.vec = u.parts[:]
	if len(u.out) == 0 {
		u.vec = u.vec[1:]
	}
	return u.vec.WriteTo(u.c.conn)
}

// again dials anew when the kept connection took not one byte: the local service has closed it and knows nothing of the request.
func (l *lane) again(ctx context.Context, x *exchange) bool {
	if !x.reused || !l.reclaim(l.up.c, x) {
		return false
	}
	if x.keep.b != nil {
		l.up.buf = x.keep
		x.keep.drop()
	}
	err := l.attachNew(ctx, x)
	if err == nil {
		return true
	}
	l.up.c = nil
	if !l.isDead() {
		l.answerFailure(x, false, explain(err, l.ep)) // a stream that is dead shows at the next read
	}
	return false
}

// writeFailed drops what is still to come of the request. The response may go on.
func (l *lane) writeFailed(x *exchange, err error) {
	l.up.c = nil
	if !x.late.Load() || !errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	l.mu.Lock() // the response has ended, and the local service does not read on
	c := l.local
	if c != nil && c.cur == x {
		l.local = nil
		c.abort()
	}
	l.mu.Unlock()
}

// endUp ends the request's half: its END has been read, and all of it written or dropped.
func (l *lane) endUp(x *exchange) {
	l.mu.Lock()
	if x.upDone {
		l.mu.Unlock()
		return
	}
	x.upDone, x.sent = true, time.Now()
	c := l.local
	if c != nil && c.cur != x {
		c = nil
	}
	if c != nil && x.downDone {
		l.local = nil
	}
	down := x.downDone
	over := down && !x.over
	x.over = x.over || over
	if x.waiting {
		l.wake <- struct{}{}
		x.waiting = false
	}
	l.mu.Unlock()
	if c != nil && down {
		c.close()
	} else if c != nil && x.tunnel.Load() {
		c.conn.CloseWrite() // half-close; if it fails, the other half shows why
	}
	if over {
		x.record()
		l.leave(x)
	}
}
