package session

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// defaultAuth is the time from accept to Welcome.
	defaultAuth = 10 * time.Second

	// MaxGrown is how far the credit windows of all sessions may grow together, however much memory there is. It is what 10 Gbit/s have on their way over a round
	// trip of 200 ms: more would not make a relay faster, only keep what slow visitors do not take.
	MaxGrown = 256 << 20

	// sessionCost is what a leg is counted for: the 96 KiB that an idle one holds (a read buffer of 64, TLS, goroutines), 32 that gather and are being written, and 192
	// for its queues, which may have 160 and 128 KiB without asking. Only an agent that takes no answer and asks on while a bind waits fills both, and holds 96 more.
	// streamCost is what a stream may: the first window and a head, on the way to a visitor that does not take them.
	sessionCost = 320 << 10
	streamCost  = wire.FirstLimit + 16<<10

	// busyWait is how long an agent is told to stay away when there is no room for its session.
	busyWait = 5 * time.Second

	// checkEvery is how long a session may outlive its token.
	checkEvery = 2 * time.Second
)

// Namer gives a bind its public place. Package relay implements it: a public relay derives or checks a host name, an embedded one opens a
// port. It must be safe for concurrent use.
type Namer interface {
	// Place fills e.Host or e.Port, e.URL, e.Aliases and e.Owned for what is wanted. release gives back what was taken for it and is never nil; it is called
	// once, after the endpoint has left the registry or was refused. When an agent takes a name of its own over, Place for the new endpoint comes before release
	// of the old one. It may look something up, but ends with ctx. Errors are *registry.Error.
	Place(ctx context.Context, e *registry.Endpoint, w Wish) (release func(), err error)
}

// Wish is the place that an agent wants, and what its token gives it.
type Wish struct {
	Host  string // "": a random one
	Port  int    // 0: any
	Grant control.Grant
}

// Options says who may come and what they are told. Registry, Control, Namer and TLS are required.
type Options struct {
	Registry               *registry.Registry
	Control                control.Lookup
	Namer                  Namer
	TLS                    *tls.Config // certificates; version 1.3 and the ALPN are set here
	Key                    []byte      // signs tickets; whoever has it can take over any name
	Relay, Version, Region string      // told in Welcome
	Log                    *slog.Logger
	Go                     func(func())  // starts goroutines; nil: plain go
	Auth                   time.Duration // from accept to Welcome; 0: 10 s
	Probe                  time.Duration // from one probe of an endpoint to the next; 0: 15 s; negative: none
	StreamIDs              uint32        // that a leg has; 0: all there are, 2³¹ − 1; fewer for tests

	Memory        *budget.Budget // of streams; nil: as much as they want
	SessionMemory *budget.Budget // of sessions; nil: as much as they want
	Files         *budget.Budget // of sessions, each of which takes one; nil: as many as come
	Shared        func() bool    // whether there are several accounts, of which none may have all places; nil: there are not
	Guests        int            // how many connections may be on their way to being a session; 0: MaxGuests
	GuestMemory   *budget.Budget // of those; nil: as much as they want
	Grown         int            // bytes that the credit windows of all sessions may grow beyond the first, together; 0: MaxGrown
}

// Server is the agents' side. New makes one; Serve and Shutdown work it. Safe for concurrent use.
type Server struct {
	o     Options
	tls   *tls.Config
	grown *wire.Budget // what all sessions' windows may grow
	lobby lobby
	turns turns
	tries tries
	sweep time.Duration // from one look at pools and legs to the next
	check time.Duration // how often a session's token is looked up again
	wg    sync.WaitGroup
	made  atomic.Uint64 // sessions

	probes  probing
	short   budget.Complaint // about connections that cannot be accepted
	unasked budget.Complaint // about a control store that cannot be asked
	full    budget.Complaint // about sessions that are refused
	unfair  budget.Complaint // about accounts that have most of them

	refusals chatter // of agents

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	sessions  map[string]*session // online, by id
	welcomed  map[string]*session // whose first leg is about to be made: the agent may ask for the next one already
	arrears   map[arrearsKey][]arrear
	shares    map[string]*allowance // by account
	places    map[string]int64      // of legs, by account; no zeros
	draining  bool                  // no new sessions and binds
	closed    bool                  // no new connections
}

