// Package capture is the tap: it copies what passes, within budgets, and never blocks the traffic.
//
// A Tap belongs to one exchange. Whoever forwards calls its methods with the bytes that pass; the tap copies what the Budget allows, counts
// the rest, and gives the recorder a new immutable Exchange when the exchange has come a step further, at most some milliseconds later:
//
//	tap := budget.Start(recorder, capture.Begin{ID: id, Head: head, …})   // Pending
//	tap.RequestBody(p); tap.RequestEnd(nil)
//	tap.ResponseHead(capture.Head{Status: 200, Reason: "OK", Bytes: head}) // Open
//	tap.ResponseBody(p); tap.ResponseEnd(nil)
//	tap.Done()                                                             // Done, or tap.Fail(f)
//
// Every tap must come to Done or Fail: only then is its part of the budget free again.
//
// Content that memory does not hold goes on to a recorder that is an inspect.Spiller. What neither takes is counted, and its last bytes are kept apart. What a
// Redaction names is replaced before anything leaves the tap.
//
// A Link is the tap of a connection of a tcp or tls endpoint: it counts, and copies nothing.
package capture

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// How often an exchange is published again while content flows. It happens when bytes pass, so what has come since the last time may
// be seen only with the next bytes; event streams and upgraded connections, which people watch, are published more eagerly, and when nothing follows, too.
const (
	every       = time.Second
	everyEvents = 200 * time.Millisecond
)

// clipped is how much of a target is kept when there is no room for the head.
const clipped = 256

// Begin is what is known of an exchange when its request head has arrived. The strings are kept, Head is copied.
type Begin struct {
	ID       inspect.ID
	Endpoint string
	Start    time.Time
	Client   netip.AddrPort
	Method   string
	Target   string
	Host     string
	Head     []byte
	Whole    bool // no content follows the head
	ReplayOf inspect.ID
	Edited   bool       // with ReplayOf: it is not what was recorded
	Resigned bool       // with ReplayOf: it was signed anew
	To       string     // with ReplayOf: URL of what it goes to; "": where the endpoint leads
	Redact   *Redaction // nil: nothing
}

// Tap records one exchange. Its methods may be called from the two goroutines of the exchange (request side, response side) at the same
// time; they copy what they are given before they return. The zero Tap takes everything and records nothing: an endpoint with inspection off.
type Tap struct {
	tap  *tap
	turn uint64
}

// tap is what is behind a Tap. When the exchange has ended it takes its next turn with another one, and a Tap of a turn before does nothing: whatever comes
// late is nobody else's, and an exchange costs no memory but what is kept of it.
type tap struct {
	mu    sync.Mutex
	turn  uint64
	waits bool // among the Budget's news
	state
}

// state is of one turn.
type state struct {
	budget *Budget
	rec    inspect.Recorder
	redact *Redaction
	began  time.Time

	held      int           // bytes taken from the budget
	published time.Time     // when last
	news      bool          // something has happened since that is to be published soon
	every     time.Duration // how long after that content publishes again
	due       *time.Timer   // of a stream: it will be published by itself; nil: there is nothing new
	x         *known        // nil when it has ended
	hasRes    bool
	reqBody   body
	resBody   body
	spoke     *times // of a stream: the side of which content passed last
}

// taps are those without an exchange.
var taps = sync.Pool{New: func() any { return new(tap) }}

// Records says that h is not the zero Tap.
func (h Tap) Records() bool { return h.tap != nil }

// lock returns the tap, locked; nil when its exchange has ended, or is not recorded.
func (h Tap) lock() *tap {
	if h.tap == nil {
		return nil
	}
	h.tap.mu.Lock()
	if h.turn != h.tap.turn {
		h.tap.mu.Unlock()
		return nil
	}
	return h.tap
}

// known is what is known of an exchange, but for its bodies and how long it takes.
type known struct {
	inspect.Exchange
	response inspect.Response
}

