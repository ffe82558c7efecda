package wire

// Names of messages. An answer repeats the id of what it answers, on the same leg. Fields are only added, and names are never used again for something
// else; integers stay below 2⁵³, 64-bit values are decimal strings.
const (
	MsgAuth       = "Auth"       // agent: first on a session's first connection → Welcome, Fatal
	MsgLeg        = "Leg"        // agent: first on a further connection → Welcome, Fatal
	MsgWelcome    = "Welcome"    // relay
	MsgFatal      = "Fatal"      // both: the receiver closes at once
	MsgBind       = "Bind"       // agent → Bound, Refusal
	MsgBound      = "Bound"      // relay
	MsgRefusal    = "Refusal"    // relay
	MsgUnbind     = "Unbind"     // agent → Unbound
	MsgUnbound    = "Unbound"    // relay
	MsgRebound    = "Rebound"    // relay
	MsgStats      = "Stats"      // relay → StatsAck
	MsgStatsAck   = "StatsAck"   // agent
	MsgTurned     = "Turned"     // relay
	MsgDrain      = "Drain"      // both → Drained
	MsgDrained    = "Drained"    // both
	MsgSuperseded = "Superseded" // relay
	MsgNotice     = "Notice"     // both
)

// Message is one MSG frame.
type Message struct {
	Type string // Msg…
	ID   int64  // 0: no answer is wanted
	Body any    // pointer to the struct that Type names; json.RawMessage when the type is not known, to be ignored
}

// Auth is how an agent begins a session.
type Auth struct {
	Token    string   `json:"token"`    // "": none, which a relay on loopback may accept
	Instance string   `json:"instance"` // of the slot: random, kept in the state directory; 1 to 128 visible ASCII characters
	Version  string   `json:"version"`  // of the agent
	OS       string   `json:"os"`       // such as "linux/amd64"
	Features []string `json:"features,omitempty"`
}

// Join begins a further leg of a session (its name on the wire is Leg).
type Join struct {
	Session string `json:"session"` // from Welcome
	Secret  string `json:"secret"`  // from Welcome
	Version string `json:"version"`
	Spare   bool   `json:"spare,omitempty"` // made for a crowd: the relay ends it when the crowd has gone
}

// Welcome is the relay's yes to Auth or Leg.
type Welcome struct {
	Account  string           `json:"account"`
	Plan     string           `json:"plan"`
	Region   string           `json:"region"`
	Relay    string           `json:"relay"` // the relay's id
	Version  string           `json:"version"`
	Time     int64            `json:"time,omitempty"` // the relay's clock, milliseconds since the Unix epoch
	Session  string           `json:"session"`
	Secret   string           `json:"secret,omitempty"` // what a further leg shows
	Legs     int              `json:"legs"`             // wanted
	Limits   map[string]int64 `json:"limits,omitempty"` // "endpoints" and "legs" of the session, "streams" of a leg at once; of the plan "sessions", "rate", "bandwidth", "session_seconds"
	Features []string         `json:"features,omitempty"`
}

// Fatal ends the session (in answer to Leg: this connection only).
type Fatal struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
	Wait int    `json:"wait,omitempty"` // seconds until the next try; with a code that is not fatal
}

// How a Bind comes about.
const (
	HowStart  = "start"  // a new endpoint
	HowResume = "resume" // after a lost session, with its ticket
	HowMove   = "move"   // from a draining session
)

// Bind asks for an endpoint. It is idempotent by handle.
type Bind struct {
	Handle   uint32 `json:"handle"`             // chosen by the agent, never used again in a session
	Protocol string `json:"protocol"`           // "http", "tcp" or "tls"
	Name     string `json:"name,omitempty"`     // of the endpoint at the agent; part of a random URL's derivation
	Host     string `json:"host,omitempty"`     // wanted host name, whole or the label under the domain alone; "": one derived from account, instance and name
	Port     int    `json:"port,omitempty"`     // wanted port, of a tcp endpoint or an embedded relay; 0: any
	How      string `json:"how"`                // "start", "resume" or "move"
	Ticket   string `json:"ticket,omitempty"`   // the newest that Bound brought for this endpoint; with resume and move
	Pooling  bool   `json:"pooling,omitempty"`  // share the name with other agents; refused by relays that do not offer it
	Policy   string `json:"policy,omitempty"`   // traffic policy, YAML or JSON; refused by relays that do not run it
	Metadata string `json:"metadata,omitempty"` // the agent's own words for the endpoint

	Schemes   []string `json:"schemes,omitempty"`    // that an http endpoint's URL may be called by: "http", "https"; none: the relay's choice
	Terminate bool     `json:"terminate,omitempty"`  // a tls endpoint's TLS ends at the relay, not behind it
	ClientCAs string   `json:"client_cas,omitempty"` // PEM: who vouches for the certificate that a visitor must show where TLS ends at the relay; "": none is asked for
}

