package edge

import (
	"sync"
	"time"

	"github.com/adit-tunnel/adit/errorpage"
	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/relay/policy"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// keepBuffer is how big a buffer of a turn may be and still wait for the next one.
const keepBuffer = 16 << 10

// turn is what one request and its answer need. Turns are pooled, so that an idle connection holds none.
type turn struct {
	req    http1.Request
	res    http1.Response
	resp   wire.Resp
	info   wire.Info
	q      registry.Request
	x      registry.Exchange
	ep     *registry.Endpoint
	chunks http1.Chunks
	facts  policy.Facts
	count  *counters

	head  []byte // the request's head as it goes on
	extra []byte // lines to splice in
	host  []byte // canonical
	line  []byte // method, path, then the log line
	mlen  int    // of the method in line
	plen  int    // of the path in line, behind it

	isHead  bool // HEAD
	minor   int  // the visitor's HTTP/1.x
	keep    bool // HTTP/1.0 that asked for keep-alive
	close   bool // the connection ends after this turn
	linger  bool // … with bytes of the visitor's unread, or perhaps on their way
	expect  bool // Expect: 100-continue, and content to come
	upgrade bool
	body    http1.Body // of the request
	length  int64
	format  errorpage.Format // of an error page, once picked
	picked  bool
	more    string // field lines that an error page must have

	up upload

	out    []byte // what goes to the visitor with the next write
	vec    [3][]byte
	bufs   [][]byte
	owed   int // cost of what is in out
	down   framing
	open   uint64 // what is left of the chunk the answer is in
	status int
	sent   int64 // content bytes written to the visitor
	code   wire.Code
}

var turns = sync.Pool{New: func() any {
	t := new(turn)
	t.res.Wire = true
	return t
}}

// release gives a turn back. Nothing may use it any more.
func (t *turn) release() {
	t.req.Reset()
	t.res.Reset()
	t.chunks.Reset()
	*t = turn{
		req: t.req, res: t.res, chunks: t.chunks,
		head: kept(t.head), extra: kept(t.extra), host: kept(t.host), line: kept(t.line), out: kept(t.out),
	}
	turns.Put(t)
}

func kept(b []byte) []byte {
	if cap(b) > keepBuffer {
		return nil
	}
	return b[:0]
}

// note keeps what the log and error pages need of the request, whose head is overwritten when content is read.
func (t *turn) note() {
	r := &t.req
	t.line = append(append(t.line[:0], r.Method...), pathOf(r.Path)...)
	t.mlen, t.plen = len(r.Method), len(t.line)-len(r.Method)
	t.isHead = string(r.Method) == "HEAD"
	t.minor, t.close = r.Minor, r.Close
	t.keep = r.Minor == 0 && !r.Close
	t.body, t.length = r.Body, r.Length
	t.expect = r.Expect && t.hasContent()
	t.upgrade = r.Upgrade
}

// pickFormat reads what an error page would be written as, while the head is still there.
func (t *turn) pickFormat() {
	if !t.picked {
		t.picked, t.format = true, errorpage.FormatOf(t.req.Get("Accept"))
	}
}

func (t *turn) hasContent() bool {
	return t.body == http1.BodyChunked || t.body == http1.BodyLength && t.length > 0
}

// pathOf leaves the query out: it may hold secrets.
func pathOf(target []byte) []byte {
	for i, c := range target {
		if c == '?' {
			return target[:i]
		}
	}
	return target
}

// httpVersion writes a version of wire.Req.
func httpVersion(v uint8) string {
	switch v {
	case 0x10:
		return "1.0"
	case 0x11:
		return "1.1"
	case 0x20:
		return "2"
	}
	return "-" // no head was understood
}

// logLine is the access log's line (logfmt), behind method and path in t.line. Bytes of strangers are escaped.
func (t *turn) logLine(now time.Time) []byte {
	n := t.mlen + t.plen
	method, path := t.line[:t.mlen], t.line[t.mlen:n]
	b := append(t.line, "time="...)
	b = now.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = appendID(append(b, " id="...), t.q.ID)
	b = t.q.Client.AppendTo(append(b, " client="...))
	b = append(append(b, " http="...), httpVersion(t.q.Version)...)
	b = appendWord(append(b, " method="...), method)
	b = appendWord(append(b, " host="...), t.host)
	b = appendQuoted(append(b, " path="...), path)
	b = appendInt(append(b, " status="...), int64(t.status))
	b = appendInt(append(b, " bytes="...), t.sent)
	b = appendMillis(append(b, " duration="...), now.Sub(t.q.Start))
	b = append(b, " endpoint="...)
	if t.ep == nil {
		b = append(b, '-')
	} else {
		b = appendWord(b, []byte(t.ep.Name))
	}
	b = append(b, " code="...)
	if t.code == wire.CodeNone {
		b = append(b, '-')
	} else {
		b = append(b, t.code.Info().Name...)
	}
	t.line = append(b, '\n')
	return t.line[n:]
}
