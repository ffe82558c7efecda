package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// maxContent is how much content may come with Begin: all of it is held until the answer begins, and it fits the first credit. So is, as far as it goes,
	// what is sent later.
	maxContent = 64 << 10

	// oneWrite is the largest smux frame: what is longer is written frame by frame, so that no short frame is cut.
	oneWrite = 32 << 10

	// keptBuffer is the largest buffer that is kept for other requests.
	keptBuffer = 160 << 10
)

// request is a public request, or connection, as frames: REQ, and DATA when its content is whole in hand. It is held until the answer begins, so that it can
// be sent again, and it carries Begin's context for that, because the exchange's Next, which sends it again, has none.
type request struct {
	kind     wire.Kind
	ctx      context.Context
	wait     context.Context // as long as it may wait: ctx, until the caller gives it up between two streams
	conn     uint64
	visitor  netip.Addr // whom credit is counted for
	frames   []byte
	cost     int  // credit that the content takes
	ends     bool // frames hold the request's END
	whole    bool // frames hold all that was sent of it
	upgrade  bool
	harmless bool // it may be sent once more even if it may have been delivered
	tainted  bool // a write of frames failed: smux may still hold them
	tries    int

	req wire.Req
}

var requests = sync.Pool{New: func() any { return new(request) }}

// newRequest makes the frames of r, which is not needed any more then. Errors are *registry.Error.
func newRequest(ctx context.Context, r *registry.Request) (*request, error) {
	upgrade := r.Flags&wire.ReqUpgrade != 0
	if err := sane(r, upgrade); err != nil {
		return nil, err
	}
	q := requests.Get().(*request)
	q.kind, q.ctx, q.wait, q.conn, q.upgrade = r.Kind, ctx, ctx, r.Conn, upgrade
	q.cost, q.tries, q.tainted, q.harmless = 0, 0, false, r.Idempotent
	q.visitor = r.Client.Addr()
	if r.Many {
		q.visitor = netip.Addr{}
	}
	q.req = wire.Req{
		Flags: r.Flags, Version: r.Version, Body: r.Body, Length: r.Length, ID: r.ID, Start: r.Start, Conn: r.Conn,
		Client: r.Client, ServerPort: r.ServerPort, Ext: r.Ext, Head: r.Head,
	}
	var f wire.Flags
	empty := r.Body == wire.BodyNone && !upgrade || r.Body == wire.BodyLength && r.Length == 0
	if empty {
		f = wire.End
	}
	q.ends = empty || len(r.Content) > 0
	q.whole = true
	q.frames = q.req.Append(q.frames[:0], f)
	q.req.Head, q.req.Ext = nil, nil
	q.append(r.Content)
	return q, nil
}

func sane(r *registry.Request, upgrade bool) error {
	n := uint64(len(r.Content))
	switch {
	case len(r.Head) > wire.MaxHead:
		return &registry.Error{Code: wire.CodeHeadTooLarge}
	case len(r.Ext) > wire.MaxExt:
		return &registry.Error{Code: wire.CodeInternal, Text: fmt.Sprintf("%d bytes of ext came with a request", len(r.Ext))}
	case r.Kind != wire.KindHTTP && (r.Body != wire.BodyUntil || len(r.Head) > 0 || upgrade):
		return &registry.Error{Code: wire.CodeInternal, Text: "a connection with a head, or with content of a known length"}
	case n > maxContent || n > 0 && (r.Body != wire.BodyLength || n != r.Length):
		return &registry.Error{Code: wire.CodeInternal, Text: fmt.Sprintf("%d bytes of content came with a request of %d", n, r.Length)}
	case upgrade && r.Body != wire.BodyNone:
		return &registry.Error{Code: wire.CodeInternal, Text: "an upgrade with a body"}
	}
	return nil
}

// append adds content as DATA frames, the last one with END.
func (q *request) append(content []byte) {
	for len(content) > 0 {
		n := min(len(content), wire.MaxData)
		var f wire.Flags
		if n == len(content) {
			f = wire.End
		}
		q.frames = wire.AppendHeader(q.frames, wire.Data, f, n)
		q.frames = append(q.frames, content[:n]...)
		q.cost += n + wire.FrameCost
		content = content[n:]
	}
}

// keep keeps content that is about to be sent behind the head, as long as that is not too much, so that all of it can be sent again. False: it is not kept. A
// nil q keeps nothing: an answer has begun.
func (q *request) keep(p []byte, cost int, last bool) bool {
	if q == nil || !q.whole {
		return false
	}
	if q.cost+cost > maxContent {
		q.whole = false
		return false
	}
	q.frames = append(q.frames, p...)
	q.cost += cost
	q.ends = q.ends || last
	return true
}

// write sends the request as exchange seq of w, in one write if it fits one.
func (q *request) write(w *wire.Stream, seq uint32) error {
	if q.tainted {
		q.frames, q.tainted = bytes.Clone(q.frames), false
	}
	binary.BigEndian.PutUint32(q.frames[wire.HeaderSize:], seq)
	if q.cost > 0 && !w.TryCredit(q.cost) {
		return &wire.ProtocolError{Code: wire.CodeInternal, Text: "the first credit does not hold what came with the request"}
	}
	err := writeFrames(q.frames, w.Write)
	q.tainted = q.tainted || err != nil
	return err
}

// drop gives q back. Nobody may use it any more.
func (q *request) drop() {
	if q.tainted || cap(q.frames) > keptBuffer {
		return
	}
	q.ctx, q.wait = nil, nil
	requests.Put(q)
}

// writeFrames hands p to write in one piece if that is one smux frame, else frame by frame.
func writeFrames(p []byte, write func([]byte) error) error {
	if len(p) <= oneWrite {
		return write(p)
	}
	for len(p) > 0 {
		n := frameSize(p)
		if err := write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// frameSize is the size of the first frame of p, its header included.
func frameSize(p []byte) int {
	return min(wire.HeaderSize+int(binary.BigEndian.Uint32(p)&0xffffff), len(p))
}
