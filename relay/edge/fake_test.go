package edge

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// fakeUpstream plays session and agent: script is run for every exchange on a goroutine of its own.
type fakeUpstream struct {
	t      testing.TB
	script func(x *fakeExchange)
	fail   error           // what Begin returns, when set
	credit <-chan struct{} // when set, Send waits for it
	queue  int             // how many frames of an upload it holds; 0: 65,536
	wg     sync.WaitGroup

	mu       sync.Mutex
	all      []*fakeExchange
	attached map[uint64]bool // open connections
	counted  int
	turned   []string // visitors
}

var _ registry.Upstream = (*fakeUpstream)(nil)

func (u *fakeUpstream) Begin(ctx context.Context, r *registry.Request) (registry.Exchange, error) {
	if u.fail != nil {
		return nil, u.fail
	}
	if ctx.Err() != nil {
		return nil, &registry.Error{Code: wire.CodeVisitorGone}
	}
	x := &fakeExchange{t: u.t, ctx: ctx, req: *r, credit: u.credit, stopped: make(chan struct{}), ended: make(chan struct{}), up: make(chan frame, cmp.Or(u.queue, 1<<16))}
	x.req.Head, x.req.Content = bytes.Clone(r.Head), bytes.Clone(r.Content)
	x.more = sync.NewCond(&x.mu)
	u.mu.Lock()
	u.all = append(u.all, x)
	u.mu.Unlock()
	context.AfterFunc(ctx, func() { x.end(wire.CodeVisitorGone, wire.CodeVisitorGone) })
	u.wg.Add(1)
	go func() {
		defer u.wg.Done()
		u.script(x)
	}()
	return x, nil
}

func (u *fakeUpstream) Attach(conn uint64, count bool) func() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.attached[conn] = count
	if count {
		u.counted++
	}
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.attached, conn)
	}
}

// seats is how many connections are attached, and how many were counted.
func (u *fakeUpstream) seats() (attached, counted int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.attached), u.counted
}

func (u *fakeUpstream) Load() int { return 0 }

func (u *fakeUpstream) TurnedAway(v registry.Visitor) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turned = append(u.turned, fmt.Sprintf("%s %s %s%s %s %s", v.Client, v.Method, v.Host, v.Path, v.Code, v.Reason))
}

// exchanges returns those begun so far.
func (u *fakeUpstream) exchanges() []*fakeExchange {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]*fakeExchange(nil), u.all...)
}

// frame is a frame with a payload of its own.
type frame struct {
	typ     wire.Type
	end     bool
	payload []byte
}

func (f frame) String() string {
	s := fmt.Sprintf("%x", uint8(f.typ))
	switch f.typ {
	case wire.Data:
		s = fmt.Sprintf("DATA %q", f.payload)
		if len(f.payload) > 64 {
			s = fmt.Sprintf("DATA %d", len(f.payload))
		}
	case wire.Chunk:
		s = fmt.Sprintf("CHUNK %d", binary.BigEndian.Uint64(f.payload))
	case wire.Trailers:
		s = fmt.Sprintf("TRAILERS %q", f.payload)
	}
	if f.end {
		s += " END"
	}
	return s
}

// fakeExchange records what the edge does and answers with what the script says.
type fakeExchange struct {
	t       testing.TB
	ctx     context.Context // of Begin
	req     registry.Request
	credit  <-chan struct{}
	up      chan frame // what the visitor sent
	stopped chan struct{}
	ended   chan struct{} // Finish or Abort was called

	mu       sync.Mutex
	more     *sync.Cond
	queue    [][]byte // frames for the visitor
	owed     int      // cost of frames handed out and not taken
	dead     error
	code     wire.Code // of Abort
	aborted  bool
	finished bool
	noMore   bool // STOP
	idle     bool // buffers were given back

	proven atomic.Bool
}

var _ registry.Exchange = (*fakeExchange)(nil)

func (x *fakeExchange) Next() (wire.Frame, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.queue) == 0 && x.dead == nil {
		x.more.Wait()
	}
	if x.dead != nil && (x.aborted || len(x.queue) == 0) {
		return wire.Frame{}, x.dead
	}
	p := x.queue[0]
	x.queue = x.queue[1:]
	f := wire.Frame{Type: wire.Type(p[0] & 0x1f), Flags: wire.Flags(p[0] & 0xe0), Payload: p[wire.HeaderSize:]}
	x.owed += wire.Cost(f)
	return f, nil
}

func (x *fakeExchange) Buffered() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.queue) > 0 || x.dead != nil
}

// An unproven visitor is waited for, whatever has come.
func (x *fakeExchange) Unproven() bool { return !x.proven.Load() }

func (x *fakeExchange) Idle() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.idle = true
}

// heldBack says that buffers were given back while what came is not taken yet, and more waits.
func (x *fakeExchange) heldBack() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.idle && x.owed > 0 && len(x.queue) > 0
}

func (x *fakeExchange) Took(cost int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.owed -= cost; x.owed < 0 {
		x.t.Errorf("more taken than came: %d", -x.owed)
	}
}

