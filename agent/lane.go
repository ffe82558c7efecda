package agent

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// link is what a lane forwards: a stream of the relay's, or the memory of a replay. Next, Buffered, Idle, Await, Begin and Took belong to goroutine
// A; Write, WriteContent and the three of credit to whoever owns the response; the rest to anyone. wire.Stream documents them.
type link interface {
	Handle(h wire.Handler)
	Next() (wire.Frame, error)
	Buffered() bool
	Idle()
	Await()
	Begin(seq uint32, visitor netip.Addr)
	Took(cost int)
	Write(p []byte) error
	WriteContent(p []byte, cost int) error
	TryCredit(cost int) bool
	HasCredit(cost int) bool
	AwaitCredit(cost int) error
	SendStop(seq uint32)
	SendReset(seq uint32, code wire.Code)
	Close()
}

var (
	_ link         = (*wire.Stream)(nil)
	_ wire.Handler = (*lane)(nil)
)

// binding is an endpoint under one handle of one session.
type binding struct {
	ep     *endpoint
	handle uint32
	blind  bool        // it was asked for without a ticket
	wish   *wire.Bind  // what was asked for
	closed atomic.Bool // unbound, refused or superseded: what comes for it was not for us

	// Guarded by session.mu.
	gone  bool   // the relay has it no more
	epoch string // it was bound with
	open  int64  // public connections, as the relay has reported them last
}

// lane forwards the exchanges of one stream, one after another, over one local connection at a time.
//
// Two goroutines work it. A (run) reads the stream and writes to the local connection. B (serve) lives as long as the local connection, parked
// until something arrives there, and writes the response to the stream. Who owns the response of an exchange: A until the exchange is
// local.cur, then B. Whatever breaks either of them (a RESET, a dead link) closes both connections, and both end.
type lane struct {
	eng     *engine
	link    link
	find    func(handle uint32) *binding
	gone    <-chan struct{} // closed when the session is lost; nil for a replay
	replay  *resend         // nil: it is a visitor's
	cancel  context.CancelFunc
	begun   atomic.Uint64  // seq of the exchange that was begun last, and perhaps gaveUp
	readers sync.WaitGroup // goroutines B
	wake    chan struct{}  // A tells B of upDone

	// Goroutine A's.
	bind    *binding
	ep      *endpoint
	probe   bool
	kind    wire.Kind
	passage *passage // of a connection; nil for requests
	roomy   bool     // it has its part of the memory
	seq     uint32
	q       wire.Req
	req     *http1.Request // while a head is being read
	host    string         // of the last exchange
	content wire.Content
	up      upload

	mu    sync.Mutex
	local *local // kept or in use
	dead  bool
	cause wire.Code   // why dead; CodeNone: in order
	xs    [2]exchange // the current one and the one before, of which B may still be writing the end
}

// newLane makes a lane; run it with the context that is returned, which ends with the lane.
func newLane(ctx context.Context, e *engine, k link, find func(uint32) *binding, gone <-chan struct{}) (*lane, context.Context) {
	l := &lane{eng: e, link: k, find: find, gone: gone, wake: make(chan struct{}, 1)}
	ctx, l.cancel = context.WithCancel(ctx)
	return l, ctx
}

// run is goroutine A. It returns when the stream has ended and everything of the lane with it.
func (l *lane) run(ctx context.Context) {
	defer l.cancel()
	l.link.Handle(l)
	err := l.loop(ctx)
	broken := mistake(err)
	switch {
	case broken != nil:
		l.eng.log.Warn("the relay broke the protocol", "err", err)
		l.abandon(broken.Code)
		l.skipAll()
	case errors.Is(err, errGivenUp):
		l.skipAll()
	}
	l.kill(l.lostCode(err))
	l.readers.Wait()
	l.settle()
	if l.roomy && !l.probe {
		l.eng.means.memory.Give(laneCost)
	}
}

func (l *lane) loop(ctx context.Context) error {
	if err := l.open(); err != nil {
		return err
	}
	if l.kind == wire.KindTCP || l.kind == wire.KindTLS {
		return l.carry(ctx)
	}
	for {
		if !l.link.Buffered() {
			if l.eng.crowded() {
				l.link.Await()
			} else {
				l.link.Idle()
			}
		}
		f, err := l.link.Next()
		if err != nil {
			return err
		}
		if err := l.exchange(ctx, f); err != nil {
			return err
		}
	}
}

