package session

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// maxWait is how long a request waits for a stream when the legs have all they may have. For a link that is slow it waits as long as the link lives.
	maxWait = 5 * time.Second

	// retryOpen is how often the first who waits tries to open one: a stream counts until its close has gone through, which nothing tells.
	retryOpen = 10 * time.Millisecond
)

// waiter is a request without a stream.
type waiter struct {
	e       *endpoint
	visitor netip.Addr
	got     chan *stream  // a stream of its endpoint, or nil: refused
	turn    chan struct{} // closed when it is the first
	code    wire.Code     // with nil: why
}

// take is pop, else opens a stream, else waits for one. Errors are *registry.Error: nothing was sent.
func (p *pools) take(e *endpoint, q *request, x **exchange) (*stream, error) {
	for {
		st, err := p.pop(e, q, x)
		switch {
		case err != nil:
			return nil, err
		case st == nil:
			return p.open(e, q)
		case !st.leg.Lost():
			return st, nil
		}
		st.close()
		if st.own {
			return nil, &registry.Error{Code: wire.CodeLinkLost, Text: boundEnded}
		}
	}
}

// open opens a stream, or waits for one.
func (p *pools) open(e *endpoint, q *request) (*stream, error) {
	ctx, cancel := context.WithCancel(q.wait)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	if p.mayOpen(q.visitor) {
		st, err := p.tryOpen(ctx, e, q.visitor)
		p.opened(q.visitor)
		if st != nil || !full(err) {
			return st, e.explain(q, err)
		}
	}
	ctx, cancel = context.WithTimeout(ctx, maxWait)
	defer cancel()
	w := &waiter{e: e, visitor: q.visitor, got: make(chan *stream, 1), turn: make(chan struct{})}
	if code := p.queue(w); code != 0 {
		return nil, &registry.Error{Code: code}
	}
	st, err := p.await(ctx, w)
	if got := p.leave(w); got != nil && got != st {
		p.put(got) // handed over in the moment we had one or gave up
	}
	return st, e.explain(q, err)
}

// await waits for a stream that comes back, or for room to open one when it is w's turn.
func (p *pools) await(ctx context.Context, w *waiter) (*stream, error) {
	turn := w.turn
	var tick <-chan time.Time
	for {
		select {
		case st := <-w.got:
			if st == nil {
				return nil, &registry.Error{Code: w.code}
			}
			return st, nil
		case <-turn: // at once: who was first before may have left room, as when there is another leg
			turn = nil
			t := time.NewTicker(retryOpen)
			defer t.Stop()
			tick = t.C
		case <-tick:
		case <-ctx.Done():
			if w.e.life.Err() != nil {
				return nil, &registry.Error{Code: wire.CodeAgentGone}
			}
			return nil, &registry.Error{Code: wire.CodeTooManyStreams}
		}
		if st, err := p.serve(ctx, w); st != nil || err != nil && ctx.Err() == nil {
			return st, err
		}
	}
}

// tryOpen opens a stream of the kind that e has.
func (p *pools) tryOpen(ctx context.Context, e *endpoint, visitor netip.Addr) (*stream, error) {
	memory := e.sess.srv.o.Memory
	if !memory.Take(streamCost) {
		return nil, &wire.ProtocolError{Code: wire.CodeTooManyStreams} // another exchange's end makes room
	}
	w, l, err := p.newStream(ctx, &wire.OpenFrame{Kind: e.kind(), Handle: e.handle})
	if err != nil {
		memory.Give(streamCost)
		return nil, err
	}
	st := &stream{w: w, e: e, leg: l}
	p.enlist(st, visitor)
	w.Handle(st) // it may be over already
	return st, nil
}

// full says that the legs have all streams they may have.
func full(err error) bool {
	var pe *wire.ProtocolError
	return errors.As(err, &pe) && pe.Code == wire.CodeTooManyStreams
}

// explain makes a *registry.Error of what kept a stream from being opened.
func (e *endpoint) explain(q *request, err error) error {
	var re *registry.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &re):
		if cause := q.wait.Err(); cause != nil {
			return ended(cause, false)
		}
		return re
	case q.wait.Err() != nil:
		return ended(q.wait.Err(), false)
	case e.life.Err() == nil && !errors.Is(err, wire.ErrLinkLost):
		return &registry.Error{Code: wire.CodeTimeout, Text: "the link to the agent is jammed: no stream could be opened"}
	default:
		return &registry.Error{Code: wire.CodeAgentGone} // err may name the agent's address, which is no visitor's business
	}
}

// queue puts w last and makes room: an idle stream of another endpoint is worth less than a request.
func (p *pools) queue(w *waiter) wire.Code {
	p.mu.Lock()
	if code := p.refusal(w.e); code != 0 {
		p.mu.Unlock()
		return code
	}
	p.waiting = append(p.waiting, w)
	if len(p.waiting) == 1 {
		close(w.turn)
	}
	spare := p.spare()
	p.mu.Unlock()
	if spare != nil {
		spare.close()
	}
	return 0
}

// spare takes the oldest idle stream out of the fullest pool.
func (p *pools) spare() *stream {
	var from *pool
	for _, e := range p.endpoints {
		if n := len(e.pool.idle); n > 0 && (from == nil || n > len(from.idle)) {
			from = &e.pool
		}
	}
	if from == nil {
		return nil
	}
	st := from.idle[0]
	rest := copy(from.idle, from.idle[1:])
	from.idle[rest] = nil
	from.idle = from.idle[:rest]
	from.least = min(from.least, rest)
	return st
}

// leave takes w out of the queue and returns what was handed over to it but not taken.
func (p *pools) leave(w *waiter) *stream {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(w)
	select {
	case st := <-w.got:
		return st
	default:
		return nil
	}
}

// remove is false if w was not in the queue any more.
func (p *pools) remove(w *waiter) bool {
	for i, o := range p.waiting {
		if o == w {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			if i == 0 && len(p.waiting) > 0 {
				close(p.waiting[0].turn)
			}
			return true
		}
	}
	return false
}

// handOver gives st to the first who waits for one of its endpoint, and may have it.
func (p *pools) handOver(st *stream) bool {
	p.free(st)
	w := p.hungry(st.e)
	return w != nil && p.give(st, w)
}

// dismiss refuses those who wait and are meant.
func (p *pools) dismiss(meant func(*waiter) bool, code wire.Code) {
	for i := 0; i < len(p.waiting); {
		w := p.waiting[i]
		if !meant(w) {
			i++
			continue
		}
		p.remove(w)
		w.code = code
		w.got <- nil
	}
}
