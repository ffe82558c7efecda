// Package edge is the public side: it reads visitors' requests, finds who serves them, and passes the answers back.
//
// It serves plain HTTP/1.1 with a connection loop of its own over http1: one goroutine for each public connection reads a head, asks the
// registry who serves it, begins an exchange there, and writes what comes back. A second goroutine reads the request's content when not all of
// it came with the head. Heads, content, chunk borders and trailers pass as they came, but for hop-by-hop and forwarding fields. What goes
// wrong is answered with a page that names the hop that failed and a stable code.
//
//	s := edge.New(edge.Options{Registry: reg})
//	go s.Serve(ctx, ln, 0)
//	…
//	s.Shutdown(ctx) // always, also when Serve's ctx has ended
//
// Time limits are held by one sweeper for all connections, which looks at a few atomic words of each; no request pays for a timer.
package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/relay/registry"
)

// Options says whom to serve and within which limits. Only Registry is required.
type Options struct {
	Registry  *registry.Registry
	Trust     []netip.Prefix   // peers whose forwarding fields are believed
	Log       *slog.Logger     // nil: silent
	AccessLog io.Writer        // one logfmt line per request; nil: none. A slow writer loses lines, never traffic
	Go        func(func())     // starts goroutines; nil: plain go
	Now       func() time.Time // nil: time.Now; for the start and duration of requests, not for the limits

	// Certificate finds what ServeTLS shows; nil: it cannot be called. The hello's ServerName is canonical, or "" for a visitor who names none. No certificate
	// and no error: the name is not served here.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	Agents      func(net.Conn)                                   // takes the connections that want to speak wire.ALPN on the TLS port; nil: they are refused
	Challenge   func(host, path string) (answer string, ok bool) // answers ACME's HTTP-01 (RFC 8555, 8.3) on Serve's listeners; nil: nobody does
	Challenged  func(name string) bool                           // a CA looks for a proof at a canonical name now: else acme-tls/1 there is a tls endpoint's own; nil: no CA does
	Redirect    int                                              // the port of https that Serve's visitors are sent to; 0: to none
	RedirectAll bool                                             // … but for endpoints that want http; else only for those that want https alone
	HSTS        time.Duration                                    // what answers over TLS promise (RFC 6797), unless the service does; 0: nothing

	Memory *budget.Budget // of connections; nil: as much as they want
	Files  *budget.Budget // of connections, each of which takes one; nil: as many as come

	Head   time.Duration // for a request head, and for the first byte of a connection; 0: 10 s
	Idle   time.Duration // between requests; 0: 75 s
	Body   time.Duration // without a byte of the request's content, while it is wanted and no response has begun; 0: 30 s
	Reader time.Duration // a visitor that takes nothing of its answer; 0: 60 s
	Late   time.Duration // at a stop: how long a request may still come on a connection that waits for one; twice that since its last; 0: 1 s

	// Door takes a request over that asks for an upgrade at wire.SocketPath of a host without an endpoint: an agent's, with http.Hijacker. Its RemoteAddr is
	// the client's, as Trust knows him. nil: there is no such door.
	Door http.HandlerFunc

	// Share is how many connections one address, or one /64 of IPv6, may have; 0: 1,000; negative: any number. Loopback and Trust are nobody's address.
	Share int

	// PortsCarry: all endpoints with a port of their own are tcp or tls ones, so that who comes while none has the port need not be read like HTTP.
	PortsCarry bool
}

// Server serves HTTP, and connections of tcp and tls endpoints, on any number of listeners. New makes one.
type Server struct {
	registry *registry.Registry
	trust    atomic.Pointer[[]netip.Prefix]
	log      *slog.Logger
	run      func(func())
	now      func() time.Time
	lim      limits
	newLim   atomic.Pointer[limits] // that the sweeper takes over at its next tick
	access   *accessLog
	count    counters
	visitors visitors

	tls         *tlsEnd      // nil: none
	h2          *http.Server // above it
	hand        *handoff     // leads there
	agents      func(net.Conn)
	door        http.HandlerFunc
	challenge   func(host, path string) (string, bool)
	challenged  func(name string) bool
	redirect    int
	redirectAll bool
	hsts        string // the field line; "": none

	memory, files *budget.Budget
	long          *budget.Budget // memory's part that long heads may have
	portsCarry    bool
	turning       atomic.Int32     // visitors that are being turned away
	full, short   budget.Complaint // about visitors that are turned away, and those that cannot be accepted

	clock    atomic.Int64  // running time in ns, advanced by the sweeper; never 0 once it runs
	lastConn atomic.Uint64 // public connection ids
	stopping atomic.Bool
	stopAt   atomic.Int64  // when that began; 0: it has not
	silence  atomic.Int64  // how long visitors may be silent after that; 0: as lim.late has it
	wake     chan struct{} // a connection came while there was none

	// begin is given to every Begin: exchanges outlive the Serve that took their connection in, and end with cut.
	begin context.Context
	cut   context.CancelFunc

	mu        sync.Mutex
	started   bool
	listeners map[net.Listener]struct{}
	accepting sync.WaitGroup
	conns     map[*conn]struct{}
	barren    barren
	carried   map[*carried]struct{}
	tunnels   int           // connections that are carried, or about to be: from when they are let in, or are no conn any more
	closed    bool          // no connection comes any more
	empty     chan struct{} // closed when that is so and none is left
	stop      chan struct{} // ends the sweeper and the access log
	helpers   sync.WaitGroup
}

