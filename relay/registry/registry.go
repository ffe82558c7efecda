// Package registry knows who serves which URL. The public side (edge) and the agents' side (session) meet only here: session binds an
// Endpoint with the Upstream that serves it, edge finds it again by the visitor's Host (CanonicalHost, then Pick) or by the port it came in on
// (PickPort), and sends exchanges to it.
//
// Two rules decide who gets a name. The same account and instance takes it over at once; every other newcomer is refused while somebody
// holds it. And for 24 hours after a name was given back only its account may have it again, so that nobody inherits the visitors, webhooks
// and cookies of a URL that was somebody else's this morning.
package registry

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// Why nobody serves a host or port. ErrAway: somebody did within the last day, and may come back.
var (
	ErrNoEndpoint = errors.New("no endpoint is online under this name")
	ErrAway       = errors.New("the endpoint's agent is not connected")
)

// Endpoint is a bound URL. All fields are read-only once Bind has returned; Epoch is set by it.
type Endpoint struct {
	Host     string   // canonical host name (CanonicalHost); for an endpoint with a port of its own, "localhost"
	Port     int      // of its own listener; 0: shares the public listener and is found by Host
	URL      string   // what people open
	Aliases  []string // further URLs that lead to it
	Account  string   // who owns it
	Instance string   // the agent's slot; "" is never the same instance as another
	Name     string   // the endpoint's name at the agent
	Epoch    uint64   // rises with every bind of this name; the highest one owns it
	Upstream Upstream // who serves it
}

// Registry is the table of endpoints. New makes one; it is safe for concurrent use. Pick and PickPort allocate nothing and wait for nothing but
// a bind in the moment it changes the table.
type Registry struct {
	now func() time.Time

	mu     sync.RWMutex
	hosts  map[string]*Endpoint
	ports  map[int]*Endpoint
	leases leases
}

// New makes an empty registry. now is its clock (nil: time.Now), from which epochs and reservations are counted.
func New(now func() time.Time) *Registry {
	if now == nil {
		now = time.Now
	}
	return &Registry{now: now, hosts: map[string]*Endpoint{}, ports: map[int]*Endpoint{}, leases: newLeases()}
}

// Bind gives e.Host (or e.Port, if it is not 0) to e, sets e.Epoch, and returns the endpoint it replaces, if any: its session's streams for it are the
// caller's to close. The same account and instance takes over at once. Any other holder, or a reservation, refuses with an *Error:
// CodeAlreadyOnline when the name is the same account's, CodeNameTaken when it is another's. The epoch is the clock in milliseconds, or one
// above the highest known for the name, whichever is more.
func (g *Registry) Bind(e *Endpoint) (replaced *Endpoint, err error) {
	now := g.now()
	name := e.place()
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.holder(e)
	if old != nil && !sameAgent(old, e) {
		return nil, refusal(name, old.Account == e.Account)
	}
	last, owner := g.leases.find(name, now)
	if old == nil && owner != "" && owner != e.Account {
		return nil, refusal(name, false)
	}
	e.Epoch = max(uint64(now.UnixMilli()), last+1)
	g.leases.take(name, e.Account, e.Epoch)
	if e.Port != 0 {
		g.ports[e.Port] = e
	} else {
		g.hosts[e.Host] = e
	}
	return old, nil
}

// Unbind removes e if it still holds its name, and reserves the name for its account. An endpoint that was replaced is left alone, so a late
// Unbind of an old session never takes the new one's name away.
func (g *Registry) Unbind(e *Endpoint) {
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holder(e) != e {
		return
	}
	if e.Port != 0 {
		delete(g.ports, e.Port)
	} else {
		delete(g.hosts, e.Host)
	}
	g.leases.release(e.place(), now)
}

// Pick finds the endpoint of a canonical host name, or ErrNoEndpoint or ErrAway. host is not kept.
func (g *Registry) Pick(host []byte) (*Endpoint, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if e := g.hosts[string(host)]; e != nil {
		return e, nil
	}
	if l := g.leases.names[string(host)]; l != nil && !l.lapsed(g.now()) {
		return nil, ErrAway
	}
	return nil, ErrNoEndpoint
}

// PickPort finds the endpoint with a port of its own, or ErrNoEndpoint.
func (g *Registry) PickPort(port int) (*Endpoint, error) {
	g.mu.RLock()
	e := g.ports[port]
	g.mu.RUnlock()
	if e == nil {
		return nil, ErrNoEndpoint
	}
	return e, nil
}

// Each calls f for every endpoint that was bound when Each began, in no order. f may call the registry.
func (g *Registry) Each(f func(*Endpoint)) {
	g.mu.RLock()
	all := make([]*Endpoint, 0, len(g.hosts)+len(g.ports))
	for _, e := range g.hosts {
		all = append(all, e)
	}
	for _, e := range g.ports {
		all = append(all, e)
	}
	g.mu.RUnlock()
	for _, e := range all {
		f(e)
	}
}

// Len is how many endpoints are bound.
func (g *Registry) Len() int {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.hosts) + len(g.ports)
}

func (g *Registry) holder(e *Endpoint) *Endpoint {
	if e.Port != 0 {
		return g.ports[e.Port]
	}
	return g.hosts[e.Host]
}

// place is the name that is leased: a colon cannot stand in a canonical host name without brackets, so ports and hosts never meet.
func (e *Endpoint) place() string {
	if e.Port != 0 {
		return ":" + strconv.Itoa(e.Port)
	}
	return e.Host
}

func sameAgent(a, b *Endpoint) bool {
	return a.Account == b.Account && a.Instance == b.Instance && a.Instance != ""
}

func refusal(name string, own bool) *Error {
	if own {
		return &Error{Code: wire.CodeAlreadyOnline, Text: fmt.Sprintf("%s is already online from another agent of this account", name)}
	}
	return &Error{Code: wire.CodeNameTaken, Text: fmt.Sprintf("%s belongs to another account", name)}
}
