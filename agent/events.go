package agent

import (
	"context"
	"iter"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// Event is what Agent.Events tells: one of the types below, for a type switch. At is when it happened.
type Event interface{ event() }

type (
	// SessionOnline: there is a session with the relay. EndpointOnline follows for each endpoint.
	SessionOnline struct {
		At                    time.Time
		Relay                 string // HOST:PORT
		Account, Plan, Region string
	}
	// SessionDown: a session was lost, or a try to make one has failed; the next try is at NextTry.
	SessionDown struct {
		At      time.Time
		Err     error
		NextTry time.Time
	}
	// EndpointOnline: the endpoint has its public URL, for the first time or again.
	EndpointOnline struct {
		At            time.Time
		Endpoint, URL string
	}
	// EndpointRefused: the relay does not serve the endpoint. Final: the agent does not try again; it does, soon, if not.
	EndpointRefused struct {
		At       time.Time
		Endpoint string
		Failure  inspect.Failure // with its code and the remedy
		Final    bool
	}
	// RequestBegan: a request has arrived, a visitor's or a replay.
	RequestBegan struct {
		At             time.Time
		ID             inspect.ID
		Endpoint       string
		Client         netip.AddrPort // the visitor
		Method, Target string
		ReplayOf       inspect.ID // "": no replay
	}
	// RequestEnded: both the request and its answer are over. At is still when the request began.
	RequestEnded struct {
		RequestBegan
		Duration time.Duration
		Status   int              // of the answer; 0: there was none
		Failure  *inspect.Failure // nil: the answer was passed on whole
	}
	// ConnectionBegan: a visitor has come to a tcp or tls endpoint.
	ConnectionBegan struct {
		At       time.Time
		ID       inspect.ID
		Endpoint string
		Client   netip.AddrPort // the visitor
	}
	// ConnectionEnded: the connection is over. At is still when it began.
	ConnectionEnded struct {
		ConnectionBegan
		Duration time.Duration
		Failure  *inspect.Failure // nil: both directions ended as a whole
	}
	// VisitorTurned: the relay has turned a visitor away because of the endpoint's policy. It tells at most 20 a second; Status counts the others, too.
	VisitorTurned struct {
		inspect.Turned
		Endpoint string
	}
	// Missed: the reader was late, and Count events were dropped here, the oldest it had not taken.
	Missed struct{ Count int }
	// Stopped: Run has ended, and returned Err. It is the last event.
	Stopped struct {
		At  time.Time
		Err error
	}
)

func (SessionOnline) event()   {}
func (SessionDown) event()     {}
func (EndpointOnline) event()  {}
func (EndpointRefused) event() {}
func (RequestBegan) event()    {}
func (RequestEnded) event()    {}
func (ConnectionBegan) event() {}
func (ConnectionEnded) event() {}
func (VisitorTurned) event()   {}
func (Missed) event()          {}
func (Stopped) event()         {}

// waiting is how many events wait for a reader before the oldest are dropped.
const waiting = 1024

// Events returns what happens from now on, for one loop:
//
//	for e := range a.Events(ctx) {
//		switch e := e.(type) {
//		case agent.EndpointOnline:
//			…
//		}
//	}
//
// The loop ends when ctx does, and behind Stopped when Run has ended. A reader never makes the agent wait: 1,024 events wait for it, and when it is
// later than that it is told how many it has Missed. Each call has events of its own; nothing needs to be recorded for them.
func (a *Agent) Events(ctx context.Context) iter.Seq[Event] {
	r := a.events.join()
	stop := context.AfterFunc(ctx, r.leave) // a loop that never begins
	return func(yield func(Event) bool) {
		defer r.leave()
		defer stop()
		for {
			e, ok := r.next(ctx)
			if !ok || !yield(e) {
				return
			}
		}
	}
}

// events has the readers. The zero value is ready; a nil one has none.
type events struct {
	n    atomic.Int32 // of readers: where there are none, events cost nothing
	mu   sync.Mutex
	all  map[*reader]struct{}
	over bool
}

// reader is one call of Events. The hub's lock guards what is behind the blank line.
type reader struct {
	hub  *events
	wake chan struct{}

	queue  []Event
	missed int
	over   bool
}

func (h *events) wanted() bool { return h != nil && h.n.Load() > 0 }

func (h *events) join() *reader {
	r := &reader{hub: h, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.over = h.over; r.over {
		return r
	}
	if h.all == nil {
		h.all = map[*reader]struct{}{}
	}
	h.all[r] = struct{}{}
	h.n.Add(1)
	return r
}

// tell gives e to all readers; it never blocks. After Stopped there is nothing to tell.
func (h *events) tell(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, last := e.(Stopped)
	h.over = h.over || last
	for r := range h.all {
		if len(r.queue) == waiting {
			r.queue[0] = nil
			r.queue = r.queue[1:]
			r.missed++
		}
		r.queue = append(r.queue, e)
		r.over = last
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	if last {
		h.all = nil
		h.n.Store(0)
	}
}

// next waits for an event. False: there will be none.
func (r *reader) next(ctx context.Context) (Event, bool) {
	for ctx.Err() == nil {
		if e, ok := r.take(); ok {
			return e, e != nil
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
		}
	}
	return nil, false
}

// take returns the next event; nil and true: there will be none.
func (r *reader) take() (Event, bool) {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	switch {
	case r.missed > 0:
		e := Missed{r.missed}
		r.missed = 0
		return e, true
	case len(r.queue) > 0:
		e := r.queue[0]
		r.queue[0] = nil
		r.queue = r.queue[1:]
		return e, true
	}
	return nil, r.over
}

// leave ends the reader; more than once is fine.
func (r *reader) leave() {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	r.queue, r.missed, r.over = nil, 0, true
	if _, ok := r.hub.all[r]; ok {
		delete(r.hub.all, r)
		r.hub.n.Add(-1)
	}
}

// The agent's events, told where they happen.

// tellOnline tells of s, which Status knows already: who hears of it may act on it. Agent.mu is held.
func (a *Agent) tellOnline(s *session) {
	w := s.welcome
	a.events.tell(SessionOnline{At: time.Now(), Relay: a.o.Relay, Account: w.Account, Plan: w.Plan, Region: w.Region})
}

func (a *Agent) tellDown(why error, wait time.Duration) {
	now := time.Now()
	a.events.tell(SessionDown{At: now, Err: why, NextTry: now.Add(wait)})
}

func (a *Agent) tellBound(ep *endpoint, url string) {
	a.events.tell(EndpointOnline{At: time.Now(), Endpoint: ep.Name, URL: url})
}

// tellRefused tells ep.failure. Agent.mu is held.
func (a *Agent) tellRefused(ep *endpoint) {
	a.events.tell(EndpointRefused{At: time.Now(), Endpoint: ep.Name, Failure: *ep.failure, Final: ep.fatal != nil})
}

// began tells that x begins, and returns what will be told of its end; nil if nobody listens. The head is in l.req.
func (l *lane) began(x *exchange) *RequestEnded {
	if !l.eng.events.wanted() {
		return nil
	}
	b := RequestBegan{
		At: x.begin, ID: exchangeID(x.id), Endpoint: l.ep.Name, Client: x.client,
		Method: string(l.req.Method), Target: string(l.req.Path), ReplayOf: l.replay.origin(),
	}
	l.eng.events.tell(b)
	return &RequestEnded{RequestBegan: b}
}

// began tells that the connection begins, and returns what will be told of its end; nil if nobody listens.
func (p *passage) began() *ConnectionEnded {
	l, x := p.l, p.x
	if !l.eng.events.wanted() {
		return nil
	}
	b := ConnectionBegan{At: x.begin, ID: exchangeID(x.id), Endpoint: l.ep.Name, Client: x.client}
	l.eng.events.tell(b)
	return &ConnectionEnded{ConnectionBegan: b}
}

// ended tells the connection's end, and why it failed if it did.
func (p *passage) ended(failed *inspect.Failure) {
	if e := p.event; e != nil {
		e.Duration, e.Failure = time.Since(e.At), failed
		p.l.eng.events.tell(*e)
	}
}

// answered notes the answer's status.
func (e *RequestEnded) answered(status int) {
	if e != nil {
		e.Status = status
	}
}

// fail notes why the exchange failed; what it was first counts.
func (e *RequestEnded) fail(f *inspect.Failure) {
	if e != nil && e.Failure == nil {
		e.Failure = f
	}
}
