package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/meter"
	"github.com/adit-tunnel/adit/wire"
)

// Options says how the agent reaches its relay and what it tells of its work.
type Options struct {
	Relay     string           // HOST:PORT of the relay's agents' port, or wss://HOST[:PORT] for a WebSocket to where visitors come in; required
	Proxy     string           // http://, https:// or socks5://[USER:PASSWORD@]HOST[:PORT] on the way to the relay; "": none
	ProxyFrom string           // where Proxy is written, for errors; "": they do not say
	Pin       string           // "sha256:HEX" of the relay CA's public key (SubjectPublicKeyInfo); stands instead of roots and name check
	CA        string           // PEM file of roots; "" with no Pin: the system's
	Token     string           // sent to this relay only
	Version   string           // of the program, told to the relay
	Slot      *Slot            // instance id and remembered ports; nil: an instance for this Agent only
	Legs      int              // TLS connections of a session, 1 to 4, as far as the relay takes them; a crowd makes it more for a while; 0: 1
	GiveUp    time.Duration    // end with *GaveUpError after so long without a session; 0: never
	Embedded  bool             // the relay runs in this process; only worded differently
	Recorder  inspect.Recorder // nil: nothing is recorded
	Log       *slog.Logger     // nil: silent
	Go        func(func())     // starts goroutines; nil: plain go
	Memory    int64            // bytes that the agent may use: a sixteenth for captures under way, half for requests; 0: 16 MiB for captures, no limit for the rest
	Files     int64            // connections and files that it may have open; 0: as many as the system gives
	Grace     time.Duration    // how long exchanges under way may go on after Run's ctx ends; 0: 30 s

	// Values that are never recorded, "[redacted]" in their place: of header fields and trailers by name, and of JSON content by path ($.card.number,
	// $.items[*].token). With paths, content that cannot be read for them is not recorded at all (docs/config.md).
	RedactFields, RedactJSON []string
}

// Endpoint is a public URL to bind and where it leads.
type Endpoint struct {
	Name       string // unique in the agent; "command_line" for one from the command line
	Upstream   string // http://HOST:PORT, https://HOST:PORT, unix:/PATH or file:///DIRECTORY, for Forward; empty for Listen
	Host       string // wanted public host name; "": the relay's choice
	HostHeader string // "" or "preserve": as it came; "rewrite": the upstream's; else literal
	Inspect    bool   // record its exchanges, if the agent has a Recorder
	Policy     string // traffic policy, JSON or YAML, that the relay runs on every request before it comes here; "": none
	Metadata   string // the person's own words about the endpoint, told to the relay

	// Schemes are those of the public URL, "http" and "https"; none: the relay's choice.
	Schemes []string

	// What the service of an Upstream speaks. UpstreamProtocol is "" or "http1", or "http2": to https:// by ALPN, else at once, without TLS. ProxyProtocol is
	// the version of the PROXY protocol, 1 or 2, in front of each local connection, which then is one visitor's; 0: none. The certificate of
	// an https:// or tls:// service is verified only with VerifyUpstream, for the upstream's host name, by the system's roots or those in UpstreamCAs, which
	// implies it. UpstreamCert with UpstreamKey is the certificate to show to the service. The last three are PEM files.
	UpstreamProtocol                       string
	ProxyProtocol                          int
	VerifyUpstream                         bool
	UpstreamCAs, UpstreamCert, UpstreamKey string

	// Protocol is "http" or "" for requests; "tcp" and "tls" for connections, which Forward leads to an Upstream tcp://HOST:PORT, or tls://HOST:PORT for a
	// service to which the agent speaks TLS, unless that is the visitors'. Port is the public port that is wanted of a tcp endpoint; 0: the relay's choice.
	Protocol string
	Port     int

	// Where a tls endpoint's TLS ends: "upstream" or "", which is beyond the tunnel; "agent", with Certificate and Key; "edge", with the relay's certificate.
	// Where it ends before the upstream, ClientCAs have whoever may vouch for the certificate that visitors must show then; those of an http endpoint must show
	// it at the edge. All are PEM files.
	TerminateAt      string
	Certificate, Key string
	ClientCAs        []string

	Description string // what it is, in the person's words: shown on this machine only
}

// FatalError ends Run: trying again cannot help. Code is a wire code (docs/errors.md).
type FatalError struct {
	Code int
	Err  error
}

// GaveUpError ends Run after Options.GiveUp without a session. Last is why the last try failed.
type GaveUpError struct{ Last error }

func (e *FatalError) Error() string  { return e.Err.Error() }
func (e *FatalError) Unwrap() error  { return e.Err }
func (e *GaveUpError) Error() string { return fmt.Sprintf("gave up: %v", e.Last) }
func (e *GaveUpError) Unwrap() error { return e.Last }

// graceDefault is the time of a graceful stop.
const graceDefault = 30 * time.Second

// fill checks o and sets what was left out.
func (o *Options) fill() error {
	if _, err := o.way(); err != nil {
		return err
	}
	if o.Pin != "" && o.CA != "" {
		return errors.New("a pin and a CA file exclude each other")
	}
	if o.Legs < 0 || o.Legs > maxLegs {
		return fmt.Errorf("%d legs: want 1 to %d", o.Legs, maxLegs)
	}
	if o.Log == nil {
		o.Log = silent()
	}
	if o.Go == nil {
		o.Go = func(f func()) { go f() }
	}
	if o.Grace == 0 {
		o.Grace = graceDefault
	}
	return nil
}