func (x *fakeExchange) Send(p []byte, cost int, last bool) error {
	if x.credit != nil {
		<-x.credit
	}
	x.mu.Lock()
	noMore, dead := x.noMore, x.dead
	x.mu.Unlock()
	switch {
	case noMore:
		return wire.ErrStopped
	case dead != nil:
		return dead
	}
	sum, end := 0, false
	for len(p) > 0 {
		h := binary.BigEndian.Uint32(p)
		n := int(h & 0xffffff)
		f := wire.Frame{Type: wire.Type(h >> 24 & 0x1f), Flags: wire.Flags(h >> 24 & 0xe0), Payload: p[4 : 4+n]}
		sum += wire.Cost(f)
		if end {
			x.t.Errorf("a frame behind END: %x", p)
		}
		end = f.Flags&wire.End != 0
		x.up <- frame{f.Type, end, bytes.Clone(f.Payload)}
		p = p[4+n:]
	}
	if sum != cost || end != last || cost > wire.FirstLimit/2 {
		x.t.Errorf("Send says cost %d last %v, the frames say %d %v", cost, last, sum, end)
	}
	return nil
}

func (x *fakeExchange) Stopped() <-chan struct{} { return x.stopped }

func (x *fakeExchange) Finish() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.aborted && x.ctx.Err() != nil {
		return // the context was first
	}
	if x.finished || x.aborted {
		x.t.Error("Finish of an exchange that is over")
	}
	if x.owed != 0 {
		x.t.Errorf("%d bytes of credit were never given back", x.owed)
	}
	x.finished = true
	close(x.ended)
}

func (x *fakeExchange) Abort(code wire.Code) { x.end(code, wire.CodeLinkLost) }

// end aborts; heard is what Next says then.
func (x *fakeExchange) end(code, heard wire.Code) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.finished || x.aborted {
		return
	}
	x.aborted, x.code = true, code
	x.die(&registry.Error{Code: heard})
	close(x.ended)
}

// die lets Next fail once the queue is empty. x.mu is held.
func (x *fakeExchange) die(err error) {
	if x.dead == nil {
		x.dead = err
		x.closeStopped()
		x.more.Broadcast()
	}
}

func (x *fakeExchange) closeStopped() {
	select {
	case <-x.stopped:
	default:
		close(x.stopped)
	}
}

// --- what scripts use ---

func (x *fakeExchange) put(frames ...[]byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.queue = append(x.queue, frames...)
	x.more.Broadcast()
}

func flag(end bool) wire.Flags {
	if end {
		return wire.End | wire.Taken
	}
	return 0
}

func respFrame(head string, body wire.Body, length int, end bool) []byte {
	a := wire.Resp{Seq: 1, Body: body, Length: uint64(length), Head: []byte(head)}
	return a.Append(nil, flag(end))
}

func dataFrame(s string, end bool) []byte {
	return append(wire.AppendHeader(nil, wire.Data, flag(end), len(s)), s...)
}

// respond answers with a head of its own and content of known length.
func (x *fakeExchange) respond(head, content string) {
	if content == "" {
		x.put(respFrame(head, wire.BodyLength, 0, true))
		return
	}
	x.put(respFrame(head, wire.BodyLength, len(content), false), dataFrame(content, true))
}

func (x *fakeExchange) ok(content string) {
	x.respond(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(content)), content)
}

func (x *fakeExchange) info(head string) {
	i := wire.Info{Seq: 1, Head: []byte(head)}
	x.put(i.Append(nil))
}

func (x *fakeExchange) failWith(code wire.Code, text string) {
	f := wire.Fail{Seq: 1, Code: code, Text: text}
	x.put(f.Append(nil, true))
}

func (x *fakeExchange) abortWith(code wire.Code) {
	a := wire.AbortFrame{Seq: 1, Code: code}
	x.put(a.Append(nil))
}

// lose is what a lost link looks like.
func (x *fakeExchange) lose() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.die(&registry.Error{Code: wire.CodeLinkLost, Delivered: true})
}

// stop is the agent's STOP.
func (x *fakeExchange) stop() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.noMore = true
	x.closeStopped()
}

// upload reads frames up to END, or the exchange's end.
func (x *fakeExchange) upload() (frames []string, content string) {
	if x.req.Content != nil {
		return nil, string(x.req.Content)
	}
	var b bytes.Buffer
	for {
		f, ok := x.recv()
		if !ok {
			return append(frames, "over"), b.String()
		}
		frames = append(frames, f.String())
		if f.typ == wire.Data {
			b.Write(f.payload)
		}
		if f.end {
			return frames, b.String()
		}
	}
}

// recv returns the next frame from the visitor; false: the exchange is over and there is none.
func (x *fakeExchange) recv() (frame, bool) {
	select {
	case f := <-x.up:
		return f, true
	case <-x.ended:
	}
	select {
	case f := <-x.up:
		return f, true
	default:
		return frame{}, false
	}
}

// over waits for Finish (CodeNone) or Abort.
func (x *fakeExchange) over() (code wire.Code, finished bool) {
	select {
	case <-x.ended:
	case <-time.After(patience):
		x.t.Error("the exchange was never ended")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.code, x.finished
}
