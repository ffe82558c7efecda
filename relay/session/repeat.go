package session

import (
	"errors"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// maxTries is how often a request is sent again because nobody had touched it.
const maxTries = 3

// maxMisses is how many streams may die before a request is on them.
const maxMisses = 3

// start sends q as an exchange on a stream, on another one if nobody has touched it there. x is nil for a new exchange; it is returned with an
// error, too, when there is one by then.
func (e *endpoint) start(x *exchange, q *request) (*exchange, error) {
	for misses := 0; ; {
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
		if code := wire.Code(x.code.Load()); code != 0 {
			st.abort(x, code) // it came while x was between streams
		}
		err = q.write(st.w, st.seq)
		if err == nil {
			return x, nil
		}
		fail, untouched := st.failure(x, err)
		st.drop(x, err)
		if !untouched || !q.again() {
			return x, fail
		}
	}
}

// again counts a repetition; false: there is none.
func (q *request) again() bool {
	q.tries++
	return q.whole && q.tries <= maxTries && q.ctx.Err() == nil
}

// drop gives up a stream whose exchange moves on or has failed, for which the agent gets the code if it was its mistake. The request stays the
// caller's.
func (st *stream) drop(x *exchange, cause error) {
	code := wire.CodeNone
	var pe *wire.ProtocolError
	if errors.As(cause, &pe) {
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
func (st *stream) untouched(f wire.Frame) bool {
	a := &st.answer
	if f.Type != wire.FailType || !a.fail.Undelivered || a.infos > 0 || st.req == nil || !st.req.whole {
		return false
	}
	if a.fail.Code >= wire.CodeLocalRefused && a.fail.Code <= wire.CodeLocalTLS {
		return false
	}
	return st.req.tries < maxTries
}

// again sends the request of x on another stream if nobody has touched it; else it ends x with the reason. cause is nil for a FAIL that may be
// repeated.
func (st *stream) again(x *exchange, cause error) (*stream, error) {
	fail, untouched := &registry.Error{Code: st.answer.fail.Code, Text: st.answer.fail.Text}, true
	if cause != nil {
		fail, untouched = st.failure(x, cause)
	}
	q, infos := st.req, st.answer.infos
	st.drop(x, cause)
	if untouched && infos == 0 && q != nil && q.again() {
		_, err := st.e.start(x, q)
		if err == nil {
			return x.st.Load(), nil
		}
		errors.As(err, &fail)
	}
	if q != nil {
		q.drop()
	}
	x.st.Store(nil)
	st.e.done(x)
	return nil, fail
}

// failure says why the exchange has no whole answer, and whether the agent has certainly not touched the request.
func (st *stream) failure(x *exchange, cause error) (e *registry.Error, untouched bool) {
	if code := wire.Code(x.code.Load()); code != 0 {
		return &registry.Error{Code: code, Delivered: true}, false
	}
	var pe *wire.ProtocolError
	if errors.As(cause, &pe) {
		return &registry.Error{Code: pe.Code, Text: pe.Text, Delivered: true}, false
	}
	st.mu.Lock()
	low, code := st.low, st.code
	st.mu.Unlock()
	switch {
	case low:
		return &registry.Error{Code: wire.CodeAgentStopping}, true
	case code != 0 && code.Info().Status == 0:
		return &registry.Error{Code: wire.CodeAgentAborted, Text: "agent: " + code.String(), Delivered: true}, false
	case code != 0:
		return &registry.Error{Code: code, Delivered: true}, false
	case errors.Is(cause, wire.ErrAborted):
		return &registry.Error{Code: wire.CodeAgentAborted, Text: "the answer ended before it was whole", Delivered: true}, false
	case !errors.Is(cause, wire.ErrLinkLost):
		return &registry.Error{Code: wire.CodeAgentAborted, Text: "the agent closed the stream", Delivered: true}, false
	case !st.answered.Load():
		return &registry.Error{Code: wire.CodeDelivery, Delivered: true}, false
	}
	return &registry.Error{Code: wire.CodeLinkLost, Delivered: true}, false
}