// New makes a server; it starts nothing.
func New(o Options) *Server {
	s := &Server{
		registry:   o.Registry,
		log:        o.Log,
		run:        o.Go,
		now:        o.Now,
		lim:        newLimits(o),
		access:     newAccessLog(o.AccessLog),
		count:      newCounters(),
		door:       o.Door,
		memory:     o.Memory,
		files:      o.Files,
		portsCarry: o.PortsCarry,
		wake:       make(chan struct{}, 1),
		listeners:  map[net.Listener]struct{}{},
		conns:      map[*conn]struct{}{},
		carried:    map[*carried]struct{}{},
		visitors:   visitors{open: map[netip.Addr]int{}},
		empty:      make(chan struct{}),
		stop:       make(chan struct{}),

		agents: o.Agents, challenge: o.Challenge, challenged: o.Challenged, redirect: o.Redirect, redirectAll: o.RedirectAll, hsts: hstsLine(o.HSTS),
	}
	if o.Memory != nil {
		s.long = budget.New(o.Memory.Size() / longShare)
	}
	s.trust.Store(&o.Trust)
	s.visitors.setShare(o.Share)
	s.begin, s.cut = context.WithCancel(context.Background())
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.run == nil {
		s.run = func(f func()) { go f() }
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.clock.Store(1)
	if o.Certificate != nil {
		s.tls, s.h2, s.hand = newTLSEnd(s, o.Certificate), s.newH2(), newHandoff()
	}
	return s
}

// Serve accepts on ln, which it closes, until Shutdown or ctx's end, and returns nil then; connections go on until Shutdown. port 0: requests are
// routed by Host; else all go to the endpoint with that port of its own, as requests or as they are, whichever it has. Any number of Serves may run at once. Keepalive and what the kernel buffers are
// options of ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener, port int) error {
	return s.serve(ctx, ln, entrance{port: port})
}

// ServeTLS is Serve for TLS: browsers, agents and tls endpoints share ln, by what the visitor's hello says (RFC 6066, 3; RFC 7301). It needs Options.Certificate.
func (s *Server) ServeTLS(ctx context.Context, ln net.Listener) error {
	if s.tls == nil {
		return errors.Join(errNoCertificate, ln.Close())
	}
	return s.serve(ctx, ln, entrance{tls: true})
}

// errNoCertificate is a mistake of who calls ServeTLS.
var errNoCertificate = errors.New("edge: ServeTLS without Options.Certificate")

func (s *Server) serve(ctx context.Context, ln net.Listener, e entrance) error {
	if !s.take(ln) {
		return ln.Close()
	}
	defer s.forget(ln)
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	return s.accept(ctx, ln, e)
}

// take registers a listener and starts the helpers with the first one.
func (s *Server) take(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		return false
	}
	s.listeners[ln] = struct{}{}
	s.accepting.Add(1)
	if !s.started {
		s.started = true
		s.helpers.Add(2)
		s.run(func() { defer s.helpers.Done(); s.sweep() })
		s.run(func() { defer s.helpers.Done(); s.access.write(s.stop) })
		if s.h2 != nil {
			s.helpers.Add(1)
			s.run(func() { defer s.helpers.Done(); s.h2.Serve(s.hand) }) // until Shutdown
		}
	}
	return true
}

func (s *Server) forget(ln net.Listener) {
	ln.Close()
	s.mu.Lock()
	delete(s.listeners, ln)
	s.mu.Unlock()
	s.accepting.Done()
}

// each calls f for every connection. f must not block.
func (s *Server) each(f func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}
