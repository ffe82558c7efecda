package inspect

import (
	"context"
	"errors"
	"time"
)

// SessionState is the state of the link to the relay.
type SessionState string

// The states of the link. Stopped is final.
const (
	Connecting   SessionState = "connecting"
	Online       SessionState = "online"
	Reconnecting SessionState = "reconnecting"
	Stopped      SessionState = "stopped"
)

// Status is a snapshot of the agent for the faces. Share it, change nothing in it.
type Status struct {
	State     SessionState
	Reason    string    // why Reconnecting or Stopped, in words
	NextTry   time.Time // with Reconnecting
	Attempt   int       // with Connecting and Reconnecting: which try for a session the next one is, or the one under way, from 1
	Account   string
	Plan      string
	Region    string
	Version   string          // of the agent
	Relay     string          // host:port, or "" when embedded
	Embedded  bool            // the relay runs inside this process: URLs are reachable from this machine only
	Latency   time.Duration   // the shortest of Legs; 0: not measured yet
	Legs      []time.Duration // round trips of the connections to the relay; 0: not measured yet
	Proof     time.Time       // when something was last heard on the leg that has been silent longest; Endpoint.Proof says more
	Slept     time.Duration   // how long the machine has slept last, as far as that was noticed
	Woke      time.Time       // when it woke; zero: it has not slept
	Web       string          // URL of the local API, "" when none listens
	Endpoints []Endpoint
	Conns     Meters // public connections, all endpoints together
	Requests  Meters // HTTP requests, all endpoints together
	Notice    string // text for the person, from the relay or about the configuration
	Dropped   int64  // exchanges whose record was dropped because the recorder's queue was full
}

// Endpoint is a public URL that is bound, or being bound.
type Endpoint struct {
	Name     string
	URL      string // "" until bound
	Aliases  []string
	Upstream string // e.g. http://localhost:8000
	Speaks   string // how requests are put to Upstream: http1 or http2; "": it gets connections as they are
	Inspect  bool
	Failure  *Failure  // why it is not bound
	Proof    time.Time // when a request, or the relay's probe, last came the whole way to the agent; zero: none has yet
	Health   Health    // of what Upstream leads to
	Conns    Meters
	Requests Meters

	Description string // what it is, in the person's words

	Turned     int64   // visitors whom the relay has turned away because of the endpoint's policy
	LastTurned *Turned // the last one that was told in full; nil: none
}

// HealthState says whether a local service answers.
type HealthState string

// The states of a local service, as the requests to it have shown. Nobody asks one that has had no request.
const (
	HealthUnknown HealthState = ""
	HealthUp      HealthState = "up"
	HealthDown    HealthState = "down"
)

// Health is how a local service is.
type Health struct {
	State  HealthState
	Since  time.Time // when it came to be so
	Reason string    // with HealthDown: what the last request met, in a word or two, such as "refused"
}

// Turned is a visitor who was turned away by the relay: nothing of the request came to the agent. Its texts are a stranger's.
type Turned struct {
	At     time.Time
	Client string // address
	Method string
	Host   string
	Path   string // without the query
	Status int    // of the answer
	Code   int    // stable number
	Name   string // e.g. AUTH_REQUIRED
	Reason string // the policy's rule, and what was wrong
}

// Proven is the oldest proof of the endpoints that are bound: since then all of them are known to have been reached. Zero: one of them has not
// been yet. ok is false when none is bound.
func (s *Status) Proven() (at time.Time, ok bool) {
	for _, e := range s.Endpoints {
		if e.URL == "" || e.Failure != nil {
			continue
		}
		if !ok || e.Proof.Before(at) {
			at = e.Proof
		}
		ok = true
	}
	return at, ok
}

// Meters are the figures ngrok's screen and API show. Rates are per second.
type Meters struct {
	Count                int64 // ttl
	Open                 int64 // opn
	Errors               int64 // of requests: how many have failed, or were answered with a status of 500 or more
	Rate1, Rate5, Rate15 float64
	P50, P90, P95, P99   time.Duration
}

// Hint says that something changed, in the store or of the status. The store is the truth: read again. Hints are lossy and coalesced.
type Hint struct{}

// Recorder takes exchanges. Record never blocks: when its queue is full, detail is dropped and counted, never traffic. A Recorder that is a Spiller, too,
// takes content that is too large for memory.
type Recorder interface {
	Record(x *Exchange)
}

// Placer is a Recorder that lists exchanges in the order in which they arrived, although the first it hears of one may come some milliseconds later.
type Placer interface {
	// Place gives an exchange that has arrived at this time its place behind all that have got one. It never blocks.
	Place(at time.Time) (place uint64)
}

// Observer tells the agent's state and hints of changes.
type Observer interface {
	Status() Status
	// Watch returns a channel of hints (capacity 1, coalesced: a reader that is late gets the newest only) and a function that ends it.
	Watch() (hints <-chan Hint, stop func())
}

// Controller changes what the agent does.
type Controller interface {
	// Reconnect tries at once to have a session, or to prove the one there is.
	Reconnect()
	// Start binds one more endpoint and returns it when it has its URL, or has been refused, or when ctx ends: then the agent does not have it. The error is
	// or wraps a *DefinitionError, ErrExists, ErrNoSession, or the relay's *Failure.
	Start(ctx context.Context, d Definition) (Endpoint, error)
	// Stop gives an endpoint and its URL back; exchanges under way end where they are. The error wraps ErrNoEndpoint when there is none of that name.
	Stop(ctx context.Context, name string) error
}

// DefinitionKind is the shape of a Definition.
type DefinitionKind string

// The shapes of definitions.
const (
	TunnelDefinition   DefinitionKind = "tunnel"   // one of "tunnels" in ngrok's configuration, version 2
	EndpointDefinition DefinitionKind = "endpoint" // one of "endpoints", version 3
)

// Definition is an endpoint as somebody defined it at the local API.
type Definition struct {
	Kind    DefinitionKind
	Name    string
	JSON    []byte // the object as it came
	Replace bool   // takes the place of an endpoint of that name, which comes back when this one is refused
}

// DefinitionError says what is wrong with a Definition. Key is the key with the mistake, "" for the whole.
type DefinitionError struct{ Key, Text string }

// Error returns the key and the text.
func (e *DefinitionError) Error() string {
	if e.Key == "" {
		return e.Text
	}
	return e.Key + ": " + e.Text
}

// What a Controller may answer.
var (
	ErrNoSession  = errors.New("there is no session with the relay yet") // asking again later can help
	ErrNoEndpoint = errors.New("there is no endpoint")
	ErrExists     = errors.New("exists already")
)
