package edge

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/errorpage"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// uploadGrace is how long the end of a request's content is waited for when its answer is over: net/http cannot end an answer and go on reading. Often it is on
// its way.
const uploadGrace = 50 * time.Millisecond

// stream is one request of HTTP/2. Its goroutine is net/http's, from serveStream to its end.
type stream struct {
	m    *mux
	w    http.ResponseWriter
	r    *http.Request
	ctl  *http.ResponseController
	cost int64 // of memory
	long int64 // the head's, if that is a long one

	// What the sweeper reads, as of conn.
	reading  atomic.Int64
	writing  atomic.Int64
	answered atomic.Bool
	began    int64
	lasts    bool // the sweeper's: net/http does not limit its time any more

	mu      sync.Mutex
	x       registry.Exchange // for those who may abort it
	verdict wire.Code         // why it was aborted; the first one stays
	kicked  bool              // nothing more is read
	over    bool              // w and ctl are net/http's again

	pending bool          // something was written that net/http may keep back
	upDone  chan struct{} // closed at the upload's end; nil: there is none
	upErr   error         // what is wrong with the content; the uploader's until upDone
	upLeft  bool          // some of it is unread; the uploader's until upDone
}

// serveStream is the handler of all requests.
func serveStream(w http.ResponseWriter, r *http.Request) {
	m := r.Context().Value(muxKey{}).(*mux)
	st := &stream{m: m, w: w, r: r, ctl: http.NewResponseController(w), began: m.s.clock.Load()}
	if !m.begin(st) {
		panic(http.ErrAbortHandler)
	}
	e := endReset
	defer func() {
		if p := recover(); p != nil {
			st.panicked(p)
		}
		st.end(e)
		if e != endWhole && e != endPage {
			panic(http.ErrAbortHandler) // RST_STREAM: what was sent must not look whole
		}
	}()
	t := turns.Get().(*turn)
	e = st.turn(t)
	t.release()
}

func (st *stream) panicked(p any) {
	st.m.s.log.Error("a request panicked", "conn", st.m.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	st.m.s.count.failed(wire.CodeInternal)
	st.stop(wire.CodeInternal, true)
}

// end gives everything back. After it nobody uses what is net/http's.
func (st *stream) end(e ending) {
	st.mu.Lock()
	st.over = true
	st.mu.Unlock()
	st.m.s.memory.Give(st.cost)
	if st.long > 0 {
		st.m.s.giveLong(st.long)
	}
	st.m.done(st, st.r.Context().Err() != nil && e != endWhole)
}

// turn answers the request.
func (st *stream) turn(t *turn) (e ending) {
	o := &st.m.origin
	t.isHead = st.r.Method == http.MethodHead
	t.picked, t.format = true, errorpage.FormatOf([]byte(st.r.Header.Get("Accept")))
	if !st.admit() {
		return st.answerBusy(t)
	}
	err := st.understand(t)
	if err == nil {
		o.s.count.requests.Add(1)
		t.note()
		t.expect = false // net/http asks for content when it is first read
	}
	o.describe(t)
	t.q.Version = 0x20
	if err == nil {
		err = o.prepare(t)
	}
	if err != nil {
		e = st.answerError(t, err)
	} else {
		st.m.seatFor(t)
		e = st.exchange(t)
	}
	o.record(t)
	return e
}

// admit takes the memory that the request needs; false: there is none.
func (st *stream) admit() bool {
	cost, head := int64(streamCost), headCost*headSize(st.r)
	if st.r.ContentLength != 0 {
		cost += h2Window
	}
	s := st.m.s
	if head > headCost*smallInbox {
		if !s.takeLong(head) {
			s.crowded()
			return false
		}
		st.long = head
	} else {
		cost += head
	}
	if !s.makeRoom(cost) {
		if st.long > 0 {
			s.giveLong(st.long) // answerBusy keeps nothing
			st.long = 0
		}
		s.crowded()
		return false
	}
	st.cost = cost
	return true
}

// exchange sends the request on and passes the answer back.
func (st *stream) exchange(t *turn) ending {
	x, err := t.ep.Upstream.Begin(st.r.Context(), &t.q)
	if err != nil {
		t.refused(err)
		return st.answerError(t, err)
	}
	t.x = x
	st.mu.Lock()
	st.x = x
	st.mu.Unlock()
	defer context.AfterFunc(st.r.Context(), func() { st.stop(wire.CodeVisitorGone, true) })()
	if t.hasContent() {
		st.upDone = make(chan struct{})
		st.m.s.run(func() { st.upload(t) })
	}
	e := st.answer(t)
	st.settle(t, e)
	return e
}

// settle ends the exchange: nobody reads the content any more when it returns.
func (st *stream) settle(t *turn, e ending) {
	if e == endWhole && st.upDone != nil {
		wait := time.NewTimer(uploadGrace)
		select {
		case <-st.upDone:
		case <-wait.C:
		}
		wait.Stop()
	}
	st.join()
	st.mu.Lock()
	verdict := st.verdict
	st.x = nil
	st.mu.Unlock()
	if e <= endPage && verdict == wire.CodeNone && !st.upLeft {
		t.x.Finish()
	} else {
		t.x.Abort(t.code)
	}
	t.x = nil
}

// join ends the upload; if that is not through, the exchange is aborted, too.
func (st *stream) join() {
	if st.upDone == nil {
		return
	}
	select {
	case <-st.upDone:
		return
	default:
	}
	st.stop(wire.CodeVisitorGone, true)
	<-st.upDone
}

// stop aborts the exchange, for the first reason that is given, and ends a read of content that waits. It does not block.
func (st *stream) stop(code wire.Code, kick bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if kick && !st.kicked && !st.over {
		st.kicked = true
		_ = st.ctl.SetReadDeadline(longAgo) // there is nothing that could fail
	}
	if st.x == nil {
		return
	}
	if st.verdict == wire.CodeNone {
		st.verdict = code
	}
	st.x.Abort(code)
}

// drop ends a request whose visitor takes nothing of its answer.
func (st *stream) drop(code wire.Code) {
	st.stop(code, true)
	st.limitWrites(longAgo)
}

// limitWrites sets when net/http resets the request. It does not wait.
func (st *stream) limitWrites(t time.Time) {
	st.m.s.run(func() {
		st.mu.Lock() // or net/http might be through with the request
		defer st.mu.Unlock()
		if !st.over {
			_ = st.ctl.SetWriteDeadline(t) // there is nothing that could fail
		}
	})
}

// sweep holds the request's limits. slow: what is written waits for the link, and not for the visitor to take it. It must not block.
func (st *stream) sweep(now int64, l *limits, slow bool) {
	if r := st.reading.Load(); r != 0 && now-r > l.body && !st.answered.Load() {
		st.stop(wire.CodeBodyTimeout, true)
	}
	switch w := st.writing.Load(); {
	case w == 0:
	case slow:
		st.writing.CompareAndSwap(w, now)
	case now-w > l.reader:
		st.writing.Store(0)
		st.drop(wire.CodeReaderTimeout)
	}
	if !st.lasts && now-st.began > int64(st.m.s.h2.WriteTimeout/2) {
		st.lasts = true
		st.limitWrites(time.Time{})
	}
}

// reason is what to tell of an error.
func (st *stream) reason(err error) (wire.Code, string) {
	st.mu.Lock()
	verdict := st.verdict
	st.mu.Unlock()
	return st.m.s.reason(verdict, err)
}
