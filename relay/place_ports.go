package relay

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
)

// portLabel keeps ports apart from whatever else is derived from the relay's key.
const portLabel = "adit endpoint port 1"

// errPortOpen is why a port is passed over: somebody was quicker.
var errPortOpen = errors.New("another endpoint is about to have it")

// publicPorts gives tcp endpoints ports of their own. Each endpoint comes back to the same one: the lease keeps that from others while it is away, those of the
// same agent included. Without a lease it begins to look at a port that is derived from who asks.
type publicPorts struct {
	first, last int
	host        string // to listen on
	domain      string
	key         []byte
	registry    *registry.Registry
	files       *portFiles
	bespoken    func(addr string) (others int, own bool) // doors.unwanted
	door        func(ctx context.Context, limit time.Duration, addr string) (net.Listener, error)
	serve       func(ctx context.Context, ln net.Listener, port int) error // edge's
	run         func(func())
	failed      chan<- error // a port's listener ended by itself; never blocks

	mu      sync.Mutex
	open    map[int]*publicPort
	serving sync.WaitGroup
}

// publicPort is one that is listened on, for an endpoint or for two while one takes over from the other.
type publicPort struct {
	account string        // whose it is
	paid    bool          // it has its file
	ready   chan struct{} // closed when it is known whether it could be opened
	err     error
	ln      net.Listener
	cancel  context.CancelFunc
	holders int
}

// place fills in e's place. A nil p has no ports.
func (p *publicPorts) place(ctx context.Context, e *registry.Endpoint, w session.Wish) (release func(), err error) {
	switch {
	case p == nil:
		return nil, unsupported("this relay has no ports for tcp endpoints: its owner gives it some with --tcp-ports")
	case w.Port != 0 && w.Grant.Limits.RandomOnly:
		return nil, &registry.Error{Code: wire.CodeRandomOnly, Text: fmt.Sprintf("the plan %q has no ports of its own choice, such as %d", w.Grant.Plan, w.Port)}
	case w.Port != 0 && (w.Port < p.first || w.Port > p.last):
		return nil, &registry.Error{Code: wire.CodeBadName, Text: fmt.Sprintf("the port %d is none of this relay's, which go from %d to %d", w.Port, p.first, p.last)}
	}
	if w.Host != "" {
		if host, ok := registry.HostName(w.Host); !ok || host != p.domain {
			return nil, &registry.Error{Code: wire.CodeBadName, Text: fmt.Sprintf("tcp endpoints of this relay are %s:PORT, not %q", p.domain, w.Host)}
		}
	}
	port, release, err := p.find(ctx, e, w.Port)
	if err != nil {
		return nil, err
	}
	e.Host, e.Port = p.domain, port
	e.URL, e.Aliases = "tcp://"+net.JoinHostPort(p.domain, strconv.Itoa(port)), nil
	return release, nil
}

// find takes the wanted port, or the first of those that e may have.
func (p *publicPorts) find(ctx context.Context, e *registry.Endpoint, wanted int) (port int, release func(), err error) {
	if wanted != 0 {
		if release, err = p.take(ctx, e.Account, wanted, true); err == nil {
			return wanted, release, nil
		} else if busy := p.passing(err); busy != nil {
			return 0, nil, busy
		}
		return 0, nil, &registry.Error{Code: wire.CodePortTaken, Text: fmt.Sprintf("the port %d cannot be had: %v", wanted, err)}
	}
	for port := range p.candidates(e) {
		if ctx.Err() != nil {
			break
		}
		if release, err = p.take(ctx, e.Account, port, p.kept(e, port)); err == nil {
			return port, release, nil
		} else if busy := p.passing(err); busy != nil {
			return 0, nil, busy
		}
	}
	return 0, nil, &registry.Error{Code: wire.CodePortTaken, Text: fmt.Sprintf("none of this relay's ports for tcp endpoints, %d to %d, is free", p.first, p.last)}
}

