package edge

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/relay/policy"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// ending is how an answer ended.
type ending uint8

const (
	endWhole ending = iota // all of it was written to the visitor
	endPage                // an error page was written instead
	endCut                 // cut after it had begun: FIN shows it, as a length or the last chunk is missing
	endReset               // cut, and only RST shows it
	endGone                // the visitor takes nothing any more
)

// exchange sends the request on and passes the answer back.
func (c *conn) exchange(begin context.Context, t *turn) {
	upload := !c.takeContent(t)
	if upload {
		t.pickFormat() // content is read into what the head lies in
	}
	x, err := t.ep.Upstream.Begin(begin, &t.q)
	if err != nil {
		if upload {
			c.skipContent(t)
		}
		t.refused(err)
		c.answerError(t, err)
		return
	}
	c.start(t, x, upload)
	c.settle(t, c.answer(t))
}

// takeContent makes content that has come whole with the head part of the request, so that both go on in one write. False: an uploader is needed.
func (c *conn) takeContent(t *turn) bool {
	if !t.hasContent() {
		return true
	}
	have := c.in.bytes()
	if t.body != http1.BodyLength || t.length > wire.MaxData || t.length > int64(len(have)) {
		return false
	}
	t.q.Content = have[:t.length]
	t.count.bytes[wire.KindHTTP].in.Add(uint64(t.length))
	c.in.r += int(t.length)
	return true
}

// start makes the exchange known to the sweeper, and begins the upload.
func (c *conn) start(t *turn, x registry.Exchange, upload bool) {
	t.x = x
	c.answered.Store(false)
	c.bare.Store(false)
	c.fin.Store(0)
	c.got.Store(!upload || c.in.len() > 0)
	c.unasked.Store(t.expect)
	c.began.Store(c.s.clock.Load())
	c.mu.Lock()
	c.x, c.verdict, c.kicked = x, wire.CodeNone, false
	c.mu.Unlock()
	if !upload {
		c.reader.Store(readerFree)
		return
	}
	c.startReader(t, c.uploader)
}

// startReader hands the visitor's side of the connection, and the inbox, to a goroutine that ends with readerDone.
func (c *conn) startReader(t *turn, f func()) {
	c.t = t
	t.up.running = true
	c.reader.Store(readerUpload)
	c.s.run(f)
}

// settle ends the exchange: nobody reads from the visitor any more when it returns, and the stream has been given back.
func (c *conn) settle(t *turn, e ending) {
	switch {
	case e == endWhole:
		c.awaitUpload(t)
	default:
		if t.up.running {
			t.close, t.linger = true, true
		}
		if e == endPage && !t.up.running {
			break
		}
		if e != endPage {
			t.close = true
		}
		c.abort(t.code)
		c.kick()
	}
	c.joinUpload(t)
	c.stopWatch()
	c.mu.Lock()
	x, verdict, kicked := c.x, c.verdict, c.kicked
	c.x, c.verdict = nil, wire.CodeNone
	c.mu.Unlock()
	if kicked {
		c.net.SetReadDeadline(time.Time{})
	}
	if e <= endPage && verdict == wire.CodeNone {
		x.Finish()
	} else {
		x.Abort(t.code)
	}
	t.x, c.t = nil, nil
	c.finishCut(t, e)
}

// finishCut makes a cut visible.
func (c *conn) finishCut(t *turn, e ending) {
	switch e {
	case endCut:
		c.torn = true
		t.close, t.linger = true, true
	case endReset:
		c.drain()
		c.reset()
		t.close, t.linger = true, false
	case endGone:
		c.sock.Close()
		t.close, t.linger = true, false
	}
}

// drain waits until the kernel has delivered what was written, because RST throws the rest away; a visitor that takes nothing is not waited for.
func (c *conn) drain() { deliver(c.net, 5*time.Second) }

func deliver(nc net.Conn, most time.Duration) {
	const step = 10 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	for waited := time.Duration(0); unsent(nc) > 0 && waited < most; waited += step {
		<-tick.C
	}
}

// kick ends a read of content that waits.
func (c *conn) kick() {
	c.mu.Lock()
	c.kicked = true
	c.net.SetReadDeadline(longAgo)
	c.mu.Unlock()
}

// awaitUpload lets an upload that is still under way after the whole answer go on while it moves (protocol, section 3, rule 5).
func (c *conn) awaitUpload(t *turn) {
	if !t.up.running {
		return
	}
	c.ended.Store(c.s.clock.Load())
	if t.expect && !c.got.Load() {
		c.kick() // refused before it began: nothing may come, or all of it
	}
	c.joinUpload(t)
	c.ended.Store(0)
	if t.up.result == upLeft {
		t.close, t.linger = true, true
	}
}

// joinUpload waits for the uploader.
func (c *conn) joinUpload(t *turn) {
	if t.up.running {
		<-c.upDone
		t.up.running = false
	}
}

// uploading says that content of the request may still be unread.
func (c *conn) uploading() bool { return c.reader.Load() == readerUpload }

// reason turns an error into a code and a detail for the visitor. What made us abort the exchange is the reason, whatever the error says.
func (c *conn) reason(err error) (wire.Code, string) {
	c.mu.Lock()
	verdict := c.verdict
	c.mu.Unlock()
	return c.s.reason(verdict, err)
}

func (s *Server) reason(verdict wire.Code, err error) (wire.Code, string) {
	if verdict != wire.CodeNone {
		return verdict, ""
	}
	code, text := codeOf(err)
	if code == wire.CodeVisitorGone && s.begin.Err() != nil {
		code = wire.CodeRelayStopping // who takes begin for the visitor's presence cannot know better
	}
	return code, text
}

// failure is the error of a code.
func failure(code wire.Code) error { return &registry.Error{Code: code} }

// codeOf turns an error into a code and a detail.
func codeOf(err error) (wire.Code, string) {
	var re *registry.Error
	var he *http1.Error
	var pe *wire.ProtocolError
	var rj *policy.Rejection
	switch {
	case errors.As(err, &rj):
		return rejectionCode(rj), ""
	case errors.As(err, &re):
		return re.Code, re.Text
	case errors.Is(err, registry.ErrNoEndpoint):
		return wire.CodeNoEndpoint, ""
	case errors.Is(err, registry.ErrAway):
		return wire.CodeAgentGone, ""
	case errors.As(err, &he):
		return requestCode(he), he.Reason
	case errors.As(err, &pe):
		return pe.Code, pe.Text
	}
	return wire.CodeInternal, ""
}

// requestCode is the code of a head that was not understood.
func requestCode(e *http1.Error) wire.Code {
	switch e.Status {
	case 405:
		return wire.CodeMethod
	case 431:
		return wire.CodeHeadTooLarge
	case 501:
		return wire.CodeTransferCoding
	case 505:
		return wire.CodeHTTPVersion
	}
	return wire.CodeBadRequest
}
