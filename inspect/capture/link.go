package capture

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// Connection is what is known of a connection of a tcp or tls endpoint when its visitor has come. The strings are kept.
type Connection struct {
	ID       inspect.ID
	Endpoint string
	Kind     inspect.Kind // TCP or TLS
	Start    time.Time
	Client   netip.AddrPort
	Host     string // the server name of a TLS hello; "" without one
}

// Link records one connection: who came, what became of it, and how many bytes passed. It keeps none of them, and so takes nothing of the budget. Its methods
// may be called from several goroutines at the same time; each Link must come to Done or Fail. A nil Link records nothing: an endpoint with inspection off.
type Link struct {
	rec    inspect.Recorder
	began  time.Time
	passed [2]atomic.Int64 // by side
	news   atomic.Bool     // bytes have passed of which nobody has been told, and due will tell

	mu        sync.Mutex
	x         *known      // nil when it has ended
	published time.Time   // when last; zero: never
	due       *time.Timer // when it is published next
}

// Connect begins to record a connection, which rec is given as Pending unless it stands or ends within a moment. Without a recorder, or on a nil budget, it
// returns nil.
func (b *Budget) Connect(rec inspect.Recorder, c Connection) *Link {
	if b == nil || rec == nil {
		return nil
	}
	l := &Link{rec: rec, began: time.Now(), x: &known{Exchange: inspect.Exchange{
		ID: c.ID, Kind: c.Kind, Endpoint: c.Endpoint, Start: c.Start, Client: c.Client, Request: inspect.Request{Host: c.Host},
	}}}
	if p, ok := rec.(inspect.Placer); ok {
		l.x.Place = p.Place(l.began)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = time.AfterFunc(moment, l.tell)
	return l
}

// Stands tells that the connection to the local service has been made, which took that long, and publishes Open in a moment.
func (l *Link) Stands(connect time.Duration) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.x == nil {
		return
	}
	l.x.State, l.x.Connect, l.x.Tries = inspect.Open, connect, 1
	l.due.Reset(moment)
}

// Passed tells that n bytes passed: from the visitor on the request's side, from the service on the response's. They are published within a second, together
// with all that passed until then.
func (l *Link) Passed(side inspect.Side, n int) {
	if l == nil || n <= 0 {
		return
	}
	l.passed[side].Add(int64(n))
	if !l.news.Load() && l.news.CompareAndSwap(false, true) {
		l.soon()
	}
}

// soon publishes what has passed a second after the last time.
func (l *Link) soon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.x != nil && !l.published.IsZero() { // the first time is waited for already
		l.due.Reset(max(every-time.Since(l.published), 0))
	}
}

// tell publishes what is known now.
func (l *Link) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.x != nil {
		l.publish()
	}
}

// Done publishes the connection as Done, and ends the link: whatever is called later does nothing.
func (l *Link) Done() { l.finish(inspect.Done, nil) }

// Fail publishes the connection as Failed because of f, and ends the link like Done. f is kept: change nothing in it.
func (l *Link) Fail(f *inspect.Failure) { l.finish(inspect.Failed, f) }

func (l *Link) finish(s inspect.State, f *inspect.Failure) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.x == nil {
		return
	}
	l.due.Stop()
	l.x.State, l.x.Failure = s, f
	l.publish()
	l.x = nil
}

// publish gives the recorder a copy of what is known now. Called with the lock held, so that states reach the recorder in order; Record never blocks.
func (l *Link) publish() {
	l.news.Store(false) // before the counts are read: what passes from now on is told next time
	l.published = time.Now()
	x := *l.x
	x.Duration = max(l.published.Sub(l.began), 0)
	x.Request.Size = l.passed[inspect.RequestSide].Load()
	if x.Tries > 0 {
		x.response.Size = l.passed[inspect.ResponseSide].Load()
		x.Response = &x.response
	}
	l.rec.Record(&x.Exchange)
}