// candidates are the ports that e may have, in the order in which they are to be tried: what is kept for it, what is nobody's, from e's own on, and at last
// what is given up for it.
func (p *publicPorts) candidates(e *registry.Endpoint) iter.Seq[int] {
	n := p.last - p.first + 1
	own := p.derived(e) % n
	return func(yield func(int) bool) {
		for _, may := range []func(*registry.Endpoint, int) bool{p.kept, p.free} {
			for i := range n {
				if port := p.first + (own+i)%n; may(e, port) && !yield(port) {
					return
				}
			}
		}
		for {
			if port, ok := p.registry.FreePort(e.Account, p.first, p.last); !ok || !yield(port) {
				return
			}
		}
	}
}

// passing is what the agent is told of an error that has nothing to do with the port: it asks again, after errSuccession the next process. Else nil.
func (p *publicPorts) passing(err error) error {
	switch {
	case errors.Is(err, errSuccession):
		return &registry.Error{Code: wire.CodeRelayStopping, Text: errSuccession.Error() + ", which opens no port before; trying again"}
	case errors.Is(err, errNoPortFiles):
		return errNoPortFiles
	}
	return p.files.scarce(err)
}

// kept says that a port is leased to e.
func (p *publicPorts) kept(e *registry.Endpoint, port int) bool {
	l, known := p.registry.Leased(registry.PortPlace(port))
	return known && l.Account == e.Account && l.Instance == e.Instance && l.Endpoint == e.Name
}

// free says that a port is nobody's.
func (p *publicPorts) free(_ *registry.Endpoint, port int) bool {
	_, known := p.registry.Leased(registry.PortPlace(port))
	return !known
}

// derived is a number that is e's own.
func (p *publicPorts) derived(e *registry.Endpoint) int {
	mac := hmac.New(sha256.New, p.key)
	fmt.Fprintf(mac, "%s %q %q %q", portLabel, e.Account, e.Instance, e.Name)
	return int(binary.BigEndian.Uint32(mac.Sum(nil)) >> 1)
}

// take opens a port for an account. kept: it may be the asker's already, who shares it then (the registry knows whether it may be taken over), and the relay's last
// process may have it still, which is waited for.
func (p *publicPorts) take(ctx context.Context, account string, port int, kept bool) (release func(), err error) {
	p.mu.Lock()
	l := p.open[port]
	first := l == nil
	switch {
	case first:
		l = &publicPort{account: account, ready: make(chan struct{})}
		p.open[port] = l
	case !kept:
		p.mu.Unlock()
		return nil, errPortOpen
	}
	l.holders++
	p.mu.Unlock()
	release = sync.OnceFunc(func() { p.release(port, l) })
	if first {
		p.listen(ctx, port, l, kept)
		err = l.err
	} else {
		select {
		case <-l.ready:
			err = l.err
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// listen opens the port, and serves it until the last one gives it back.
func (p *publicPorts) listen(ctx context.Context, port int, l *publicPort, patient bool) {
	defer close(l.ready)
	addr := net.JoinHostPort(p.host, strconv.Itoa(port))
	bespoken, own := p.bespoken(addr)
	if l.err = p.files.take(l.account, 1, int64(bespoken), own); l.err != nil {
		return
	}
	l.paid = true
	limit := time.Duration(0)
	if patient {
		limit = portsWithin
	}
	if l.ln, l.err = p.door(ctx, limit, addr); l.err != nil {
		return
	}
	var alive context.Context
	alive, l.cancel = context.WithCancel(context.Background())
	p.serving.Add(1)
	p.run(func() {
		defer p.serving.Done()
		if err := p.serve(alive, l.ln, port); err != nil && alive.Err() == nil {
			select {
			case p.failed <- fmt.Errorf("--tcp-ports: %s: %w", addr, err):
			default:
			}
		}
	})
}

func (p *publicPorts) release(port int, l *publicPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.holders--; l.holders > 0 {
		return
	}
	if p.open[port] == l {
		delete(p.open, port)
	}
	l.close()
	if l.paid {
		p.files.give(l.account, 1)
	}
}

// close frees the port at once: it does not wait for serve to notice.
func (l *publicPort) close() {
	if l.cancel != nil {
		l.cancel()
		l.ln.Close()
	}
}

// close ends what is still open and waits for the goroutines that serve it.
func (p *publicPorts) close() {
	p.mu.Lock()
	for _, l := range p.open {
		select {
		case <-l.ready:
			l.close()
		default: // its opener gives it back
		}
	}
	p.mu.Unlock()
	p.serving.Wait()
}
