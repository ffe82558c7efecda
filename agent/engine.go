package agent

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/inspect/meter"
)

// engine is what all lanes share.
type engine struct {
	rec      inspect.Recorder // nil: nothing is recorded
	budget   *capture.Budget
	redact   *capture.Redaction
	requests *meter.Meter  // of all endpoints
	errors   atomic.Int64  // of all endpoints, as in theirs
	ailing   chan struct{} // of one: a local service has stopped taking connections
	spawn    func(func())
	log      *slog.Logger
	events   *events
	limits   limits
	means    *means

	stopping atomic.Bool  // new exchanges are refused
	busy     atomic.Int64 // exchanges under way
	idle     chan struct{}
}

// limits are the engine's times. Tests shorten them.
type limits struct {
	dial  time.Duration // to connect to a local service
	trust time.Duration // how long a kept connection is trusted with a request that must not be repeated: local servers close idle ones
	late  time.Duration // how long one local write may block once the response has ended
	taken time.Duration // how long the response's END waits for a write under way, to say TAKEN
}

func newEngine(rec inspect.Recorder, budget *capture.Budget, spawn func(func()), log *slog.Logger) *engine {
	return &engine{
		rec: rec, budget: budget, requests: meter.New(nil), spawn: spawn, log: log, idle: make(chan struct{}, 1), ailing: make(chan struct{}, 1),
		means:  &means{wait: dialWait, log: log},
		limits: limits{dial: dialLocal, trust: time.Second, late: time.Second, taken: 10 * time.Millisecond},
	}
}

// crowd is how many exchanges under way are many: from then on who waits does so without a buffer, which costs a little more than to wait with one.
const crowd = 128

// crowded says that many exchanges are under way.
func (e *engine) crowded() bool { return e.busy.Load() > crowd }

func (e *engine) enter() { e.busy.Add(1) }

// leave ends one exchange and wakes drained when it was the last.
func (e *engine) leave() {
	if e.busy.Add(-1) == 0 {
		select {
		case e.idle <- struct{}{}:
		default:
		}
	}
}

// drained waits until no exchange is under way, or until stop. Set stopping first. lost is called when gone is closed: it ends exchanges that cannot end well.
func (e *engine) drained(stop <-chan time.Time, gone <-chan struct{}, lost func()) bool {
	for e.busy.Load() > 0 {
		select {
		case <-e.idle:
		case <-stop:
			return false
		case <-gone:
			lost()
			gone = nil
		}
	}
	return true
}
