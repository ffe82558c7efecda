package agent

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect/capture"
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
	got    int  // by fill
	silent bool // the connection ended before any byte of an answer
	begun  bool // RESP has been framed: from here on a failure is an ABORT
	reuse  bool // the response leaves the connection fit for another exchange
}

// room is kept free in front of what is read: for RESP and what stands between it and content, or CHUNK and DATA.
const room = 64

var receivers = sync.Pool{New: func() any { return new(receiver) }}

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
	if err := r.begin(n); err != nil {
		return false, err
	}
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
			return 0, mixUp(r.buf.b[r.in:r.n], err)
		case n > 0 && r.resp.Status < 200 && r.resp.Status != 101:
			if err := r.info(n); err != nil {
				return 0, err
			}
			continue
		case n > 0 && r.resp.Status == 400 && bytes.Equal(r.buf.b[r.in:r.n], goSpeaksTLS):
			return 0, errSpeaksTLS
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

// goSpeaksTLS is what net/http's TLS server says to a request that is not encrypted, and no handler can say. Other servers' pages about that are passed on: they
// may come from behind the service.
var goSpeaksTLS = []byte("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")

// mixUp is err of a head that begins with p, unless that is what a TLS server says to a request that is not encrypted: an alert (RFC 8446, 5.1 and 6); or with what an HTTP/2
// server begins: SETTINGS, on the stream 0 (RFC 9113, 3.4 and 6.5).
func mixUp(p []byte, err error) error {
	switch {
	case len(p) > 1 && p[0] == 0x15 && p[1] == 3:
		return errSpeaksTLS
	case len(p) >= 9 && p[0] == 0 && p[1] == 0 && p[2]%6 == 0 && bytes.Equal(p[3:9], []byte{4, 0, 0, 0, 0, 0}):
		return errOnlyHTTP2
	}
	return err
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

// begin frames RESP: n bytes of head, moved a little to the left so that the header of the content behind it fits in between. It fails when
// the connection has been taken away: the response is not x's then.
func (r *receiver) begin(n int) error {
	l, x := r.l, r.x
	raw := r.buf.b[r.in : r.in+n]
	pin := x.pin || r.resp.Status == 401 && r.challengesConnection()
	r.frame = wire.Resp{Seq: x.seq, Head: raw, Connect: x.connect, Tries: x.tries}
	l.mu.Lock()
	if l.local != r.c {
		l.mu.Unlock()
		return net.ErrClosed
	}
	r.c.answers = true
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
	x.event.answered(r.resp.Status)
	if r.resp.Status >= 500 {
		x.bad.Store(true)
	}
	l.ep.health.answered()
	if x.tap.Records() {
		x.tap.ResponseHead(capture.Head{
			Status: r.resp.Status, Reason: text(r.resp.Reason), Bytes: raw, Wait: r.frame.Wait, Connect: x.connect, Tries: int(x.tries),
		})
	}
	if l.ep.host != nil {
		var err error
		if n, err = r.leadBack(n); err != nil {
			return err
		}
		r.frame.Head = r.buf.b[r.in : r.in+n]
	}
	shift := r.frameBody()
	r.reuse = !r.resp.Close && r.resp.Body != http1.BodyTunnel
	r.begun = true
	r.startHead(&r.frame, r.in-shift-wire.HeaderSize-wire.RespSize)
	r.in += n
	return nil
}

// frameBody says how the content comes, and returns how much room is to be in front of it.
func (r *receiver) frameBody() (room int) {
	switch r.resp.Body {
	case http1.BodyLength:
		r.frame.Body, r.frame.Length = wire.BodyLength, uint64(r.resp.Length)
	case http1.BodyChunked:
		r.frame.Body = wire.BodyUntil
		return chunkRoom
	case http1.BodyClose:
		r.frame.Body = wire.BodyUntil
	case http1.BodyTunnel:
		r.frame.Body = wire.BodyTunnel
		r.x.tunnel.Store(true)
		r.x.tap.Upgraded()
	}
	return wire.HeaderSize
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