// endpoint is an Endpoint at work. The fields behind the first blank line are guarded by Agent.mu.
type endpoint struct {
	Endpoint
	up       *upstream
	listener *Listener // nil: it leads to up
	host     []byte    // value that replaces Host's; nil: preserved
	conns    *meter.Meter
	requests *meter.Meter
	proof    atomic.Int64 // Unix ns of what came last through the relay for it; 0: nothing has
	tally    tally        // of conns
	errors   atomic.Int64 // requests that failed or were answered with 5xx
	health   health       // of up
	end      *tlsEnd      // nil: visitors' TLS does not end here
	askCAs   string       // PEM of ClientCAs, for the edge; "": it asks for no certificate

	url      string
	aliases  []string
	ticket   string
	port     int  // wanted from an embedded relay: the one it had before
	answered bool // bound once, or refused
	failure  *inspect.Failure
	fatal    *FatalError // a refusal that trying again cannot change
	removed  bool        // the program has given it up
	guest    bool        // Start has added it: Run goes on without it
	before   *endpoint   // what it is to take the place of, which is served until it is bound; nil: nothing (any more)

	turned     int64           // visitors whom the relay has turned away
	lastTurned *inspect.Turned // nil: none
}

// newEndpoint makes one that leads to a URL.
func newEndpoint(e Endpoint) (*endpoint, error) {
	if e.Upstream == "" {
		return nil, fmt.Errorf("endpoint %q: no upstream to forward to; want one such as http://HOST:PORT, or Listen", e.Name)
	}
	if e.Protocol != "" && e.Protocol != wire.ProtocolHTTP {
		return newPassing(e)
	}
	up, err := parseUpstream(e.Upstream)
	if err == nil {
		err = up.equip(&e)
	}
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", e.Name, err)
	}
	return webEndpoint(e, up)
}

// newListening makes one that leads to l.
func newListening(e Endpoint, l *Listener) (*endpoint, error) {
	if e.Upstream != "" {
		return nil, fmt.Errorf("endpoint %q: a listener has no upstream, but %q is given; Forward leads there", e.Name, e.Upstream)
	}
	if e.Protocol != "" && e.Protocol != wire.ProtocolHTTP {
		return nil, fmt.Errorf("endpoint %q: a listener takes the connections of http endpoints, not of %s ones; Forward leads those to a service", e.Name, e.Protocol)
	}
	ep, err := webEndpoint(e, &upstream{addr: "the program's listener"})
	if err != nil {
		return nil, err
	}
	ep.listener = l
	return ep, nil
}

// webEndpoint makes one for requests.
func webEndpoint(e Endpoint, up *upstream) (*endpoint, error) {
	if e.Port != 0 || e.TerminateAt != "" || e.Certificate != "" || e.Key != "" {
		return nil, fmt.Errorf("endpoint %q: Port, TerminateAt, Certificate and Key mean nothing to an http endpoint; want a tcp or a tls one", e.Name)
	}
	ep, err := endpointTo(e, up)
	if err != nil {
		return nil, err
	}
	return ep, ep.askAtEdge()
}

func endpointTo(e Endpoint, up *upstream) (*endpoint, error) {
	if e.Name == "" {
		return nil, errors.New("an endpoint needs a name")
	}
	if err := fits(&e, ""); err != nil {
		return nil, err
	}
	for _, s := range e.Schemes {
		if s != "http" && s != "https" {
			return nil, fmt.Errorf("endpoint %q: the scheme %q is none of a public URL; want http, https or both", e.Name, s)
		}
	}
	ep := &endpoint{Endpoint: e, up: up, conns: meter.New(nil), requests: meter.New(nil)}
	switch h := e.HostHeader; h {
	case "", "preserve":
	case "rewrite":
		if up.host == "" {
			return nil, fmt.Errorf("endpoint %q: a listener has no host name to write into Host; want a literal one, or preserve", e.Name)
		}
		ep.host = []byte(up.host)
	default:
		if !validHost(h) {
			return nil, fmt.Errorf("endpoint %q: host header %q is not a host name", e.Name, h)
		}
		ep.host = []byte(h)
	}
	return ep, nil
}

// maxSpelled is how much of a Bind an endpoint's own words may take.
const maxSpelled = wire.MaxMessage - 4096

// fits says whether the relay can be told of e, whose visitors the edge asks for certificates of cas. What does not fit is never told: the endpoint would be
// waited for without end.
func fits(e *Endpoint, cas string) error {
	if n := spelled(e.Policy) + spelled(e.Metadata) + spelled(cas); n > maxSpelled {
		return fmt.Errorf("endpoint %q: policy, metadata and authorities take %d bytes in a message to the relay; at most %d are taken", e.Name, n, maxSpelled)
	}
	return nil
}

// spelled is how long a text is as JSON.
func spelled(s string) int {
	b, _ := json.Marshal(s) // a string always marshals
	return len(b)
}

// proven notes that something came the whole way through the relay.
func (ep *endpoint) proven(at time.Time) { ep.proof.Store(at.UnixNano()) }

// lastProof is when that was; zero: never.
func (ep *endpoint) lastProof() time.Time {
	if ns := ep.proof.Load(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}

// validHost keeps what would split a head out of a literal Host.
func validHost(h string) bool {
	return strings.IndexFunc(h, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`/\?#@,"`, r) }) < 0
}