// Start begins an exchange, for which rec will be given it as Pending; a replay, for which somebody waits, at once. Without a recorder, or on a nil budget,
// it returns the zero Tap.
func (b *Budget) Start(rec inspect.Recorder, x Begin) Tap {
	if b == nil || rec == nil {
		return Tap{}
	}
	began := time.Now()
	t := taps.Get().(*tap)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state = state{budget: b, rec: rec, redact: x.Redact, began: began, published: began, every: every}
	t.x = &known{Exchange: inspect.Exchange{
		ID: x.ID, Endpoint: x.Endpoint, Start: x.Start, Client: x.Client, ReplayOf: x.ReplayOf, Edited: x.Edited, Resigned: x.Resigned, To: x.To,
		Request: inspect.Request{Method: x.Method, Target: x.Target, Host: x.Host},
	}}
	t.reqBody = body{side: inspect.RequestSide, pass: t.redact.requestPass(x.Head)}
	// The strings repeat parts of the head, and count with it.
	if !t.head(&t.x.Request.Message, x.Head, len(x.Target)+len(x.Host)) {
		t.x.Request.Target = strings.Clone(x.Target[:min(len(x.Target), clipped)])
	}
	t.x.Request.Whole = x.Whole
	if p, ok := rec.(inspect.Placer); ok {
		t.x.Place = p.Place(began)
	}
	if x.ReplayOf != "" {
		t.publish(began)
	} else {
		b.soon(t)
	}
	return Tap{t, t.turn}
}

// RequestBody tells content of the request that passes, without transfer coding.
func (h Tap) RequestBody(p []byte) {
	t := h.lock()
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	t.flow(&t.reqBody, p)
}

// RequestEnd tells that the request's content is over, with its trailer lines if there are any. While no answer has come it publishes: the request
// can be read and replayed from now on.
func (h Tap) RequestEnd(trailers []byte) {
	t := h.lock()
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	t.end(&t.x.Request.Message, &t.reqBody, trailers)
	if t.x.State == inspect.Pending {
		t.budget.soon(t)
	}
}

// Head is what is known of an exchange when its response head has arrived. Reason is kept, Bytes is copied.
type Head struct {
	Status  int
	Reason  string
	Bytes   []byte
	Made    bool          // by the agent
	Wait    time.Duration // from the last request byte to this head
	Connect time.Duration // to dial; 0: a kept connection
	Tries   int           // how often the request was written
}

// ResponseHead tells the response's head and publishes Open. Interim (1xx) heads are not told; a further head replaces what was told of the
// response before.
func (h Tap) ResponseHead(r Head) {
	t := h.lock()
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	t.x.State, t.x.Wait, t.x.Connect, t.x.Tries = inspect.Open, r.Wait, r.Connect, r.Tries
	t.resBody.close()
	t.hasRes, t.resBody = true, body{side: inspect.ResponseSide, pass: t.redact.responsePass(r.Bytes), spent: t.resBody.over != nil}
	t.x.response = inspect.Response{Status: r.Status, Reason: r.Reason, Made: r.Made}
	t.head(&t.x.response.Message, r.Bytes, 0)
	t.budget.soon(t)
	if isMedia(r.Bytes, "text/event-stream") {
		t.resBody.times = &times{}
		t.streams()
	}
}

// ResponseBody tells content of the response that passes, without transfer coding.
func (h Tap) ResponseBody(p []byte) {
	t := h.lock()
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	t.flow(&t.resBody, p)
}

// ResponseEnd tells that the response's content is over, with its trailer lines if there are any.
func (h Tap) ResponseEnd(trailers []byte) {
	t := h.lock()
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	t.end(&t.x.response.Message, &t.resBody, trailers)
}

// Upgraded tells that the connection has been upgraded (101) and publishes Open. What passes from now on is told as content of both sides.
func (h Tap) Upgraded() {
	t := h.lock()
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	t.x.Upgraded, t.x.State = true, inspect.Open
	for _, b := range []*body{&t.reqBody, &t.resBody} {
		b.times = &times{}
		if t.redact.reads() {
			b.refuse() // what is in it cannot be told apart
		}
	}
	t.budget.soon(t)
	t.streams()
}

// Done publishes the exchange as Done, gives its part of the budget back and ends the tap: whatever is called later does nothing.
func (h Tap) Done() { h.finish(inspect.Done, nil) }

// Fail publishes the exchange as Failed because of f, and ends the tap like Done. f is kept: change nothing in it.
func (h Tap) Fail(f *inspect.Failure) { h.finish(inspect.Failed, f) }

func (h Tap) finish(s inspect.State, f *inspect.Failure) {
	t := h.lock()
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	t.x.State, t.x.Failure = s, f
	t.reqBody.close()
	t.resBody.close()
	if t.due != nil {
		t.due.Stop()
	}
	t.complete(t.x, time.Now())
	t.rec.Record(&t.x.Exchange)
	t.budget.give(t.held)
	t.turn, t.state = t.turn+1, state{} // the recorder owns what was captured
	if !t.waits {
		taps.Put(t)
	}
}
