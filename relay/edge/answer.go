package edge

import (
	"fmt"
	"strconv"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// framing is how the visitor finds the end of the answer's content.
type framing uint8

const (
	downNone framing = iota
	downLength
	downChunks
	downClose  // HTTP/1.0: by the connection's end
	downTunnel // 101
)

// answer passes frames to the visitor until the exchange's END. What it gathers is written as soon as nothing more is at hand: nothing waits for a next
// frame.
func (c *conn) answer(t *turn) ending {
	for {
		if (len(t.out) > 0 || t.owed > 0) && !t.x.Buffered() {
			if c.flush(t) != nil {
				return c.gone(t)
			}
		}
		c.waiting.Store(c.s.clock.Load())
		f, err := t.x.Next()
		c.waiting.Store(0)
		if err != nil {
			return c.broken(t, err)
		}
		if f.Type == wire.FailType {
			return c.failed(t, f.Payload)
		}
		if err := c.take(t, f); err != nil {
			return c.broken(t, err)
		}
		switch {
		case f.Flags&wire.End != 0:
			if c.flush(t) != nil {
				return c.gone(t)
			}
			return endWhole
		case t.down == downTunnel:
			return c.tunnel(t)
		}
	}
}

// take handles one frame that is neither FAIL nor an error. An error is about the frame; a visitor that takes nothing is errGone.
func (c *conn) take(t *turn, f wire.Frame) error {
	switch f.Type {
	case wire.Data:
		return c.content(t, f)
	case wire.RespType:
		return c.head(t, f.Payload)
	case wire.InfoType:
		t.owed += wire.Cost(f)
		return c.interim(t, f.Payload)
	case wire.Chunk:
		t.owed += wire.Cost(f)
		return c.chunk(t, f.Payload)
	case wire.Trailers:
		t.owed += wire.Cost(f)
		return c.trailers(t, f.Payload)
	}
	return otherFrame(f)
}

// otherFrame is the error of a frame that is no part of an answer.
func otherFrame(f wire.Frame) error {
	if f.Type != wire.Abort {
		return failure(wire.CodeFrameOrder)
	}
	var a wire.AbortFrame
	if err := a.Decode(f.Payload); err != nil {
		return err
	}
	return &registry.Error{Code: a.Code, Delivered: true}
}

// badFraming is an answer whose head cannot be passed on: the agent is as much a stranger as the visitor.
func badFraming(text string) error {
	return &registry.Error{Code: wire.CodeBadFraming, Text: text, Delivered: true}
}

// interim passes a 1xx head on, to visitors that can read one (RFC 9110, 15.2). 100 goes only to one that waits for it.
func (c *conn) interim(t *turn, payload []byte) error {
	err := t.readInterim(payload)
	if err != nil || t.minor == 0 || t.res.Status == 100 && (!t.expect || c.got.Load()) {
		return err
	}
	if t.res.Status == 100 {
		c.ask()
	}
	t.out = t.res.Append(t.out, nil)
	return nil
}

// readInterim understands a 1xx head, and takes out of it what does not go on.
func (t *turn) readInterim(payload []byte) error {
	if err := t.info.Decode(payload); err != nil {
		return err
	}
	n, err := t.res.Parse(t.info.Head, false, false)
	switch {
	case err != nil:
		return badFraming(err.Error())
	case n == 0 || n != len(t.info.Head) || t.res.Status >= 200:
		return badFraming("an interim answer is not one 1xx head")
	}
	t.res.DropHopByHop(false)
	t.res.Drop("Adit-Error")
	return nil
}

// head takes the final answer's head, and puts it in front of the content.
func (c *conn) head(t *turn, payload []byte) error {
	if t.upgrade {
		c.stopWatch()
	}
	if err := t.readHead(payload); err != nil {
		return err
	}
	t.down = t.framing(t.resp.Body)
	t.res.DropHopByHop(t.down == downTunnel)
	c.decideClose(t)
	c.bare.Store(t.down == downClose || t.down == downTunnel)
	t.extra = append(t.answerLines(t.extra[:0]), c.promise(t)...)
	c.answered.Store(true)
	t.out = t.res.Append(t.out, t.extra)
	if t.upgrade && t.down != downTunnel {
		return c.declined(t)
	}
	return nil
}

// readHead understands the final answer's head, and checks it against its framing.
func (t *turn) readHead(payload []byte) error {
	a, r := &t.resp, &t.res
	if err := a.Decode(payload); err != nil {
		return err
	}
	n, err := r.Parse(a.Head, t.isHead, t.upgrade)
	switch {
	case err != nil:
		return badFraming(err.Error())
	case n == 0 || n != len(a.Head) || r.Status < 200 && r.Status != 101:
		return badFraming("an answer is not one final head")
	case !agree(r, a):
		return badFraming("the framing of an answer differs from its head")
	}
	t.status = r.Status
	if a.Flags&wire.RespMade != 0 {
		t.code = madeCode(r.Get("Adit-Error"))
	} else {
		r.Drop("Adit-Error")
	}
	return nil
}

// framing is how content of that kind goes to this visitor.
func (t *turn) framing(body wire.Body) framing {
	switch {
	case body == wire.BodyLength:
		return downLength
	case body == wire.BodyUntil && t.minor == 0:
		return downClose
	case body == wire.BodyUntil:
		return downChunks
	case body == wire.BodyTunnel:
		return downTunnel
	}
	return downNone
}

// agree says whether a head and what the agent says of its content are one message. A head without framing agrees with everything that can be appended.
func agree(r *http1.Response, a *wire.Resp) bool {
	switch a.Body {
	case wire.BodyNone:
		return r.Body == http1.BodyNone
	case wire.BodyLength:
		return r.Body == http1.BodyClose || r.Body == http1.BodyLength && uint64(r.Length) == a.Length
	case wire.BodyUntil:
		return r.Body == http1.BodyClose || r.Body == http1.BodyChunked
	case wire.BodyTunnel:
		return r.Body == http1.BodyTunnel
	}
	return false
}

// decideClose says whether this answer is the connection's last.
func (c *conn) decideClose(t *turn) {
	switch {
	case t.down == downTunnel:
		t.close = true
	case t.down == downClose:
		t.close = true
	case c.s.stopping.Load():
		t.close, t.linger = true, !t.close // another request may be on its way
	case t.expect && !c.got.Load(): // RFC 9110, 10.1.1: the content may come or not
		t.close = true
	case t.upgrade && c.in.len() > 0: // what came behind an upgrade that was declined is nobody's request
		t.close, t.linger = true, true
	}
}

// answerLines are the lines to splice into the head: the framing that is missing, and what becomes of the connection.
func (t *turn) answerLines(b []byte) []byte {
	r := &t.res
	if t.minor == 0 {
		r.Drop("Transfer-Encoding") // RFC 9112, 6.1
	}
	if r.Body == http1.BodyClose {
		switch t.down {
		case downLength:
			b = strconv.AppendUint(append(b, "Content-Length: "...), t.resp.Length, 10)
			b = append(b, "\r\n"...)
		case downChunks:
			b = append(b, "Transfer-Encoding: chunked\r\n"...)
		}
	}
	switch {
	case t.down == downTunnel:
	case t.close:
		b = append(b, "Connection: close\r\n"...)
	case t.keep:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return b
}

// madeCode reads the number in "ADIT-2001 LOCAL_REFUSED".
func madeCode(v []byte) wire.Code {
	const prefix = "ADIT-"
	n := 0
	if len(v) < len(prefix) || string(v[:len(prefix)]) != prefix {
		return wire.CodeNone
	}
	for _, d := range v[len(prefix):] {
		if d < '0' || d > '9' || n > 9999 {
			break
		}
		n = n*10 + int(d-'0')
	}
	return wire.Code(n)
}

// failed is FAIL: the agent says why there is no answer.
func (c *conn) failed(t *turn, payload []byte) ending {
	var f wire.Fail
	if err := f.Decode(payload); err != nil {
		return c.broken(t, err)
	}
	if c.answered.Load() {
		return c.broken(t, &registry.Error{Code: f.Code})
	}
	code, text := shown(&f)
	return c.errorPage(t, code, text)
}

// shown is what a visitor is told of FAIL.
func shown(f *wire.Fail) (wire.Code, string) {
	if f.Code == wire.CodeNone || f.Code.Info().Status == 0 { // says nothing to a visitor
		return wire.CodeAgentAborted, fmt.Sprintf("agent: %s: %s", f.Code, f.Text)
	}
	return f.Code, f.Text
}

// broken ends an exchange that is not whole. Before the answer has begun there is a page; after it, what came is delivered and the cut is made visible.
func (c *conn) broken(t *turn, err error) ending {
	if err == errGone {
		return c.gone(t)
	}
	code, text := c.reason(err)
	c.abort(code)
	if !c.answered.Load() {
		if code == wire.CodeVisitorGone || code == wire.CodeReaderTimeout {
			t.code = code
			return endGone
		}
		if code == wire.CodeBadRequest && t.up.err != nil { // set before the abort that brought us here
			text = t.up.err.Error()
		}
		return c.errorPage(t, code, text)
	}
	t.code = code
	if c.flush(t) != nil {
		return c.gone(t)
	}
	if t.down == downClose || t.down == downTunnel {
		return endReset
	}
	return endCut
}

// gone ends an exchange whose visitor takes nothing any more.
func (c *conn) gone(t *turn) ending {
	c.abort(wire.CodeVisitorGone)
	t.code, _ = c.reason(&registry.Error{Code: wire.CodeVisitorGone}) // there is no verdict where there is no exchange
	return endGone
}
