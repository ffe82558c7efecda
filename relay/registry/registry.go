// Package registry knows who serves which URL. The public side (edge) and the agents' side (session) meet only here: session binds an
// Endpoint with the Upstream that serves it, edge finds it again by the visitor's Host (CanonicalHost, then Pick) or by the port it came in on
// (PickPort), and sends exchanges to it.
//
// Who gets a name: an account's names are its own, while they are held and for 24 hours after, so that nobody inherits the visitors, webhooks and
// cookies of a URL that was somebody else's this morning. Within an account a ticket of the last holder takes the name over at once; anybody else is
// refused while the holder lives. A Journal makes all that outlast the process.
//
// A wildcard, *.dev.example.com, serves all names below dev.example.com, however deep, that no narrower endpoint serves. Below the relay's own domain a
// label and all names below it are one account's (Divide); elsewhere it is for the Namer to say whose a name is.
package registry

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/relay/policy"
	"github.com/adit-tunnel/adit/wire"
)

// Why nobody serves a host or port. ErrAway: somebody did within the last day, and may come back.
var (
	ErrNoEndpoint = errors.New("no endpoint is online under this name")
	ErrAway       = errors.New("the endpoint's agent is not connected")
)

// Endpoint is a bound URL. All fields are read-only once Bind has returned; Epoch is set by it.
type Endpoint struct {
	Host     string   // canonical host name (CanonicalHost), or a wildcard of one (CanonicalPattern); for an endpoint with a port of its own, "localhost"
	Port     int      // of its own listener; 0: shares the public listener and is found by Host
	URL      string   // what people open
	Aliases  []string // further URLs that lead to it
	Account  string   // who owns it
	Instance string   // the agent's slot; "" is never the same instance as another
	Name     string   // the endpoint's name at the agent
	Owned    bool     // the name is its account's by the word of the relay's owner or of the DNS: no other account's lease stands against it
	Epoch    uint64   // rises with every bind of this name; the highest one owns it
	Session  uint64   // number of its session: of one instance, the one with the higher number has the newer will
	Upstream Upstream // who serves it

	Protocol  string         // wire.ProtocolHTTP …
	Schemes   []string       // of an http endpoint: what it may be called by; none: whatever the relay serves
	Terminate bool           // of a tls endpoint: its TLS ends at the edge
	ClientCAs *x509.CertPool // where TLS ends at the edge: who vouches for the certificate that visitors must show; nil: none is asked for

	Policy *policy.Policy // what every request must pass before it goes to Upstream; nil: nothing
}

// Registry is the table of endpoints. New makes one; it is safe for concurrent use. Pick and PickPort allocate nothing and wait for nothing but
// a bind in the moment it changes the table.
type Registry struct {
	now func() time.Time

	mu     sync.RWMutex
	hosts  map[string]*Endpoint
	ports  map[int]*Endpoint
	leases leases

	writing sync.Mutex // one writer of the journal at a time, so that a name's changes stay in order
	journal Journal
}

// New makes an empty registry. now is its clock (nil: time.Now), from which epochs and reservations are counted.
func New(now func() time.Time) *Registry {
	if now == nil {
		now = time.Now
	}
	return &Registry{now: now, hosts: map[string]*Endpoint{}, ports: map[int]*Endpoint{}, leases: newLeases()}
}

// Claim is what speaks for a newcomer when its name is held.
type Claim struct {
	// Ticket is the epoch of the ticket that the newcomer has shown, already verified; 0: none. It counts if no higher epoch is known for the name, or
	// if that was given to the same instance.
	Ticket uint64
	// Over is a holder that was found dead: it is replaced if it still holds the name.
	Over *Endpoint
	// Most is how many names the account may hold; 0: any number. One that is taken over is not counted twice.
	Most int
}

// Held is the refusal of a name that another session of the account holds. Who finds that Holder is dead binds again with Claim.Over.
type Held struct {
	Holder  *Endpoint
	refusal *Error
}

// Error and Unwrap give the refusal, an *Error of CodeAlreadyOnline.
func (h *Held) Error() string { return h.refusal.Error() }
func (h *Held) Unwrap() error { return h.refusal }

