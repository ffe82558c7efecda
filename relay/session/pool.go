package session

import (
	"slices"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// sweepEvery is how often pools give back what was not needed since the last time.
	sweepEvery = 10 * time.Second

	// ticketBlock is how many exchanges are allocated at once: an exchange is 16 bytes and never reused, so that an Abort that comes late
	// cannot hit the next visitor.
	ticketBlock = 64
)

// pools are the streams of a session: idle ones by endpoint, and those who wait for one. One lock for all of them is held for a few
// instructions at a time.
type pools struct {
	legs *legs

	mu        sync.Mutex
	endpoints []*endpoint
	waiting   []*waiter // in order of arrival
	tickets   []exchange
	refuse    wire.Code // why no exchange is begun any more, on any endpoint; 0: they are
	shares    shares
}

// pool is one endpoint's.
type pool struct {
	idle     []*stream // the most recently used last
	least    int       // fewest idle since the last sweep: so many were not needed
	visitors map[uint64]*visitor
	pinned   int       // visitors with a stream of their own
	refuse   wire.Code // why no exchange is begun any more; 0: they are
}

// visitor is a public connection that uses an endpoint.
type visitor struct {
	refs int
	pin  *stream // belongs to this connection alone
}

// pop takes an idle stream, the most recently used one, or the one pinned to the visitor of q. nil without an error: there is none, or it is the last try, which no
// idle stream must spoil: its agent may be letting all of them go. x gets a fresh exchange if it is nil.
func (p *pools) pop(e *endpoint, q *request, x **exchange) (*stream, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if code := p.refusal(e); code != 0 {
		return nil, &registry.Error{Code: code}
	}
	if *x == nil {
		*x = p.ticket()
	}
	if e.pool.pinned > 0 {
		if st, err := e.pool.own(q.conn); st != nil || err != nil {
			return st, err
		}
	}
	for n := len(e.pool.idle); n > 0 && q.tries < maxTries; n-- {
		st := e.pool.idle[n-1]
		e.pool.idle[n-1] = nil
		e.pool.idle = e.pool.idle[:n-1]
		e.pool.least = min(e.pool.least, n-1)
		if !st.gone.Load() {
			p.grant(st, q.visitor)
			return st, nil
		}
	}
	return nil, nil
}

// boundEnded is what a visitor with a connection of its own is told when that has ended.
const boundEnded = "the connection that this visitor was bound to has ended"

// own returns the stream pinned to conn, if it is free. One that died took the visitor's authenticated connection with it, which another
// stream cannot give back: the visitor is told once.
func (l *pool) own(conn uint64) (*stream, error) {
	v := l.visitors[conn]
	if v == nil || v.pin == nil {
		return nil, nil
	}
	st := v.pin
	switch {
	case st.gone.Load():
		v.pin = nil
		l.pinned--
		if st.lent {
			return nil, nil // its exchange has told
		}
		return nil, &registry.Error{Code: wire.CodeLinkLost, Text: boundEnded}
	case st.lent:
		return nil, nil
	}
	st.lent = true
	return st, nil
}

func (p *pools) refusal(e *endpoint) wire.Code {
	if e.pool.refuse != 0 {
		return e.pool.refuse
	}
	return p.refuse
}

func (p *pools) ticket() *exchange {
	if len(p.tickets) == 0 {
		p.tickets = make([]exchange, ticketBlock)
	}
	x := &p.tickets[0]
	p.tickets = p.tickets[1:]
	return x
}

// put gives a clean stream back: to who waits for one, or to its pool.
func (p *pools) put(st *stream) {
	p.mu.Lock()
	kept := !st.gone.Load() && !st.leg.leaving.Load() && p.refusal(st.e) == 0
	switch {
	case !kept:
	case len(p.waiting) > 0:
		kept = p.handOver(st) // what nobody here can use makes room for who needs a new one
	default:
		p.free(st)
		st.e.pool.idle = append(st.e.pool.idle, st)
	}
	p.mu.Unlock()
	if !kept {
		st.close()
	}
}

// pin leaves st to the public connection conn until that is detached. False: it cannot, st is the caller's to close.
func (p *pools) pin(st *stream, conn uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := st.e.pool.visitors[conn]
	if v == nil || st.gone.Load() || st.leg.Lost() || p.refusal(st.e) != 0 || (v.pin != nil && v.pin != st) {
		return false
	}
	if v.pin == nil {
		v.pin = st
		st.e.pool.pinned++
	}
	st.own, st.lent = true, false
	return true
}

// detach takes one reference of a public connection away, with the last one its pinned stream.
func (p *pools) detach(e *endpoint, conn uint64, v *visitor) {
	p.mu.Lock()
	v.refs--
	var st *stream
	if v.refs == 0 {
		if e.pool.visitors[conn] == v {
			delete(e.pool.visitors, conn)
		}
		if st = v.pin; st != nil {
			v.pin = nil
			e.pool.pinned--
		}
	}
	p.mu.Unlock()
	if st != nil {
		st.close()
	}
}

// add makes e one of the endpoints that are trimmed.
func (p *pools) add(e *endpoint) {
	p.mu.Lock()
	p.endpoints = append(p.endpoints, e)
	p.mu.Unlock()
}

// shut begins no exchange on e any more, which code explains, and closes its idle streams. Exchanges under way go on.
func (p *pools) shut(e *endpoint, code wire.Code) {
	p.mu.Lock()
	e.pool.refuse = code
	old := e.pool.drain()
	p.endpoints = slices.DeleteFunc(p.endpoints, func(o *endpoint) bool { return o == e })
	p.dismiss(func(w *waiter) bool { return w.e == e }, code)
	p.mu.Unlock()
	closeAll(old)
}

// shutAll is shut for all endpoints, those still to come too.
func (p *pools) shutAll(code wire.Code) {
	p.mu.Lock()
	if p.refuse == 0 {
		p.refuse = code
	}
	var old []*stream
	for _, e := range p.endpoints {
		old = append(old, e.pool.drain()...)
	}
	p.dismiss(func(*waiter) bool { return true }, code)
	p.mu.Unlock()
	closeAll(old)
}

// drain takes out what is idle, pinned or not.
func (l *pool) drain() []*stream {
	old := l.idle
	l.idle, l.least = nil, 0
	for _, v := range l.visitors {
		if v.pin != nil && !v.pin.lent {
			old = append(old, v.pin) // it stays the visitor's, so that it learns of the end
		}
	}
	return old
}

// trim closes what was idle since the last sweep, but for one stream an endpoint.
func (p *pools) trim() {
	p.mu.Lock()
	p.relax()
	var old []*stream
	for _, e := range p.endpoints {
		l := &e.pool
		n := min(l.least, len(l.idle)-1)
		if n > 0 {
			old = append(old, l.idle[:n]...)
			rest := copy(l.idle, l.idle[n:])
			clear(l.idle[rest:])
			l.idle = l.idle[:rest]
		}
		l.least = len(l.idle)
	}
	p.mu.Unlock()
	closeAll(old)
}

func closeAll(all []*stream) {
	for _, st := range all {
		st.close()
	}
}
