package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/adit-tunnel/adit/inspect"
)

// Start adds an endpoint as Forward does and waits until it is bound; what it returns is its public URL. One that the relay refuses, or that is not bound when
// ctx ends, is taken out again and leaves Run alone, whatever the refusal. The slot does not remember it. The error says what is wrong with e, or is that of URL.
func (a *Agent) Start(ctx context.Context, e Endpoint) (url string, err error) {
	ep, err := newGuest(e)
	if err != nil {
		return "", err
	}
	if err := a.add(ep); err != nil {
		return "", err
	}
	if url, err = a.URL(ctx, e.Name); err != nil {
		a.remove(ep)
	}
	return url, err
}

// Replace is Start in the place of an endpoint of the same name, if there is one. That one is served until the new one is bound, and stays when it is refused; the
// URL stays the same unless e.Host wants another one.
func (a *Agent) Replace(ctx context.Context, e Endpoint) (url string, err error) {
	ep, err := newGuest(e)
	if err != nil {
		return "", err
	}
	old := a.exchange(a.endpointOf(e.Name), ep)
	if old == nil {
		return a.Start(ctx, e)
	}
	if url, err = a.URL(ctx, e.Name); err != nil {
		a.exchange(ep, old)
		a.remove(ep)
		return "", err
	}
	a.remove(old)
	return url, nil
}

// newGuest makes an endpoint that Run does not end with.
func newGuest(e Endpoint) (*endpoint, error) {
	ep, err := newEndpoint(e)
	if err == nil {
		ep.guest = true
	}
	return ep, err
}

// exchange puts ep where old is, and binds it unless it is bound already. It returns old, or nil when that is not there (any more): then nothing has changed.
func (a *Agent) exchange(old, ep *endpoint) *endpoint {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.Index(a.endpoints, old)
	if i < 0 {
		return nil
	}
	if ep.ticket == "" {
		ep.ticket, ep.port = old.ticket, old.port
	}
	a.endpoints[i] = ep
	if s := a.session; s != nil && !s.has(ep) {
		s.bind(ep)
	}
	return old
}

// has says whether ep is bound in s, or is being bound.
func (s *session) has(ep *endpoint) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.bindings {
		if b.ep == ep && !b.closed.Load() {
			return true
		}
	}
	return false
}

// Remove gives an endpoint back, bound or not: its URL ends, its name may be used again at once. Exchanges under way end where they are. The error wraps
// inspect.ErrNoEndpoint when there is none of that name. Run goes on, though it was the last: an agent without endpoints has a session and waits for some.
func (a *Agent) Remove(name string) error {
	ep := a.endpointOf(name)
	if ep == nil {
		return fmt.Errorf("%w named %q", inspect.ErrNoEndpoint, name)
	}
	a.remove(ep)
	return nil
}