// Bind gives e.Host (or e.Port, if it is not 0) to e, sets e.Epoch, and returns the endpoint it replaces, if any: its session's streams for it are the
// caller's to close. A ticket that counts takes over at once, but not from a later session of the same instance. Otherwise a holder of the same account
// refuses with *Held, and another account's, or a reservation, of the name or of another one in its zone, with an *Error of CodeNameTaken, unless e is Owned:
// then it is replaced. The epoch is the clock in milliseconds, or one above the highest known for the name, the ticket's among them, whichever is more. The
// journal has it when Bind returns.
func (g *Registry) Bind(e *Endpoint, c Claim) (replaced *Endpoint, err error) {
	defer g.note()
	now := g.now()
	name := e.Place()
	g.mu.Lock()
	defer g.mu.Unlock()
	last := g.leases.find(name, now)
	foreign := last.Account != "" && last.Account != e.Account
	if !e.Owned && (foreign || g.leases.others(name, e.Account, now)) {
		return nil, &Error{Code: wire.CodeNameTaken, Text: e.Called() + " belongs to another account"}
	}
	old := g.holder(e)
	if (old == nil || foreign) && c.Most > 0 && g.held(e.Account) >= c.Most {
		return nil, &Error{Code: wire.CodeEndpointLimit, Text: fmt.Sprintf("the account %s has as many endpoints online as its plan allows: %d", e.Account, c.Most)}
	}
	if old != nil && !foreign && old != c.Over && (!c.counts(last, e.Instance) || old.outdates(e)) {
		return nil, &Held{old, &Error{Code: wire.CodeAlreadyOnline, Text: e.Called() + " is already online from another agent of this account"}}
	}
	e.Epoch = max(uint64(now.UnixMilli()), last.Epoch+1, c.Ticket+1)
	g.leases.take(Lease{Name: name, Account: e.Account, Instance: e.Instance, Endpoint: e.Name, Epoch: e.Epoch})
	if e.Port != 0 {
		g.ports[e.Port] = e
	} else {
		g.hosts[e.Host] = e
	}
	return old, nil
}

// counts says whether the ticket takes over what last was given.
func (c Claim) counts(last Lease, instance string) bool {
	return c.Ticket > 0 && (last.Epoch <= c.Ticket || last.Instance == instance && instance != "")
}

// outdates says that e is of the same agent as old, which holds the name, but of an earlier session: what it asks for was overtaken.
func (old *Endpoint) outdates(e *Endpoint) bool {
	return old.Instance == e.Instance && old.Session > e.Session
}

// Unbind removes e if it still holds its name, and reserves the name for its account. An endpoint that was replaced is left alone, so a late
// Unbind of an old session never takes the new one's name away.
func (g *Registry) Unbind(e *Endpoint) { g.release(e, false) }

// Lose is Unbind for an endpoint whose agent was lost without a word: Await lets visitors wait a moment for it.
func (g *Registry) Lose(e *Endpoint) { g.release(e, true) }

func (g *Registry) release(e *Endpoint, lost bool) {
	defer g.note()
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
	g.leases.release(e.Place(), now, lost)
}

// Pick finds the endpoint of a canonical host name, its own or the narrowest wildcard's, or ErrNoEndpoint or ErrAway. host is not kept.
func (g *Registry) Pick(host []byte) (*Endpoint, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	e, l := g.find(host)
	switch {
	case e != nil:
		return e, nil
	case l != nil:
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

// Leased is the lease of a place (Place) that has not lapsed.
func (g *Registry) Leased(place string) (Lease, bool) {
	now := g.now()
	g.mu.RLock()
	defer g.mu.RUnlock()
	l := g.leases.names[place]
	if l == nil || l.Lapsed(now) {
		return Lease{}, false
	}
	return Lease{Name: l.Name, Account: l.Account, Instance: l.Instance, Endpoint: l.Endpoint, Epoch: l.Epoch, Until: l.Until}, true
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

// held is how many names an account holds. g.mu is held.
func (g *Registry) held(account string) (n int) {
	for _, e := range g.hosts {
		if e.Account == account {
			n++
		}
	}
	for _, e := range g.ports {
		if e.Account == account {
			n++
		}
	}
	return n
}

// holder is who has e's place. g.mu is held.
func (g *Registry) holder(e *Endpoint) *Endpoint {
	if e.Port != 0 {
		return g.ports[e.Port]
	}
	return g.hosts[e.Host]
}

// Place is the name that is leased: a colon cannot stand in a canonical host name without brackets, so ports and hosts never meet.
func (e *Endpoint) Place() string {
	if e.Port != 0 {
		return PortPlace(e.Port)
	}
	return e.Host
}

// Called is the place in words.
func (e *Endpoint) Called() string {
	if e.Port != 0 {
		return fmt.Sprint("the port ", e.Port)
	}
	return e.Host
}

// SameTerms says that what one of two endpoints may have of a visitor the other may have, too: nothing is asked of visitors, or done to what they send, for one
// alone.
func (e *Endpoint) SameTerms(o *Endpoint) bool {
	return e.Protocol == o.Protocol && e.Terminate == o.Terminate && slices.Equal(e.Schemes, o.Schemes) && e.ClientCAs.Equal(o.ClientCAs) && e.Policy.Same(o.Policy)
}

// PortPlace is the Place of an endpoint with that port of its own.
func PortPlace(port int) string { return ":" + strconv.Itoa(port) }
