// Package web is the local API on 127.0.0.1:4040, and the page at the same address.
//
//	s := web.New(web.Options{Reader: store, Keeper: store, Replayer: agent, Observer: agent, Controller: controller})
//	ln, err := web.Listen("127.0.0.1:4040", true)
//	err = s.Run(ctx, ln)
//
// There are two APIs: below /api/v1 our own, which openapi.json describes, and in the files ngrok_*.go the one of ngrok's agent, whose shapes we keep, so that
// what speaks to one speaks to the other. routes.go has all paths.
//
// Both show everything that passed and can send requests to the local service, and every web page a developer opens can reach them through
// the browser. guard.go says who is let in.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Limits of the server. Reading a request and waiting for the next one are short; writing is long enough for a large list over a slow
// reader.
const (
	maxBody       = 2 << 20 // an edit's content of 1 MiB in base64 has room
	maxHeader     = 64 << 10
	headerTimeout = 5 * time.Second
	idleTimeout   = 75 * time.Second
	replayTimeout = 10 * time.Second
	startTimeout  = 3500 * time.Millisecond // some clients wait 4 s for an endpoint
	stopTimeout   = 2 * time.Second
	morePorts     = 20 // tried after the one that is busy

	largest = "at most 2 MiB" // maxBody in words
)

// limits are those that a test must be able to lower.
type limits struct {
	read  time.Duration // for a whole request
	write time.Duration // for an answer, or a piece of a long one
	take  time.Duration // for a reader of events to take some
	turn  time.Duration // for a large answer's turn to come

	decoded int64 // bytes that come out of content codings: a few KiB can say that they are terabytes
}

// Server is the local API. Make one with New.
type Server struct {
	reader     inspect.Reader
	shared     inspect.Shared // the reader; nil: no other agent writes to its store
	replayer   inspect.Replayer
	observer   inspect.Observer
	controller inspect.Controller
	keeper     inspect.Keeper
	log        *slog.Logger
	handler    http.Handler
	mask       view.Mask
	limits     limits
	door       door
	streams    room // of events
	large      room // answers that take much memory
	runs       room // of many replays
	spawn      func(func())
	ending     chan struct{} // closed when Run is to end: streams of events have no end of their own
}

// Options are what the API shows and acts on. Reader, Keeper, Replayer, Observer and Controller are needed.
type Options struct {
	Reader     inspect.Reader
	Replayer   inspect.Replayer
	Observer   inspect.Observer
	Controller inspect.Controller
	Keeper     inspect.Keeper
	Log        *slog.Logger                                  // nil: nothing is logged
	Go         func(func())                                  // starts goroutines of runs; nil: the go statement
	Access     func(path string) (answered func(status int)) // is told of each request, and of its answer; nil: nobody is
	Mask       view.Mask                                     // what the page hides: with All nothing captured can be read there, what Paths lead to is hidden until it is asked for, too
	Open       bool                                          // other machines are to come: the address is none of the loopback's
	Password   string                                        // asked for by HTTP Basic, with any user name; "": none
	Allow      []string                                      // further Host names: an exact name or address, ".suffix" for all names below one, or a CIDR range
}

// New makes the API; it starts nothing.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{reader: o.Reader, replayer: o.Replayer, observer: o.Observer, controller: o.Controller, keeper: o.Keeper, mask: o.Mask, log: o.Log}
	if s.spawn = o.Go; s.spawn == nil {
		s.spawn = func(f func()) { go f() }
	}
	s.shared, _ = o.Reader.(inspect.Shared)
	s.limits = limits{read: 15 * time.Second, write: time.Minute, take: 10 * time.Second, turn: 10 * time.Second, decoded: 100 << 20}
	s.streams, s.large, s.runs, s.ending = make(room, mostStreams), make(room, mostLarge), make(room, mostRuns), make(chan struct{})
	g := newGuard(o.Allow, s.routes())
	g.open, g.password = o.Open, newPassword(o.Password)
	s.handler = g
	if o.Access != nil {
		s.handler = &access{o.Access, s.handler}
	}
	return s
}

// Listen takes addr or, with near and when its port is busy, the next free one of those that are Nearby. The error is that of addr. Who says 0.0.0.0 means IPv4
// and reads such an address in the log: for Go it would be [::] as well.
func Listen(addr string, near bool) (net.Listener, error) {
	network := "tcp"
	host, _, _ := net.SplitHostPort(addr)
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is4() && ip.IsUnspecified() {
		network = "tcp4"
	}
	ln, first := net.Listen(network, addr)
	if first == nil {
		return ln, nil
	}
	after := Nearby(addr)[1:]
	if !near || !isBusy(first) || len(after) == 0 {
		return nil, fmt.Errorf("listen for the local API: %w", first)
	}
	for _, next := range after {
		if ln, err := net.Listen(network, next); err == nil {
			return ln, nil
		}
	}
	return nil, fmt.Errorf("listen for the local API: %w (nor is any of the %d ports after it free)", first, len(after))
}

// Nearby are addr and the same with the ports after it, in the order in which Listen tries them.
func Nearby(addr string) []string {
	all := []string{addr}
	host, service, err := net.SplitHostPort(addr)
	port, notNumber := strconv.Atoi(service)
	if err != nil || notNumber != nil || port == 0 {
		return all
	}
	for i := 1; i <= morePorts && port+i <= 65535; i++ {
		all = append(all, net.JoinHostPort(host, strconv.Itoa(port+i)))
	}
	return all
}

// isBusy says that another program has the port. The number of that error differs between systems; where it happens does not.
func isBusy(err error) bool {
	var call *os.SyscallError
	return errors.As(err, &call) && call.Syscall == "bind" && !errors.Is(err, os.ErrPermission)
}

// Run serves ln until ctx ends (nil) or serving fails, once. It closes ln, and returns when all requests are over or have been cut.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	srv := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       s.limits.read,
		WriteTimeout:      s.limits.write,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ConnState:         s.door.watch,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(stopped)
		close(s.ending)
		stop(base, srv)
	})
	err := srv.Serve(ln)
	if unwatch() { // Serve failed by itself
		_ = srv.Close()
		return fmt.Errorf("serve the local API: %w", err)
	}
	<-stopped
	return nil
}

// stop lets requests under way finish for a moment, then cuts them.
func stop(ctx context.Context, srv *http.Server) {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if srv.Shutdown(ctx) != nil {
		_ = srv.Close()
	}
}
