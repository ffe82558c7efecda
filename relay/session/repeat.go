package session

import (
	"context"
	"errors"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// maxTries is how often a request is sent again because nobody had touched it.
const maxTries = 3

// maxMisses is how many streams may die before a request is on them.
const maxMisses = 3

// fate is what is known of a request that has no answer.
type fate int

const (
	untouched fate = iota // the local service has certainly got nothing of it
	unknown               // the session died: nobody can say
	touched
)

// deliver starts q as an exchange (x, or a new one when that is nil) at e or, when nobody has touched it there, at whoever serves the name by then. The
// exchange is counted at e before; at is where it is counted now. x may be one even with an error.
func (e *endpoint) deliver(x *exchange, q *request) (_ *exchange, at *endpoint, err error) {
	for {
		x, err = e.start(x, q)
		if err == nil {
			return x, e, nil
		}
		next := e.successor(q, err)
		if next == nil {
			return x, e, err
		}
		next.count()
		e.discount()
		e = next
	}
}

// deliver is endpoint.deliver for an exchange that moves on from st: Abort ends its waiting.
func (st *stream) deliver(x *exchange, q *request) (at *endpoint, err error) {
	wait, quit := context.WithCancel(q.ctx)
	defer quit()
	q.wait = wait
	st.mu.Lock()
	st.quit = quit
	st.mu.Unlock()
	_, at, err = st.e.deliver(x, q)
	q.wait = q.ctx
	return at, err
}

// successor is who serves the name of e, since the session of e does not any more; nil: nobody, or err is of another kind. When the session was lost it
// waits a moment for the agent. Who serves it on other terms is no successor of a request that was not held against those.
func (e *endpoint) successor(q *request, err error) *endpoint {
	var re *registry.Error
	if !errors.As(err, &re) || re.Delivered {
		return nil
	}
	switch re.Code {
	case wire.CodeAgentGone, wire.CodeAgentStopping, wire.CodeNoEndpoint:
	default:
		return nil
	}
	next, err := e.sess.srv.o.Registry.Successor(q.wait, e.reg, re.Code == wire.CodeAgentGone)
	if err != nil || !next.SameTerms(e.reg) {
		return nil
	}
	return ours(next)
}

// start sends q as an exchange on a stream of e, on another one if nobody has touched it there. x is nil for a new exchange; it is returned with
// an error, too, when there is one by then.
func (e *endpoint) start(x *exchange, q *request) (*exchange, error) {
	for misses := 0; ; {
		if x.aborted() {
			return x, x.ended() // while it was between streams
		}
		st, err := e.sess.pools.take(e, q, &x)
		if err != nil {
			return x, err
		}
		if !st.begin(x, q) {
			if misses++; misses > maxMisses {
				return x, &registry.Error{Code: wire.CodeAgentAborted, Text: "the agent gives up every stream"}
			}
			continue
		}
		if x.aborted() {
			st.abort(x, wire.Code(x.code.Load())) // likewise
			err = wire.ErrClosed
		} else if err = q.write(st.w, st.seq); err == nil {
			return x, nil
		}
		fail, f := st.failure(x, err)
		st.drop(x, err)
		if !q.again(f) {
			return x, fail
		}
	}
}

// again counts a repetition; false: there is none. What nobody has touched is sent again a few times, as long as all that was sent of it is here. What may
// have been delivered is sent again once, if that does no harm.
func (q *request) again(f fate) bool {
	q.tries++
	switch {
	case !q.whole || q.ctx.Err() != nil:
		return false
	case f == untouched:
		return q.tries <= maxTries
	case f == unknown && q.harmless:
		q.harmless = false
		return true
	}
	return false
}

// drop gives up a stream whose exchange moves on or has failed, for which the agent gets the code if it was its mistake. The request stays the
// caller's.
func (st *stream) drop(x *exchange, cause error) {
	code := wire.CodeNone
	if pe := mistake(cause); pe != nil {
		code = pe.Code
		st.e.sess.log.Warn("agent broke the protocol", "code", code, "what", clip(pe.Text))
	}
	st.req = nil
	st.mu.Lock()
	mine := st.release(x)
	st.mu.Unlock()
	if mine {
		st.w.SendReset(st.seq, code)
	}
	st.close()
}

// untouched says that the agent has answered with FAIL UNDELIVERED, and that another try may help. A local service that refuses would refuse
// again: that FAIL is the answer.
func (st *stream) untouched(x *exchange, f wire.Frame) bool {
	a := &st.answer
	if f.Type != wire.FailType || !a.fail.Undelivered || a.infos > 0 || st.req == nil {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !st.req.whole {
		return false
	}
	if a.fail.Code >= wire.CodeLocalRefused && a.fail.Code <= wire.CodeLocalTLS {
		return false
	}
	return st.req.tries < maxTries
}

// again sends the request of x on another stream if it may; else it ends x with the reason. cause is nil for a FAIL that may be repeated.
func (st *stream) again(x *exchange, cause error) (*stream, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	fail, f := &registry.Error{Code: st.answer.fail.Code, Text: st.answer.fail.Text}, untouched
	if cause != nil {
		fail, f = st.failure(x, cause)
	}
	q, infos, at := st.req, st.answer.infos, st.e
	st.drop(x, cause)
	if infos == 0 && q != nil && q.again(f) {
		var err error
		if at, err = st.deliver(x, q); err == nil {
			return x.st.Load(), nil
		}
		switch {
		case x.aborted():
			fail = x.ended()
		case f == untouched:
			errors.As(err, &fail)
		}
	}
	if q != nil {
		q.drop()
	}
	x.st.Store(nil)
	at.done(x)
	return nil, fail
}

// mistake is the agent's, if one on this stream is what err tells of. A leg may have ended because of another: then the stream is just lost.
func mistake(err error) *wire.ProtocolError {
	var pe *wire.ProtocolError
	if errors.Is(err, wire.ErrLinkLost) || !errors.As(err, &pe) {
		return nil
	}
	return pe
}

// failure says why the exchange has no whole answer, and what became of the request.
func (st *stream) failure(x *exchange, cause error) (*registry.Error, fate) {
	if code := wire.Code(x.code.Load()); code != 0 {
		return &registry.Error{Code: code, Delivered: true}, touched
	}
	if pe := mistake(cause); pe != nil {
		return &registry.Error{Code: pe.Code, Text: pe.Text, Delivered: true}, touched
	}
	st.mu.Lock()
	low, code := st.low, st.code
	st.mu.Unlock()
	switch {
	case low:
		return &registry.Error{Code: wire.CodeAgentStopping}, untouched
	case code != 0 && code.Info().Status == 0:
		return &registry.Error{Code: wire.CodeAgentAborted, Text: "agent: " + code.String(), Delivered: true}, touched
	case code != 0:
		return &registry.Error{Code: code, Delivered: true}, touched
	case errors.Is(cause, wire.ErrAborted):
		return &registry.Error{Code: wire.CodeAgentAborted, Text: "the answer ended before it was whole", Delivered: true}, touched
	case !errors.Is(cause, wire.ErrLinkLost):
		return &registry.Error{Code: wire.CodeAgentAborted, Text: "the agent closed the stream", Delivered: true}, touched
	case !st.answered.Load():
		return &registry.Error{Code: wire.CodeDelivery, Delivered: true}, unknown
	}
	return &registry.Error{Code: wire.CodeLinkLost, Delivered: true}, touched
}
