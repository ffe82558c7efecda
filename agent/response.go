package agent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// receiver reads one response from the local connection and frames it for the relay, in the buffer it was read into: content is not copied
// to be framed. It is goroutine B's.
type receiver struct {
	l     *lane
	c     *local
	x     *exchange
	resp  http1.Response
	chunk http1.Chunks
	frame wire.Resp
	infos int

	buf   buffer
	in, n int  // buf.b[in:n] has been read and not understood yet
	bulk  bool // the last read was large: the next gets a block
	short bool // the last read emptied the socket: waiting needs no buffer

	framed
	silent bool // the connection ended before any byte of an answer
	begun  bool // RESP has been framed: from here on a failure is an ABORT
	reuse  bool // the response leaves the connection fit for another exchange
}

// room is kept free in front of what is read: for RESP and what stands between it and content, or CHUNK and DATA.
const room = 64

var receivers = sync.Pool{New: func() any { return new(receiver) }}

// serve is goroutine B: it passes on what the local service answers for as long as the connection lives.
func (l *lane) serve(ctx context.Context, c *local) {
	defer l.readers.Done()
	for c != nil {
		x := l.await(c)
		if x == nil {
			return
		}
		c = l.receive(ctx, c, x)
	}
}

// await waits until something arrives for an exchange. It returns nil when the connection is of no more use: closed, or the local service
// sent something that nobody asked for, or ended it.
func (l *lane) await(c *local) *exchange {
	for {
		err := c.park()
		l.mu.Lock()
		x := c.cur
		switch {
		case l.local != c: // closed by whoever took it away
			l.mu.Unlock()
			return nil
		case x != nil:
			l.mu.Unlock()
			return x
		case err == nil && c.quiet():
			l.mu.Unlock()
			continue
		}
		l.local = nil
		l.mu.Unlock()
		c.close()
		return nil
	}
}

// receive passes one response on. It returns the connection to go on with: the same, another after repeating the request, or nil.
func (l *lane) receive(ctx context.Context, c *local, x *exchange) *local {
	r := receivers.Get().(*receiver)
	r.l, r.c, r.x = l, c, x
	kept, err := r.response()
	begun, silent := r.begun, r.silent
	broken := isLinkError(err)
	if broken {
		r.buf.drop()
	}
	r.free()
	switch {
	case err == nil && kept:
		return c
	case err == nil:
		return nil
	case broken:
		l.kill(wire.CodeLinkLost)
		return nil
	case silent && !begun && x.repeat && x.reused && x.tries == 1 && !l.isDead():
		return l.repeat(ctx, c, x)
	}
	l.takeAway(c)
	l.breakOff(x, begun, err)
	return nil
}

// breakOff ends a response that will not come, or not whole. The local connection is gone already.
func (l *lane) breakOff(x *exchange, begun bool, cause error) {
	if l.isDead() {
		return // the connection was closed under the reader
	}
	var err error
	if begun {
		err = l.abort(x, cause)
	} else {
		err = l.answerFailure(x, true, explain(cause, l.ep))
	}
	if err != nil {
		l.kill(wire.CodeLinkLost)
	}
}

// takeAway closes a connection on which something broke.
func (l *lane) takeAway(c *local) {
	l.mu.Lock()
	if l.local == c {
		l.local = nil
	}
	l.mu.Unlock()
	c.abort()
}

// repeat writes a request once more, on a new connection: the kept one ended before any byte of the answer, and the request may be repeated.
func (l *lane) repeat(ctx context.Context, c *local, x *exchange) *local {
	l.takeAway(c)
	next, err := l.dial(ctx, x)
	if err != nil {
		l.breakOff(x, false, err)
		return nil
	}
	l.mu.Lock()
	dead := l.dead
	if !dead {
		l.local, next.cur, x.tries = next, x, 2
	}
	l.mu.Unlock()
	if dead {
		next.close()
		return nil
	}
	_, err = next.conn.Write(x.request)
	l.mu.Lock()
	x.sent = time.Now()
	l.mu.Unlock()
	if err != nil {
		l.takeAway(next)
		l.breakOff(x, false, err)
		return nil
	}
	return next
}

// free gives the receiver and its buffer back.
func (r *receiver) free() {
	r.buf.release()
	r.resp.Reset()
	r.chunk.Reset()
	*r = receiver{resp: r.resp, chunk: r.chunk}
	receivers.Put(r)
}

// response reads and passes on the whole response. kept: the connection waits for the next exchange.
func (r *receiver) response() (kept bool, err error) {
	r.buf.takePage()
	r.in, r.n = room, room
	n, err := r.head()
	if err != nil {
		return false, err
	}
	r.begin(n)
	var trailers []byte
	switch r.resp.Body {
	case http1.BodyNone:
	case http1.BodyLength:
		err = r.length(uint64(r.resp.Length))
	case http1.BodyChunked:
		trailers, err = r.chunked()
	default:
		err = r.untilEnd()
	}
	switch {
	case err != nil:
		return false, r.flushBefore(err)
	case trailers != nil:
		return r.endTrailers(trailers)
	}
	return r.end()
}

