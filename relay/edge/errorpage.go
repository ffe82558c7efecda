package edge

import (
	"bytes"
	"net/http"

	"github.com/adit-tunnel/adit/errorpage"
	"github.com/adit-tunnel/adit/wire"
)

// refuse answers what was no request.
func (c *conn) refuse(t *turn, err error) {
	c.enter(phaseBusy) // a head that took too long had ended the phases with limits, and the page may find nobody who reads it
	t.q.ID, t.q.Start, t.q.Client = newID(c.s.now()), c.s.now(), c.peer
	t.minor, t.close, t.picked = 1, true, true
	if bytes.Contains(c.in.bytes(), []byte("text/html")) { // its fields were not read; that much is seen without
		t.format = errorpage.HTML
	}
	c.answerError(t, err)
	c.record(t)
}

// answerError answers a request that was not sent on.
func (c *conn) answerError(t *turn, err error) {
	var e ending
	if l, ok := err.(*local); ok {
		head, content := l.response()
		e = c.ownAnswer(t, l.status, head, content)
	} else {
		code, text := c.reason(err)
		e = c.errorPage(t, code, text)
	}
	if e == endGone {
		t.close, t.linger = true, false
	}
}

// errorPage writes the page for a code in the answer's place.
func (c *conn) errorPage(t *turn, code wire.Code, text string) ending {
	status, head, content := t.pageAnswer(code, text)
	return c.ownAnswer(t, status, head, content)
}

// ownAnswer writes an answer of ours; its head wants further lines. Afterwards the connection goes on if the request's content has been read.
func (c *conn) ownAnswer(t *turn, status int, head, content []byte) ending {
	if !c.uploading() {
		c.joinUpload(t)
	}
	if t.up.running || t.up.result != upWhole {
		t.close, t.linger = true, true
	}
	if c.s.stopping.Load() && !t.close {
		t.close, t.linger = true, true // another request may be on its way
	}
	t.res.Reset() // none of the service's lines count
	t.appendOwn(status, append(head, c.promise(t)...), content)
	if c.flush(t) != nil {
		return c.gone(t)
	}
	return endPage
}

// page words the code for this visitor.
func (t *turn) page(code wire.Code, detail string) *errorpage.Page {
	if (code == wire.CodeNoEndpoint || code == wire.CodeAgentGone && detail == "") && len(t.host) > 0 {
		// ngrok's client libraries look for these words, at a URL that is not served any more, too.
		detail = "Tunnel " + string(t.host) + " not found"
	}
	return errorpage.New(code, detail, string(appendID(nil, t.q.ID)))
}

// pageAnswer is the answer with the page for a code, in the format that the visitor prefers.
func (t *turn) pageAnswer(code wire.Code, text string) (status int, head, content []byte) {
	t.code = code
	p := t.page(code, text)
	t.pickFormat()
	head, content = p.Response(t.format)
	return p.Status, append(head, t.pageLines(p)...), content
}

// pageLines are the field lines that an error page needs.
func (t *turn) pageLines(p *errorpage.Page) string {
	if p.Status == http.StatusMethodNotAllowed {
		return "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" + t.more
	}
	return t.more
}

// appendOwn writes head and content into t.out.
func (t *turn) appendOwn(status int, head, content []byte) {
	t.status = status
	b := append(t.out, head...)
	switch {
	case t.close:
		b = append(b, "Connection: close\r\n"...)
	case t.keep:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	b = append(b, "\r\n"...)
	if !t.isHead {
		b = append(b, content...)
		t.sent = int64(len(content))
	}
	t.out = b
}
