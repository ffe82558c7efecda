package session

import (
	"sync"
	"sync/atomic"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// exchange is the caller's hold on one request under way: a small ticket that is used once, while the state is the stream's, which is used
// again. Before the answer begins it may move to another stream.
type exchange struct {
	st   atomic.Pointer[stream] // nil when it is over
	code atomic.Uint32          // why it was aborted; 0: it was not
	over atomic.Bool            // counted out

	// mu parts the one who sends from the one who moves the exchange to another stream, or lets go of what is kept for that. Nobody waits for credit, or
	// for the link, with it held, but who moves.
	mu sync.Mutex
}

var _ registry.Exchange = (*exchange)(nil)

// Next implements registry.Exchange.
func (x *exchange) Next() (wire.Frame, error) {
	st := x.st.Load()
	if st == nil {
		return wire.Frame{}, x.ended()
	}
	for {
		if st.answer.mayPause(st.sentEnd.Load()) && !st.w.Buffered() {
			st.w.Await()
		}
		f, err := st.w.Next()
		if err == nil {
			if err = st.answer.accept(f, st.sentEnd.Load()); err == nil && !st.untouched(x, f) {
				st.began(x, f)
				return f, st.shape(x, f)
			}
		}
		if st, err = st.again(x, err); err != nil {
			return wire.Frame{}, err
		}
	}
}

// Buffered implements registry.Exchange.
func (x *exchange) Buffered() bool {
	st := x.st.Load()
	return st == nil || st.w.Buffered() && !st.e.sess.share.spent()
}

// Unproven implements registry.Exchange.
func (x *exchange) Unproven() bool {
	st := x.st.Load()
	return st != nil && st.w.Unproven()
}

// Idle implements registry.Exchange.
func (x *exchange) Idle() {
	if st := x.st.Load(); st != nil {
		st.w.Idle()
	}
}

// Took implements registry.Exchange.
func (x *exchange) Took(cost int) {
	if st := x.st.Load(); st != nil {
		st.w.Took(cost)
	}
}

// Send implements registry.Exchange.
func (x *exchange) Send(p []byte, cost int, last bool) error {
	x.shape(cost)
	x.mu.Lock()
	st := x.st.Load()
	if st == nil {
		x.mu.Unlock()
		return x.ended()
	}
	if last && st.sentEnd.Swap(true) {
		x.mu.Unlock()
		return nil // an upgrade that was declined has been ended already
	}
	kept := st.req.keep(p, cost, last)
	x.mu.Unlock()
	err := st.send(p, cost)
	switch {
	case err == nil, err == wire.ErrStopped:
		return err
	case kept && x.code.Load() == 0:
		return nil // Next sends it again, or says why not
	}
	e, _ := st.failure(x, err)
	return e
}

// send writes content within its credit, frame by frame if it is more than one smux frame holds.
func (st *stream) send(p []byte, cost int) error {
	if len(p) <= oneWrite {
		return st.w.WriteContent(p, cost)
	}
	return writeFrames(p, func(f []byte) error {
		return st.w.WriteContent(f, len(f)-wire.HeaderSize+wire.FrameCost)
	})
}

// Stopped implements registry.Exchange.
func (x *exchange) Stopped() <-chan struct{} {
	if st := x.st.Load(); st != nil {
		return st.stoppedChan(x)
	}
	return closedChan
}

// Finish implements registry.Exchange.
func (x *exchange) Finish() {
	if st := x.st.Load(); st != nil {
		st.finish(x)
	}
}

// Abort implements registry.Exchange.
func (x *exchange) Abort(code wire.Code) {
	if code == wire.CodeNone {
		code = wire.CodeVisitorGone
	}
	if !x.code.CompareAndSwap(0, uint32(code)) {
		return
	}
	if st := x.st.Load(); st != nil {
		st.abort(x, code)
	}
}

// aborted says that the caller has given x up; nil is an exchange that it does not know yet.
func (x *exchange) aborted() bool { return x != nil && x.code.Load() != 0 }

// ended is the error of an exchange that is over.
func (x *exchange) ended() *registry.Error {
	if code := wire.Code(x.code.Load()); code != 0 {
		return &registry.Error{Code: code, Delivered: true}
	}
	return &registry.Error{Code: wire.CodeInternal, Text: "the exchange is over", Delivered: true}
}

// began is called for each frame that is handed on: with an answer begun the request is not sent again, and an upgrade that was declined
// has no content to come.
func (st *stream) began(x *exchange, f wire.Frame) {
	if st.req == nil || f.Type == wire.InfoType {
		return
	}
	st.answered.Store(true)
	declined := st.req.upgrade && !st.answer.tunnel
	st.dropRequest(x)
	if declined && !st.sentEnd.Swap(true) {
		var end [wire.HeaderSize]byte
		wire.PutHeader(end[:], wire.Data, wire.End, 0)
		_ = st.w.Write(end[:]) // if it fails, reading tells
	}
}
