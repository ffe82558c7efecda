package agent

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/errorpage"
	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
	"github.com/google/uuid"
)

// requests are parsed heads' field arrays; a lane needs one only while it reads a head.
var requests = sync.Pool{New: func() any { return &http1.Request{Head: http1.Head{Wire: true}} }}

// exchange forwards one exchange's request; it returns when that has been read to its end. f is what came where a REQ must.
func (l *lane) exchange(ctx context.Context, f wire.Frame) error {
	x, err := l.accept(f)
	if err != nil {
		return err
	}
	if code := l.refusal(); code != wire.CodeNone {
		l.link.Begin(x.seq, x.client.Addr())
		return l.refuse(x, code)
	}
	if l.probe {
		l.link.Begin(x.seq, x.client.Addr())
		return l.answerProbe(x)
	}
	err = l.prepare(x)
	if err != nil {
		return err
	}
	l.link.Begin(x.seq, x.client.Addr())
	if err := l.attach(ctx, x); err != nil {
		if l.isDead() {
			return err
		}
		if err := l.skipBuffered(ctx, x); err != nil {
			return err
		}
		if err := l.answerFailure(x, false, explain(err, l.ep)); err != nil {
			return err
		}
	}
	return l.upload(ctx, x)
}

// accept checks a REQ and begins its exchange.
func (l *lane) accept(f wire.Frame) (*exchange, error) {
	if f.Type != wire.ReqType {
		return nil, &wire.ProtocolError{Code: wire.CodeFrameOrder, Text: "something else where a request must begin"}
	}
	q := &l.q
	if err := q.Decode(f.Payload); err != nil {
		return nil, err
	}
	if q.Seq != l.seq+1 {
		return nil, &wire.ProtocolError{Code: wire.CodeBadSeq, Text: "a request out of sequence"}
	}
	l.mu.Lock()
	early := l.seq > 0 && !l.xs[l.seq&1].downDone
	l.mu.Unlock()
	if early {
		return nil, &wire.ProtocolError{Code: wire.CodeFrameOrder, Text: "a request before the response to the last one has ended"}
	}
	if !l.beginSeq(q.Seq) {
		return nil, errGivenUp
	}
	l.seq++
	if err := l.startContent(f.Flags&wire.End != 0); err != nil {
		return nil, err
	}
	x := &l.xs[l.seq&1]
	*x = exchange{seq: q.Seq, id: q.ID, begin: time.Now(), conn: q.Conn, client: q.Client}
	x.upgrade = q.Flags&wire.ReqUpgrade != 0
	x.upRead.Store(l.content.Done())
	return x, nil
}

// startContent sets up the check of what follows the REQ. With UPGRADE that is nothing, or bytes for the tunnel.
func (l *lane) startContent(end bool) error {
	if l.kind == wire.KindTCP || l.kind == wire.KindTLS {
		if l.q.Body != wire.BodyUntil || len(l.q.Head) > 0 || l.q.Flags&wire.ReqUpgrade != 0 {
			return &wire.ProtocolError{Code: wire.CodeBadFraming, Text: "a connection with a head, or with content of a known length"}
		}
		return l.content.Start(wire.BodyTunnel, 0, end) // bytes, without chunks and trailers
	}
	if l.q.Flags&wire.ReqUpgrade == 0 {
		return l.content.Start(l.q.Body, l.q.Length, end)
	}
	if end || l.q.Body != wire.BodyNone {
		return &wire.ProtocolError{Code: wire.CodeBadFraming, Text: "an upgrade with content or END"}
	}
	l.content.StartUpgrade()
	return nil
}

// refusal says why an exchange must not be begun at all; CodeNone: it may.
func (l *lane) refusal() wire.Code {
	switch {
	case l.eng.stopping.Load() && !l.probe:
		return wire.CodeAgentStopping
	case l.bind == nil || l.bind.closed.Load():
		return wire.CodeBadHandle
	case !l.roomy && !l.takeRoom():
		return wire.CodeAgentBusy
	}
	return wire.CodeNone
}

// takeRoom takes what a lane needs of the memory, when its first exchange begins or the next one that finds some.
func (l *lane) takeRoom() bool {
	l.roomy = l.probe || l.eng.means.memory.Take(laneCost)
	return l.roomy
}

