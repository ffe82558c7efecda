package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/inspect/meter"
	"github.com/adit-tunnel/adit/wire"
	"github.com/google/uuid"
)

// Agent keeps one session with one relay. It is an inspect.Observer and Replayer. All methods are safe for concurrent use.
type Agent struct {
	o        Options
	tls      *tls.Config // one for all sessions, so that later ones resume
	way      way
	instance string
	eng      *engine
	forgets  budget.Complaint // about what a slot could not keep
	conns    *meter.Meter     // public connections of all endpoints
	tryNow   chan struct{}
	ready    chan struct{}
	bus      inspect.Bus
	events   events
	dial     dialFunc // to the relay, or what leads to it; tests have their own
	wake     wake
	ids      uint32      // that a leg has; 0: all there are
	reached  atomic.Bool // the relay was, once: the way there is open

	replaying sync.WaitGroup // lanes of replays
	fadings   sync.WaitGroup // of those in fading

	mu        sync.Mutex
	running   bool
	closed    bool
	endpoints []*endpoint             // in the order of Forward
	session   *session                // nil: none is online
	cutTry    context.CancelCauseFunc // of the last try to make one
	fading    []*session              // left, and ended by the relay; the oldest first
	link      linkState
	notice    string // for the person, from whoever runs the agent
	reader    inspect.Reader
	webhooks  []*webhook // a new list for each SetWebhooks
	web       string
	slept     time.Duration
	woke      time.Time
	settled   bool // ready is closed
	replays   map[*lane]struct{}
	stopAt    time.Time // when the grace is over; zero: not stopping
	ended     error     // why there will be no session any more; nil: there may be
}

var (
	_ inspect.Observer = (*Agent)(nil)
	_ inspect.Replayer = (*Agent)(nil)
)

// New checks the options; it starts nothing and dials nothing. The agent owns o.Slot from here on: Close gives it back.
func New(o Options) (*Agent, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	conf, err := o.relayTLS()
	if err != nil {
		return nil, err
	}
	redact, err := capture.NewRedaction(o.RedactFields, o.RedactJSON)
	if err != nil {
		return nil, err
	}
	a := &Agent{o: o, tls: conf, conns: meter.New(nil), tryNow: make(chan struct{}, 1), ready: make(chan struct{}), replays: map[*lane]struct{}{}}
	if a.way, err = o.way(); err != nil {
		return nil, err
	}
	a.dial, a.wake = new(net.Dialer).DialContext, newWake()
	a.instance = uuid.NewString()
	if o.Slot != nil {
		a.instance = o.Slot.Instance()
		o.Slot.tell(a.forgetful)
		if err := o.Slot.Warning(); err != nil {
			o.Log.Warn("agent slot", "err", err)
		}
	}
	means, captures := newMeans(o.Memory, o.Files, o.Log)
	a.eng = newEngine(o.Recorder, captures, o.Go, o.Log)
	a.eng.events, a.eng.means, a.eng.redact = &a.events, means, redact
	a.link.state = inspect.Connecting
	return a, nil
}

// Forward adds an endpoint that leads to e.Upstream; it is bound when the session is up, and again after every reconnect. Call it before Run or
// while it runs. An error says what is wrong with e; a relay's refusal shows in URL, Events and Status (Endpoint.Failure).
func (a *Agent) Forward(e Endpoint) error {
	ep, err := newEndpoint(e)
	if err != nil {
		return err
	}
	return a.add(ep)
}

// Run keeps the session until ctx ends (then it drains: exchanges under way may finish within Options.Grace) or something fatal happens. It
// returns nil after a drain, else a *FatalError or a *GaveUpError. An agent runs once.
func (a *Agent) Run(ctx context.Context) error {
	a.mu.Lock()
	if a.running || a.closed {
		a.mu.Unlock()
		return errors.New("the agent has run already")
	}
	a.running = true
	a.mu.Unlock()
	awake, asked := a.stayAwake(ctx), a.askAiling(ctx)
	err := a.keepSession(ctx)
	a.endFaded()
	a.endReplays()
	awake()
	asked()
	a.stopped(err)
	a.ending(err)
	return err
}

// ending tells whoever waits for something of the agent that it has ended; err is what Run returns.
func (a *Agent) ending(err error) {
	a.closeEndpoints(err)
	a.mu.Lock()
	if a.ended = err; err == nil {
		a.ended = errStopped
	}
	a.mu.Unlock()
	a.events.tell(Stopped{At: time.Now(), Err: err})
	a.bus.Publish()
}

// errStopped is what an agent says that has no Run before it any more.
var errStopped = errors.New("the agent has stopped")

// Ready is closed when every endpoint that had been added before has been bound once, or refused; without any, when the first session is online. It is never
// closed if that does not come to pass: URL waits for one endpoint and says so.
func (a *Agent) Ready() <-chan struct{} { return a.ready }

// Changed is called by the store when an exchange was recorded, so that Watch hints of both; it never blocks.
func (a *Agent) Changed() { a.bus.Publish() }

// graceLeft is how long exchanges under way may still go on; the first call starts the time.
func (a *Agent) graceLeft() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopAt.IsZero() {
		a.stopAt = time.Now().Add(a.o.Grace)
	}
	return time.Until(a.stopAt)
}

// Reconnect tries at once instead of waiting for the next try, or for one that is under way. A session that is up is asked for a sign of life; without one
// within 2 s another is made beside it, and takes its place.
func (a *Agent) Reconnect() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.session != nil {
		notify(a.session.asked)
	}
	if a.cutTry != nil {
		a.cutTry(errCut)
	}
	notify(a.tryNow)
}

// SetReader gives Replay the store to read from. Call it before the first Replay.
func (a *Agent) SetReader(r inspect.Reader) {
	a.mu.Lock()
	a.reader = r
	a.mu.Unlock()
}

// SetWeb tells Status where the local API listens; "" for nowhere.
func (a *Agent) SetWeb(url string) {
	a.mu.Lock()
	a.web = url
	a.mu.Unlock()
	a.bus.Publish()
}

// Close gives the slot back, for the next agent to take up the same identity and ports: call it when Run has ended, and with it all that uses
// the slot's directory.
func (a *Agent) Close() error {
	a.mu.Lock()
	a.closed = true
	never := !a.running
	a.mu.Unlock()
	if never {
		a.ending(nil) // there is no Run to do it
	}
	if a.o.Slot == nil {
		return nil
	}
	return a.o.Slot.Close()
}

// checkReady closes Ready once no endpoint is waiting for its first answer. a.mu is held.
func (a *Agent) checkReady() {
	if a.settled || len(a.endpoints) == 0 && a.session == nil {
		return
	}
	for _, ep := range a.endpoints {
		if !ep.answered {
			return
		}
	}
	a.settled = true
	close(a.ready)
}

// endpointOf returns the endpoint of that name, or nil.
func (a *Agent) endpointOf(name string) *endpoint {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ep := range a.endpoints {
		if ep.Name == name {
			return ep
		}
	}
	return nil
}

// failure words a code for a person; detail, when there is one, is what exactly went wrong.
func failure(code wire.Code, detail string) *inspect.Failure {
	i := code.Info()
	text := i.Text
	if detail != "" && detail != text {
		text += " (" + detail + ")"
	}
	return &inspect.Failure{Code: int(code), Name: i.Name, Text: text, Remedy: i.Remedy}
}

// silent is the logger of an agent that was given none.
func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