// New makes a server that does nothing yet.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Go == nil {
		o.Go = func(f func()) { go f() }
	}
	if o.Auth <= 0 {
		o.Auth = defaultAuth
	}
	if o.Probe == 0 {
		o.Probe = probeEvery
	}
	if o.Guests <= 0 {
		o.Guests = MaxGuests
	}
	if o.Grown <= 0 {
		o.Grown = MaxGrown
	}
	cfg := o.TLS.Clone()
	cfg.MinVersion = tls.VersionTLS13
	cfg.NextProtos = []string{wire.ALPN}
	return &Server{
		o: o, tls: cfg,
		grown:     wire.NewBudget(o.Grown),
		lobby:     lobby{room: o.Guests, memory: o.GuestMemory, limit: o.Auth, from: map[netip.AddrPort]*origin{}},
		turns:     newTurns(),
		tries:     tries{now: time.Now},
		sweep:     sweepEvery,
		check:     checkEvery,
		probes:    probing{every: o.Probe, limit: probeLimit},
		listeners: map[net.Listener]struct{}{},
		sessions:  map[string]*session{},
		welcomed:  map[string]*session{},
		arrears:   map[arrearsKey][]arrear{},
		shares:    map[string]*allowance{},
		places:    map[string]int64{},
	}
}

// SetAuth changes Options.Auth for connections that come from now on.
func (s *Server) SetAuth(d time.Duration) {
	if d <= 0 {
		d = defaultAuth
	}
	s.lobby.setLimit(d)
}

// Serve accepts agents on ln until ctx ends, Shutdown, or ln fails for good; it owns ln. Sessions outlive it: Shutdown ends them. The error
// is nil when it was told to end.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	defer ln.Close()
	if !s.listen(ln) {
		return nil
	}
	defer s.unlisten(ln)
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	var pause time.Duration
	for {
		conn, err := ln.Accept()
		if err == nil {
			pause = 0
			s.admit(conn)
			continue
		}
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return nil
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		if n, due := s.short.Due(); due {
			s.o.Log.Warn("agents' connections cannot be accepted; trying again", "err", err, "times", n)
		}
		if !wait(ctx, pause) {
			return nil
		}
	}
}

// Take takes one agent in whose connection came another way than a listener of Serve's: as a WebSocket, or at a port that is shared. It owns conn, and never
// blocks. After Shutdown it closes it.
func (s *Server) Take(conn net.Conn) { s.admit(conn) }

// admit gives conn a goroutine. It never blocks: the accept loop only accepts.
func (s *Server) admit(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.lobby.enter(conn)
	if g == nil {
		conn.Close()
		return
	}
	s.wg.Add(1) // before Shutdown waits: it closes the lobby with s.mu held
	s.o.Go(func() {
		defer s.wg.Done()
		s.serve(g)
	})
}

// start runs f on a goroutine that Shutdown waits for; it is called from such a goroutine.
func (s *Server) start(f func()) {
	s.wg.Add(1)
	s.o.Go(func() {
		defer s.wg.Done()
		f()
	})
}

// serve works one connection from accept to its end.
func (s *Server) serve(g *guest) {
	defer g.conn.Close()
	if l := s.welcome(g); l != nil {
		l.work()
		s.givePlace(l)
	}
}

func (s *Server) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

func (s *Server) listen(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.listeners[ln] = struct{}{}
	return true
}

func (s *Server) unlisten(ln net.Listener) {
	s.mu.Lock()
	delete(s.listeners, ln)
	s.mu.Unlock()
}

// wait is false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
