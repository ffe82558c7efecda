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
	code, text := c.reason(err)
	if c.errorPage(t, code, text) == endGone {
		t.close, t.linger = true, false
	}
}

// errorPage writes the page for a code in the answer's place. Afterwards the connection goes on if the request's content has been read.
func (c *conn) errorPage(t *turn, code wire.Code, text string) ending {
	if !c.uploading() {
		c.joinUpload(t)
	}
	if t.up.running || t.up.result != upWhole {
		t.close, t.linger = true, true
	}
	if c.s.stopping.Load() && !t.close {
		t.close, t.linger = true, true // another request may be on its way
	}
	t.code = code
	t.pickFormat()
	t.appendPage(t.page(code, text))
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

// appendPage writes head and page into t.out.
func (t *turn) appendPage(p *errorpage.Page) {
	t.status = p.Status
	head, content := p.Response(t.format)
	b := append(t.out, head...)
	if p.Status == http.StatusMethodNotAllowed {
		b = append(b, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"...)
	}
	b = append(b, t.more...)
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
