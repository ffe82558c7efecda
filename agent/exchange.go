package agent

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/errorpage"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/wire"
)

// exchange is one request with its response while it is under way. Goroutine A fills it in before B learns of it.
type exchange struct {
	seq     uint32
	id      [16]byte
	tap     capture.Tap   // zero: not recorded
	event   *RequestEnded // nil: nobody listens
	begin   time.Time
	conn    uint64 // public connection
	client  netip.AddrPort
	server  netip.AddrPort // where it has connected to, if the service is told
	public  string         // scheme and host that the visitor asked for, if Host is replaced
	entered bool           // counted
	head    bool           // HEAD
	upgrade bool
	repeat  bool             // GET, HEAD or OPTIONS without content: may be written once more
	pin     bool             // authenticates the connection
	format  errorpage.Format // of a page in the answer's place
	tries   uint16
	connect time.Duration
	keep    buffer // with reused and repeat: the request, kept for writing it once more
	request []byte // within keep

	// tunnel is set by B when 101 was passed on.
	tunnel atomic.Bool
	// bad: it has failed, or was answered with 5xx.
	bad atomic.Bool
	// upRead: the request's END has been read. ended: the response has ended before the request. late: so has it, and the local service may
	// not keep the rest of the request waiting.
	upRead, ended, late atomic.Bool

	// Guarded by lane.mu.
	reused   bool      // on a connection that was kept
	sent     time.Time // the last byte of the request was written then
	upDone   bool      // the request's END has been read, and all before it written or dropped
	downDone bool      // the response's END has been written or is being written
	over     bool      // both, or the lane is dead; whoever sets it ends the exchange
	waiting  bool      // B waits for upDone
}

// record publishes the end of a whole exchange. After fail it does nothing.
func (x *exchange) record() { x.tap.Done() }

// fail publishes the exchange as failed.
func (x *exchange) fail(f *inspect.Failure) {
	x.tap.Fail(f)
	x.event.fail(f)
	x.bad.Store(true)
}

// enter opens the exchange in the books, and starts its record if the endpoint is inspected. The head is in l.up.
func (l *lane) enter(x *exchange) {
	l.ep.requests.Opened(1)
	l.eng.requests.Opened(1)
	l.eng.enter()
	x.entered = true
	if l.replay == nil {
		l.ep.proven(x.begin)
	}
	x.event = l.began(x)
	if !l.ep.Inspect || l.eng.rec == nil {
		return
	}
	b := capture.Begin{
		ID: exchangeID(l.q.ID), Endpoint: l.ep.Name, Start: x.begin, Client: x.client,
		Method: text(l.req.Method), Target: string(l.req.Path), Host: l.hostText(), Head: l.up.out, Whole: l.content.Done(),
		Redact: l.eng.redact,
	}
	if r := l.replay; r != nil {
		b.ReplayOf, b.Edited, b.Resigned, b.To = r.of, r.edited, r.resigned, r.goes()
	}
	x.tap = l.eng.budget.Start(l.eng.rec, b)
}

// text is b as a string. What is in nearly every exchange is not allocated again.
func text(b []byte) string {
	switch string(b) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "OK":
		return "OK"
	}
	return string(b)
}

// leave closes an exchange that entered.
func (l *lane) leave(x *exchange) { l.closeBooks(x.books()) }

// books is what must be known to close an exchange when its place in the lane is another's already.
type books struct {
	entered bool
	bad     bool
	begin   time.Time
	event   *RequestEnded
}

func (x *exchange) books() books { return books{x.entered, x.bad.Load(), x.begin, x.event} }

func (l *lane) closeBooks(b books) {
	if !b.entered {
		return
	}
	d := time.Since(b.begin)
	if b.event != nil {
		b.event.Duration = d
		l.eng.events.tell(*b.event)
	}
	if b.bad {
		l.ep.errors.Add(1)
		l.eng.errors.Add(1)
	}
	l.ep.requests.Closed(d)
	l.eng.requests.Closed(d)
	l.eng.leave()
}

// endFlags is what stands on a response's last frame.
func endFlags(taken bool) wire.Flags {
	if taken {
		return wire.End | wire.Taken
	}
	return wire.End
}
