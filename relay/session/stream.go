package session

import (
	"context"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/adit-tunnel/adit/wire"
)

// stream is a wire.Stream with what the exchange it carries needs; it is used for one exchange after another, so that none of them
// allocates.
type stream struct {
	w   *wire.Stream
	e   *endpoint
	leg *leg
	// granted: it has a visitor, holder. Guarded by pools.mu.
	granted bool
	holder  netip.Addr
	gone    atomic.Bool // closed by us
	own     bool        // pinned to one public connection; guarded by pools.mu
	lent    bool        // own and under way; guarded by pools.mu

	// sentEnd: the END of the request has been given to Write, or nothing more is to be sent.
	sentEnd  atomic.Bool
	answered atomic.Bool // RESP or FAIL was read

	mu      sync.Mutex
	x       *exchange // under way; nil between exchanges
	seq     uint32
	stopped bool          // STOP came
	givenUp bool          // the agent begins nothing above seq
	over    bool          // the agent's RESET has ended the stream
	low     bool          // the agent had given the stream up before it read this request
	code    wire.Code     // the agent's RESET
	stop    chan struct{} // made when somebody asks
	watched <-chan struct{}
	unwatch func() bool // ends the watch on the context whose Done is watched
	quit    func()      // ends the waiting of the exchange that has moved on from here

	// Of the goroutine that reads.
	answer answer
	req    *request // until the answer begins: to send it again
	conn   uint64
}

var _ wire.Handler = (*stream)(nil)

// closedChan is Stopped of what is over.
var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// begin makes x the stream's exchange. False: the stream was closed meanwhile.
func (st *stream) begin(x *exchange, q *request) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.over || st.gone.Load() {
		return false
	}
	st.seq++
	st.x, st.stopped, st.low, st.code, st.stop = x, false, false, 0, nil
	st.sentEnd.Store(q.ends)
	st.answered.Store(false)
	x.st.Store(st)
	st.watch(q.ctx)
	st.answer.begin(st.seq, q.kind, q.upgrade)
	st.req, st.conn = q, q.conn
	st.w.Begin(st.seq, q.visitor)
	return true
}

// watch ends the exchange with ctx. The watch stays with the stream: a caller whose requests share one context pays for it once a stream.
func (st *stream) watch(ctx context.Context) {
	done := ctx.Done()
	if done == st.watched {
		return
	}
	if st.unwatch != nil {
		st.unwatch()
		st.unwatch = nil
	}
	st.watched = done
	if done != nil {
		st.unwatch = context.AfterFunc(ctx, func() { st.contextEnded(done, ctx) })
	}
}

func (st *stream) contextEnded(done <-chan struct{}, ctx context.Context) {
	st.mu.Lock()
	if st.watched != done {
		st.mu.Unlock()
		return
	}
	st.watched, st.unwatch = nil, nil
	x := st.x
	st.mu.Unlock()
	if x != nil {
		x.Abort(ended(ctx.Err(), true).Code)
	}
}

// release parts the stream from x; false: they are parted already. st.mu is held.
func (st *stream) release(x *exchange) bool {
	if st.x != x {
		return false
	}
	st.x = nil
	st.signal()
	return true
}

// signal closes stop.
func (st *stream) signal() {
	if st.stop != nil && st.stop != closedChan {
		close(st.stop)
	}
	st.stop = closedChan
}

// lost tells the exchange under way that the stream's leg has ended.
func (st *stream) lost() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.signal()
}

// stoppedChan is Exchange.Stopped.
func (st *stream) stoppedChan(x *exchange) <-chan struct{} {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.x != x {
		return closedChan
	}
	if st.stop == nil {
		st.stop = make(chan struct{})
	}
	return st.stop
}

// abort ends x now, if it is still this stream's.
func (st *stream) abort(x *exchange, code wire.Code) {
	st.mu.Lock()
	seq, mine, quit := st.seq, st.release(x), st.quit
	st.mu.Unlock()
	if !mine {
		if quit != nil {
			quit()
		}
		return
	}
	st.reset(seq, code)
	st.e.done(x)
}

// reset tells the agent that the stream is over and closes it.
func (st *stream) reset(seq uint32, code wire.Code) {
	st.w.SendReset(seq, code)
	st.close()
}

// close gives the stream up; what is blocked in it returns. It never blocks.
func (st *stream) close() {
	if st.gone.Swap(true) {
		return
	}
	st.e.sess.srv.o.Memory.Give(streamCost)
	st.mu.Lock()
	unwatch := st.unwatch
	st.watched, st.unwatch = nil, nil
	st.mu.Unlock()
	if unwatch != nil {
		unwatch()
	}
	st.e.sess.pools.strike(st)
	st.w.Close()
}

// finish parts the stream from x and gives it back, if it is clean.
func (st *stream) finish(x *exchange) {
	a := &st.answer
	st.mu.Lock()
	if st.x != x {
		st.mu.Unlock()
		return
	}
	sent := st.sentEnd.Load() && !st.stopped
	clean := sent && a.clean() && !st.givenUp && st.seq < math.MaxUint32
	seq := st.seq
	st.release(x)
	st.mu.Unlock()
	st.dropRequest(x)
	if clean && st.w.Buffered() {
		clean = false // frames that nobody asked for
	}
	st.giveBack(clean, sent && a.over(), seq)
	x.st.Store(nil)
	st.e.done(x)
}

// giveBack puts the stream where it belongs after an exchange. whole: both directions have ended.
func (st *stream) giveBack(clean, whole bool, seq uint32) {
	switch {
	case clean && (st.answer.pin || st.own):
		st.w.Idle()
		if !st.e.sess.pools.pin(st, st.conn) {
			st.close()
		}
	case clean:
		st.w.Idle()
		st.e.sess.pools.put(st)
	case whole:
		st.close()
	default:
		st.reset(seq, wire.CodeNone)
	}
}

// OnReset hears of the agent's RESET. It is called on the control reader.
func (st *stream) OnReset(seq uint32, code wire.Code) {
	st.mu.Lock()
	busy := st.x != nil
	switch {
	case seq > st.seq:
		st.code = wire.CodeBadSeq
	case code == 0 && seq == st.seq && busy:
		st.givenUp = true // what is under way ends in order
		st.mu.Unlock()
		return
	case seq < st.seq:
		st.low = true
	default:
		st.code = code
	}
	st.over = true // before anybody begins an exchange that is not close's to end
	st.signal()
	st.mu.Unlock()
	st.close()
}

// OnStop hears of STOP. It is called on the control reader.
func (st *stream) OnStop(seq uint32) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.x != nil && st.seq == seq {
		st.stopped = true
		st.signal()
	}
}

// dropRequest gives the kept request back: it is not sent again.
func (st *stream) dropRequest(x *exchange) {
	x.mu.Lock()
	q := st.req
	st.req = nil
	x.mu.Unlock()
	if q != nil {
		q.drop()
	}
}