// prepare reads the head, writes what the local service shall get of it into l.up, and opens the exchange in the books.
func (l *lane) prepare(x *exchange) error {
	l.req = requests.Get().(*http1.Request)
	defer func() {
		l.req.Reset()
		requests.Put(l.req)
		l.req = nil
	}()
	n, err := l.req.Parse(l.q.Head)
	if err == nil && (n == 0 || n != len(l.q.Head)) {
		err = errPartialHead
	}
	if err != nil {
		return &wire.ProtocolError{Code: wire.CodeBadFraming, Text: "a request head that cannot be read: " + err.Error()}
	}
	missing, err := l.missingFraming()
	if err != nil {
		return err
	}
	x.head = string(l.req.Method) == "HEAD"
	if x.head != (l.q.Flags&wire.ReqHead != 0) || x.upgrade && !l.req.Upgrade {
		return &wire.ProtocolError{Code: wire.CodeBadFraming, Text: "a request head that its flags contradict"}
	}
	switch string(l.req.Method) {
	case "GET", "HEAD", "OPTIONS":
		x.repeat = l.q.Body == wire.BodyNone && !x.upgrade
	}
	x.format = errorpage.FormatOf(l.req.Get("Accept"))
	x.pin = authenticatesConnection(l.req.Get("Authorization"))
	if l.ep.host != nil {
		x.public = l.asked()
	}
	if l.ep.up.proxy != 0 {
		x.server = serverOf(&l.q)
	}
	l.up.begin(l.q.Body == wire.BodyUntil)
	l.writeHead(missing)
	l.enter(x)
	return nil
}

var errPartialHead = &http1.Error{Status: 400, Reason: "it has no end, or something behind it"}

// missingFraming compares the head's framing lines with the frame, which decides, and returns the line that must be added.
func (l *lane) missingFraming() (line string, err error) {
	head, q := l.req, &l.q
	switch {
	case q.Body == wire.BodyNone && head.Body == http1.BodyNone:
		return "", nil
	case q.Body == wire.BodyLength && head.Body == http1.BodyNone && !head.Upgrade:
		return "Content-Length: " + strconv.FormatUint(q.Length, 10) + "\r\n", nil
	case q.Body == wire.BodyLength && head.Body == http1.BodyLength && uint64(head.Length) == q.Length:
		return "", nil
	case q.Body == wire.BodyUntil && head.Body == http1.BodyNone && !head.Upgrade:
		return "Transfer-Encoding: chunked\r\n", nil
	case q.Body == wire.BodyUntil && head.Body == http1.BodyChunked:
		return "", nil
	}
	return "", &wire.ProtocolError{Code: wire.CodeBadFraming, Text: "a request head that its framing contradicts"}
}

// writeHead puts the head into l.up as it came, but for Host and the missing line.
func (l *lane) writeHead(missing string) { l.up.out = appendHead(l.up.out, l.req, l.ep.host, missing) }

// appendHead writes a head as it came, but for the value of Host, unless that is nil, and the missing line.
func appendHead(out []byte, head *http1.Request, host []byte, missing string) []byte {
	raw := head.Raw
	if host == nil {
		out = append(out, raw[:len(raw)-2]...)
	} else {
		out = append(out, raw[:bytes.IndexByte(raw, '\n')+1]...)
		for _, f := range head.Fields {
			if len(f.Name) != len("Host") || !bytes.EqualFold(f.Name, []byte("Host")) {
				out = append(out, f.Line...)
				continue
			}
			out = append(append(out, f.Name...), ": "...)
			out = append(append(out, host...), "\r\n"...)
		}
	}
	return append(append(out, missing...), "\r\n"...)
}

// hostValue is what Host says to the local service.
func (l *lane) hostValue() []byte {
	if l.ep.host != nil {
		return l.ep.host
	}
	return l.req.Host
}

// hostText is hostValue as a string, mostly the same as for the exchange before.
func (l *lane) hostText() string {
	if h := l.hostValue(); string(h) != l.host {
		l.host = string(h)
	}
	return l.host
}

// skipBuffered reads on as long as nothing must be waited for, so that the END of a small request is known before its answer is made.
func (l *lane) skipBuffered(ctx context.Context, x *exchange) error {
	l.up.c = nil
	for !l.content.Done() && l.link.Buffered() {
		if err := l.next(ctx, x); err != nil {
			return err
		}
	}
	if l.content.Done() {
		l.endUp(x)
	}
	return nil
}

func exchangeID(id [16]byte) inspect.ID { return inspect.ID(uuid.UUID(id).String()) }

// authenticatesConnection says whether credentials or a challenge are of a scheme that authenticates the connection, not the request.
func authenticatesConnection(value []byte) bool {
	scheme, _, _ := bytes.Cut(value, []byte(" "))
	switch len(scheme) {
	case len("NTLM"):
		return bytes.EqualFold(scheme, []byte("NTLM"))
	case len("Negotiate"):
		return bytes.EqualFold(scheme, []byte("Negotiate"))
	}
	return false
}
