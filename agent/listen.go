package agent

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// network is what the addresses of connections in memory say of their network.
const network = "adit"

// Listener is a net.Listener behind a public URL, for a program that is its own local service: http.Serve(ln, handler). It opens no port.
// A connection that it accepts is in memory, and belongs to one visitor: RemoteAddr is a *net.TCPAddr with the visitor's public address, as
// the relay knows it; what comes on it is HTTP/1.1, without TLS. It has deadlines, and CloseWrite as *net.TCPConn has. A visitor that leaves resets
// its connection: net/http then cancels the request's context. All methods are safe for concurrent use.
type Listener struct {
	a     *Agent
	ep    *endpoint
	conns chan *half // from dial to Accept: who is not accepted waits, and only for as long as a dial may
	done  chan struct{}
	once  sync.Once
	why   error  // with done closed: what Accept says
	end   func() // ends the agent that is this listener's own; nil: there is none
}

var _ net.Listener = (*Listener)(nil)

// Listen runs an agent with one endpoint, and returns when that has its public URL. It is the short form of New, Agent.Listen, Agent.Run and
// Agent.URL for programs that need nothing else of the agent. When ctx ends, the agent drains (Options.Grace) and only then Accept returns, so that
// a program may exit when http.Serve has returned; Listener.Close ends the agent too, but does not wait. What ended the agent by itself is wrapped
// in Accept's error. A relay that cannot be reached is waited for until ctx ends or o.GiveUp has passed; the error says why. o.Slot is given back
// at the end.
func Listen(ctx context.Context, o Options, e Endpoint) (*Listener, error) {
	a, err := New(o)
	if err != nil {
		return nil, err
	}
	l, err := a.Listen(e)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	runCtx, cancel := context.WithCancel(ctx)
	l.end = cancel
	ended := make(chan struct{})
	a.o.Go(func() {
		defer close(ended)
		defer cancel()
		a.Run(runCtx) // Accept says what it says
		if err := a.Close(); err != nil {
			a.o.Log.Warn("agent", "err", err)
		}
	})
	if _, err := a.URL(ctx, e.Name); err != nil {
		cancel()
		<-ended
		return nil, err
	}
	return l, nil
}

// Listen adds an endpoint that leads into this program, as Forward adds one that leads to a URL: it is bound when the session is up, and again
// after every reconnect. e.Upstream must be empty, and e.HostHeader may not be "rewrite". A visitor that the program does not Accept within
// 10 s gets an error page. The caller closes the Listener; the end of Run does it too.
func (a *Agent) Listen(e Endpoint) (*Listener, error) {
	l := &Listener{a: a, conns: make(chan *half), done: make(chan struct{})}
	var err error
	if l.ep, err = newListening(e, l); err != nil {
		return nil, err
	}
	if err := a.add(l.ep); err != nil {
		return nil, err
	}
	return l, nil
}

// Accept waits for a connection. The error of a closed listener wraps net.ErrClosed, and what ended the agent if that was no drain (a
// *FatalError, a *GaveUpError). The caller closes the connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, l.closed("accept")
	default:
	}
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, l.closed("accept")
	}
}

// Close gives the public URL back and ends Accept. Exchanges under way may finish. More than once is fine.
func (l *Listener) Close() error {
	l.a.remove(l.ep)
	if l.end != nil {
		l.end()
	}
	return nil
}

// URL is the public URL, "" while there is none yet: Agent.URL waits for it.
func (l *Listener) URL() string {
	l.a.mu.Lock()
	defer l.a.mu.Unlock()
	return l.ep.url
}

// Addr is HOST:PORT of the public URL, in the network "adit"; before there is one, the endpoint's name.
func (l *Listener) Addr() net.Addr {
	u, err := url.Parse(l.URL())
	switch {
	case err != nil || u.Host == "":
		return address(l.ep.Name)
	case u.Port() != "":
		return address(u.Host)
	case u.Scheme == "https":
		return address(net.JoinHostPort(u.Hostname(), "443"))
	}
	return address(net.JoinHostPort(u.Hostname(), "80"))
}

// address is where visitors find a Listener.
type address string

func (a address) Network() string { return network }
func (a address) String() string  { return string(a) }

// close ends Accept; why says what ended the agent.
func (l *Listener) close(why error) {
	l.once.Do(func() {
		l.why = net.ErrClosed
		if why != nil {
			l.why = fmt.Errorf("%w: %w", net.ErrClosed, why)
		}
		close(l.done)
	})
}

func (l *Listener) closed(op string) error { return l.failed(op, l.why) }

func (l *Listener) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: network, Addr: l.Addr(), Err: err}
}

// dial waits until the program accepts a connection from visitor.
func (l *Listener) dial(ctx context.Context, limit time.Duration, visitor netip.AddrPort) (localConn, error) {
	theirs, ours := newPipe(l.Addr(), net.TCPAddrFromAddrPort(visitor))
	select {
	case l.conns <- theirs:
		return ours, nil
	default:
	}
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, l.closed("dial")
	case <-late.C:
		return nil, l.failed("dial", errNotAccepted)
	case <-ctx.Done():
		return nil, l.failed("dial", ctx.Err())
	}
}