// Protocols of endpoints, as Bind names them.
const (
	ProtocolHTTP = "http" // requests, over http, https and HTTP/2
	ProtocolTCP  = "tcp"  // connections, on a port of its own
	ProtocolTLS  = "tls"  // connections, found by the server name in the visitor's TLS hello
)

// Bound is the relay's yes to Bind.
type Bound struct {
	Handle  uint32   `json:"handle"`
	URL     string   `json:"url"`
	Aliases []string `json:"aliases,omitempty"`
	Epoch   string   `json:"epoch"`            // u64: higher than any before for this name
	Ticket  string   `json:"ticket,omitempty"` // proof of having the name, for a later Bind; without meaning to the agent
}

// Refusal is the relay's no to Bind.
type Refusal struct {
	Handle uint32 `json:"handle"`
	Code   Code   `json:"code"`
	Text   string `json:"text"`
}

// Unbind gives an endpoint up.
type Unbind struct {
	Handle uint32 `json:"handle"`
}

// Unbound says that an endpoint is gone, asked for or not.
type Unbound struct {
	Handle uint32 `json:"handle"`
}

// Rebound tells of a change in an endpoint that is bound; what is left out stays.
type Rebound struct {
	Handle  uint32           `json:"handle"`
	URL     string           `json:"url,omitempty"`
	Aliases []string         `json:"aliases,omitempty"`
	Epoch   string           `json:"epoch,omitempty"` // u64
	Policy  string           `json:"policy,omitempty"`
	Limits  map[string]int64 `json:"limits,omitempty"`
}

// Stats has absolute counts per endpoint and epoch, and the durations of connections closed since the acknowledged sequence number, so that nothing
// drifts when a message or a session is lost.
type Stats struct {
	Seq       string          `json:"seq"` // u64: number of the last duration in this message, counted over the session
	Endpoints []EndpointStats `json:"endpoints"`
}

// EndpointStats is one endpoint's part of Stats. A message holds at most 4,096 durations in all.
type EndpointStats struct {
	Handle    uint32  `json:"handle"`
	Epoch     string  `json:"epoch"`               // u64: that of Bound, or an older one of this endpoint
	Opened    int64   `json:"opened"`              // connections since the Bound with this epoch, absolute
	Open      int64   `json:"open"`                // now
	First     string  `json:"first,omitempty"`     // u64: number of the first duration below
	Durations []int64 `json:"durations,omitempty"` // µs, of closed connections, oldest first
}

// StatsAck says up to which duration the agent has counted.
type StatsAck struct {
	Seq string `json:"seq"` // u64: that of Stats
}

// Turned tells of visitors turned away before the tunnel, at most 20 a second; the rest is a count.
type Turned struct {
	Handle   uint32          `json:"handle"`
	Visitors []TurnedVisitor `json:"visitors,omitempty"`
	More     int64           `json:"more,omitempty"` // further ones since the last message
}

// TurnedVisitor is one visitor that was turned away.
type TurnedVisitor struct {
	Time   string `json:"time"` // u64: µs since 1970
	Client string `json:"client"`
	Method string `json:"method,omitempty"`
	Host   string `json:"host,omitempty"`
	Path   string `json:"path,omitempty"`
	Status int    `json:"status,omitempty"` // of the answer
	Code   Code   `json:"code,omitempty"`
	Reason string `json:"reason"` // the policy's rule or the limit
}

// Drain says: take no new work.
type Drain struct {
	Reason string `json:"reason,omitempty"`
}

// Drained says: everything under way has ended.
type Drained struct{}

// Superseded tells that another session owns this name now.
type Superseded struct {
	Handle uint32 `json:"handle"`
	Epoch  string `json:"epoch"` // u64: of the session that has the name now
}

// Notice is a text for the person.
type Notice struct {
	Level string `json:"level"` // "info", "warn", "error"
	Code  Code   `json:"code,omitempty"`
	Text  string `json:"text"`
}
