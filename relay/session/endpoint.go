package session

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// endpoint is a URL that an agent has bound: the registry's Upstream, its pool of idle streams, and its figures.
type endpoint struct {
	sess   *session
	handle uint32
	bind   wire.Bind          // as it was asked for, to tell a repeated Bind from another one
	reg    *registry.Endpoint // what the registry has
	load   atomic.Int64       // exchanges under way
	life   context.Context    // until it gives its name back: who waits for a stream of it waits in vain then
	end    context.CancelFunc
	pool   pool   // guarded by pools.mu
	counts counts // guarded by stats.mu

	rejects rejects // guarded by turned.mu

	probeAt time.Time // when the next probe is due; zero: none is. Guarded by session.mu
	lame    bool      // the last probe failed; of the goroutine that probes

	release func() // gives the place back; guarded by session.mu, nil when done
}

var _ registry.Upstream = (*endpoint)(nil)

// kind is what its streams carry.
func (e *endpoint) kind() wire.Kind {
	switch e.bind.Protocol {
	case wire.ProtocolTCP:
		return wire.KindTCP
	case wire.ProtocolTLS:
		return wire.KindTLS
	}
	return wire.KindHTTP
}

// Begin sends the request on an idle stream, or on a new one. At the limit of streams it waits up to 5 s for one. When the name has gone over
// to another session, the request goes there.
func (e *endpoint) Begin(ctx context.Context, r *registry.Request) (registry.Exchange, error) {
	if err := ctx.Err(); err != nil {
		return nil, ended(err, false)
	}
	if r.Kind != e.kind() {
		return nil, &registry.Error{Code: wire.CodeInternal, Text: "a request of another kind than its endpoint"}
	}
	if !e.sess.share.admit() {
		return nil, &registry.Error{Code: wire.CodeRateLimit}
	}
	if at := e.sess.share.take(len(r.Content)); !at.IsZero() && !wait(ctx, time.Until(at)) {
		e.sess.share.giveBack(len(r.Content))
		return nil, ended(ctx.Err(), false)
	}
	q, err := newRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	e.count()
	x, at, err := e.deliver(nil, q)
	if err != nil {
		q.drop()
		at.done(x)
		return nil, err
	}
	return x, nil
}

// count counts an exchange in.
func (e *endpoint) count() {
	e.load.Add(1)
	e.sess.busy.Add(1)
}

// done counts x out; nil is an exchange that did not come to be.
func (e *endpoint) done(x *exchange) {
	if x == nil || !x.over.Swap(true) {
		e.discount()
	}
}

func (e *endpoint) discount() {
	e.load.Add(-1)
	e.sess.done()
}

// Load is how many exchanges are under way.
func (e *endpoint) Load() int { return int(e.load.Load()) }

// Attach counts the public connection in until detach, which also closes the stream that is pinned to it. It may be attached more than once.
func (e *endpoint) Attach(conn uint64, count bool) (detach func()) {
	p := &e.sess.pools
	v := &visitor{}
	p.mu.Lock()
	if e.pool.visitors == nil {
		e.pool.visitors = map[uint64]*visitor{}
	}
	if old := e.pool.visitors[conn]; old != nil {
		v = old
	}
	e.pool.visitors[conn] = v
	v.refs++
	p.mu.Unlock()
	if count && e.sess.stats.opened(e) {
		e.sess.srv.owe(e)
	}
	since := time.Now()
	var once atomic.Bool
	return func() {
		if once.Swap(true) {
			return
		}
		if count {
			e.sess.stats.closed(e, time.Since(since))
		}
		p.detach(e, conn, v)
	}
}

// ended is the error of a context that has ended.
func ended(err error, delivered bool) *registry.Error {
	code := wire.CodeVisitorGone
	if err == context.DeadlineExceeded {
		code = wire.CodeTimeout
	}
	return &registry.Error{Code: code, Delivered: delivered}
}