// open reads the stream's first frame.
func (l *lane) open() error {
	f, err := l.link.Next()
	if err != nil {
		return err
	}
	if f.Type != wire.Open {
		return &wire.ProtocolError{Code: wire.CodeFrameOrder, Text: "a stream does not begin with OPEN"}
	}
	var o wire.OpenFrame
	if err := o.Decode(f.Payload); err != nil {
		return err
	}
	switch o.Kind {
	case wire.KindHTTP, wire.KindTCP, wire.KindTLS:
	case wire.KindProbe:
		l.probe = true
	default:
		return &wire.ProtocolError{Code: wire.CodeUnsupported, Text: "a stream of a kind that is not served here"}
	}
	l.kind = o.Kind
	if l.bind = l.find(o.Handle); l.bind == nil {
		return nil
	}
	l.ep = l.bind.ep
	if !l.probe && l.kind != l.ep.kind() {
		return &wire.ProtocolError{Code: wire.CodeUnsupported, Text: "a stream of another kind than its endpoint"}
	}
	return nil
}

// OnReset ends the lane at once: the relay has given its stream up. It is called on the control reader.
func (l *lane) OnReset(_ uint32, code wire.Code) {
	if code == wire.CodeNone {
		code = wire.CodeVisitorGone
	}
	l.kill(code)
}

// OnStop is for relays.
func (l *lane) OnStop(uint32) {}

// kill ends the lane: whatever blocks one of its goroutines returns. It never blocks.
func (l *lane) kill(cause wire.Code) {
	l.mu.Lock()
	if l.dead {
		l.mu.Unlock()
		return
	}
	l.dead, l.cause = true, cause
	c := l.local
	l.local = nil
	l.mu.Unlock()
	l.cancel()
	switch {
	case c == nil:
	case cause == wire.CodeNone:
		c.close()
	default:
		c.abort()
	}
	l.link.Close()
}

// abandon tells the relay that it broke the protocol in the exchange being read, and ends the local side.
func (l *lane) abandon(code wire.Code) {
	l.mu.Lock()
	l.dead, l.cause = true, code
	c := l.local
	l.local = nil
	l.mu.Unlock()
	l.cancel()
	if c != nil {
		c.abort()
	}
	l.link.SendReset(max(l.seq, 1), code)
}

// mistake is the relay's, if one on this stream is what err tells of. A leg may have ended because of another: then the stream is just lost.
func mistake(err error) *wire.ProtocolError {
	var broken *wire.ProtocolError
	if errors.Is(err, wire.ErrLinkLost) || !errors.As(err, &broken) {
		return nil
	}
	return broken
}

// skipAll drops what still comes until the relay closes the stream.
func (l *lane) skipAll() {
	for {
		f, err := l.link.Next()
		switch {
		case mistake(err) != nil:
			continue
		case err != nil:
			l.link.Close()
			return
		}
		l.link.Took(wire.Cost(f))
	}
}

// lostCode says why the stream ended.
func (l *lane) lostCode(err error) wire.Code {
	select {
	case <-l.gone:
		return wire.CodeLinkLost
	default:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	x := &l.xs[l.seq&1]
	if l.seq == 0 || x.over || x.downDone || l.passage != nil && l.passage.failed != nil {
		return wire.CodeNone
	}
	if errors.Is(err, wire.ErrLinkLost) {
		return wire.CodeLinkLost
	}
	return wire.CodeVisitorGone
}

// settle ends what was under way when the lane died. Both goroutines have ended.
func (l *lane) settle() {
	l.up.release()
	if l.passage != nil {
		l.passage.settle()
		return
	}
	if l.seq == 0 {
		return
	}
	x := &l.xs[l.seq&1]
	if x.over || x.seq != l.seq {
		return
	}
	x.over = true
	if x.downDone {
		x.record() // the answer was whole; the visitor did not finish its request
	} else {
		x.fail(failure(l.cause, ""))
	}
	l.leave(x)
}