// flushBefore writes what is good of a response that broke: ABORT follows it, and must not come before RESP.
func (r *receiver) flushBefore(cause error) error {
	if isLinkError(cause) {
		return cause
	}
	if err := r.flush(); err != nil {
		return err
	}
	return cause
}

// head reads heads until the final one, whose length it returns; those before it go out as INFO.
func (r *receiver) head() (int, error) {
	for {
		n, err := r.resp.Parse(r.buf.b[r.in:r.n], r.x.head, r.x.upgrade)
		switch {
		case err != nil:
			return 0, err
		case n > 0 && r.resp.Status < 200 && r.resp.Status != 101:
			if err := r.info(n); err != nil {
				return 0, err
			}
			continue
		case n > 0:
			return n, nil
		}
		if r.n == len(r.buf.b) {
			r.grow()
		}
		m, err := r.c.read(r.buf.b[r.n:])
		if r.n += m; m == 0 {
			r.silent = r.n == room && r.infos == 0
			return 0, ended(err)
		}
	}
}

// grow makes room for the rest of a head that does not fit.
func (r *receiver) grow() {
	if r.in > room {
		r.n = room + copy(r.buf.b[room:], r.buf.b[r.in:r.n])
		r.in = room
		return
	}
	var next buffer
	if len(r.buf.b) < len(block{}) {
		next.takeBlock()
	} else {
		next.b = make([]byte, room+http1.MaxWireHead) // not pooled: heads of this size are rare
	}
	r.n = room + copy(next.b[room:], r.buf.b[r.in:r.n])
	r.buf.release()
	r.buf = next
}

// info passes a 1xx head on.
func (r *receiver) info(n int) error {
	if r.infos++; r.infos > wire.MaxInfos || n > wire.MaxInfo {
		return errInfos
	}
	f := wire.Info{Seq: r.x.seq, Head: r.buf.b[r.in : r.in+n]}
	p := f.Append(r.buf.b[:r.in-wire.HeaderSize-4]) // in place
	p = p[r.in-wire.HeaderSize-4:]
	r.in += n
	return r.l.put(outgoing{p: p, cost: 4 + n + wire.FrameCost}, false)
}

var errInfos = errors.New("too many or too large 1xx responses")

// begin frames RESP: n bytes of head, moved a little to the left so that the header of the content behind it fits in between.
func (r *receiver) begin(n int) {
	l, x := r.l, r.x
	raw := r.buf.b[r.in : r.in+n]
	pin := x.pin || r.resp.Status == 401 && r.challengesConnection()
	r.frame = wire.Resp{Seq: x.seq, Head: raw, Connect: x.connect, Tries: x.tries}
	l.mu.Lock()
	if !x.sent.IsZero() {
		r.frame.Wait = time.Since(x.sent)
	}
	if pin = pin || r.c.pinned; pin {
		r.c.pinned, r.c.pin = true, x.conn
	}
	l.mu.Unlock()
	if pin {
		r.frame.Flags |= wire.RespPin
	}
	if x.tap != nil {
		x.tap.ResponseHead(r.resp.Status, string(r.resp.Reason), raw, false, r.frame.Wait, x.connect, int(x.tries))
	}
	shift := wire.HeaderSize
	switch r.resp.Body {
	case http1.BodyLength:
		r.frame.Body, r.frame.Length = wire.BodyLength, uint64(r.resp.Length)
	case http1.BodyChunked:
		r.frame.Body, shift = wire.BodyUntil, chunkRoom
	case http1.BodyClose:
		r.frame.Body = wire.BodyUntil
	case http1.BodyTunnel:
		r.frame.Body = wire.BodyTunnel
		x.tunnel.Store(true)
		x.tap.Upgraded()
	}
	r.reuse = !r.resp.Close && r.resp.Body != http1.BodyTunnel
	r.begun = true
	r.startHead(&r.frame, r.in-shift-wire.HeaderSize-wire.RespSize)
	r.in += n
}

// challengesConnection looks for a challenge whose answer authenticates the connection.
func (r *receiver) challengesConnection() bool {
	for i := range r.resp.Fields {
		f := &r.resp.Fields[i]
		if len(f.Name) == len("WWW-Authenticate") && bytes.EqualFold(f.Name, []byte("WWW-Authenticate")) && authenticatesConnection(f.Value) {
			return true
		}
	}
	return false
}

// ended turns a read's error into what it says about the response.
func ended(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