var errNotAccepted = fmt.Errorf("the program does not accept connections: %w", os.ErrDeadlineExceeded)

// RefusedError says why the relay does not serve an endpoint.
type RefusedError struct {
	Endpoint string
	Failure  inspect.Failure
}

// Error returns what happened and what to do about it.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("endpoint %q: %s: %s %s", e.Endpoint, wire.Code(e.Failure.Code), e.Failure.Text, e.Failure.Remedy)
}

// URL waits until the endpoint of that name has its public URL, which stays the same while the agent reconnects. The error is a *RefusedError
// when the relay refuses the endpoint, even for a reason that may pass; what Run returned when it has ended; or ctx's.
func (a *Agent) URL(ctx context.Context, name string) (string, error) {
	return a.await(ctx, func() (string, error) {
		i := slices.IndexFunc(a.endpoints, func(ep *endpoint) bool { return ep.Name == name })
		if i < 0 {
			return "", fmt.Errorf("%w named %q", inspect.ErrNoEndpoint, name)
		}
		return a.urlNow(a.endpoints[i])
	})
}

// urlOf is URL for one endpoint, whatever else gets its name in the meantime.
func (a *Agent) urlOf(ctx context.Context, ep *endpoint) (string, error) {
	return a.await(ctx, func() (string, error) { return a.urlNow(ep) })
}

// await waits until now gives a URL or an error; it is called with a.mu held.
func (a *Agent) await(ctx context.Context, now func() (string, error)) (string, error) {
	hints, stop := a.bus.Watch()
	defer stop()
	for {
		a.mu.Lock()
		url, err := now()
		a.mu.Unlock()
		if url != "" || err != nil {
			return url, err
		}
		select {
		case <-hints:
		case <-ctx.Done():
			return "", a.without(context.Cause(ctx))
		}
	}
}

// without adds to err, which ended a wait, why there is no session, if that is known.
func (a *Agent) without(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.link.why == "" {
		return err
	}
	return fmt.Errorf("%w; no session: %s", err, a.link.why)
}

// urlNow is what is known of ep: neither URL nor error means that nothing is decided. a.mu is held.
func (a *Agent) urlNow(ep *endpoint) (string, error) {
	switch {
	case ep.removed:
		return "", fmt.Errorf("%w named %q any more", inspect.ErrNoEndpoint, ep.Name)
	case ep.failure != nil:
		return "", &RefusedError{Endpoint: ep.Name, Failure: *ep.failure}
	case a.ended != nil:
		return "", a.ended
	}
	return ep.url, nil
}

// add takes up an endpoint.
func (a *Agent) add(ep *endpoint) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return errStopped
	}
	if ep.end != nil {
		ep.end.log = a.o.Log
	}
	for _, other := range a.endpoints {
		if other.Name == ep.Name {
			return fmt.Errorf("endpoint %q %w", ep.Name, inspect.ErrExists)
		}
	}
	if a.o.Slot != nil {
		ep.port, ep.ticket = a.o.Slot.Port(ep.Name), a.o.Slot.Ticket(a.o.Relay, ep.Name)
	}
	a.endpoints = append(a.endpoints, ep)
	if s := a.session; s != nil {
		s.bind(ep)
	}
	return nil
}

// remove gives an endpoint up, and with it what it was to take the place of: the relay is told, and its name may be used again.
func (a *Agent) remove(ep *endpoint) {
	a.mu.Lock()
	defer a.bus.Publish()
	defer a.mu.Unlock()
	a.endpoints = slices.DeleteFunc(a.endpoints, func(other *endpoint) bool { return other == ep })
	for ; ep != nil; ep = ep.before {
		a.dismiss(ep)
	}
	a.checkReady()
}

// dismiss tells who serves ep, and who waits for visitors of it, that it has been given up. a.mu is held.
func (a *Agent) dismiss(ep *endpoint) {
	if ep.removed {
		return
	}
	ep.removed = true
	if s := a.session; s != nil {
		s.unbind(ep, math.MaxUint32)
	}
	for _, s := range a.fading {
		s.unbind(ep, math.MaxUint32)
	}
	ep.close(nil)
}

// unbind gives ep's name back, under the handles up to last. What comes for them from now on is refused, before the relay has answered too. Agent.mu is held.
func (s *session) unbind(ep *endpoint, last uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for handle, b := range s.bindings {
		if b.ep != ep || handle > last || b.closed.Swap(true) {
			continue
		}
		s.setOpen(b, 0)
		if err := s.send(wire.MsgUnbind, 0, &wire.Unbind{Handle: handle}); err != nil {
			s.a.o.Log.Debug("unbind", "endpoint", ep.Name, "err", err) // the session is dead, and the name with it
		}
	}
}

// closeEndpoints ends what endpoints have running in this process, and every Accept: the agent has ended, because of why if it was no drain.
func (a *Agent) closeEndpoints(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ep := range a.endpoints {
		for ; ep != nil; ep = ep.before {
			ep.close(why)
		}
	}
}
