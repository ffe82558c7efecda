package agent

import (
	"context"
	"errors"
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
	if url, err = a.urlOf(ctx, ep); err != nil {
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
	if !a.supplant(ep) {
		return a.Start(ctx, e)
	}
	if url, err = a.urlOf(ctx, ep); err != nil {
		a.restore(ep, err)
		return "", err
	}
	a.settle(ep)
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

// supplant puts ep where the endpoint of its name is, and binds it. False: there is none.
func (a *Agent) supplant(ep *endpoint) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.endpoints, func(old *endpoint) bool { return old.Name == ep.Name })
	if i < 0 {
		return false
	}
	ep.before = a.endpoints[i]
	ep.ticket, ep.port = ep.before.ticket, ep.before.port
	a.endpoints[i] = ep
	if s := a.session; s != nil {
		s.bind(ep)
	}
	return true
}

// settle ends what ep has taken the place of.
func (a *Agent) settle(ep *endpoint) {
	a.mu.Lock()
	old := ep.before
	ep.before = nil
	a.mu.Unlock()
	if old != nil {
		a.remove(old)
	}
}

// restore takes ep out again, because of why, for what was there before; another one may have taken ep's place in the meantime.
func (a *Agent) restore(ep *endpoint, why error) {
	a.mu.Lock()
	defer a.bus.Publish()
	defer a.mu.Unlock()
	old := ep.before
	ep.before = nil
	for old != nil && old.removed {
		old = old.before
	}
	stands := a.unlink(ep, old)
	a.dismiss(ep)
	a.checkReady()
	s := a.session
	var refused *RefusedError
	switch {
	case old == nil || !stands || s == nil:
	case !s.has(old):
		s.bind(old)
	case !errors.As(why, &refused): // the relay may have bound ep, or do it now: then the name is not old's any more
		s.rebind(old)
	}
}

// unlink puts old, nil for nothing, where ep is: among the endpoints, which it says, or behind one that is to take ep's place. a.mu is held.
func (a *Agent) unlink(ep, old *endpoint) (stands bool) {
	for i, e := range a.endpoints {
		switch {
		case e == ep && old == nil:
			a.endpoints = slices.Delete(a.endpoints, i, i+1)
			return false
		case e == ep:
			a.endpoints[i] = old
			return true
		}
		for ; e != nil; e = e.before {
			if e.before == ep {
				e.before = old
				return false
			}
		}
	}
	return false
}

// rebind asks for ep under a new handle, and gives the older ones back. Agent.mu is held.
func (s *session) rebind(ep *endpoint) {
	s.mu.Lock()
	last := s.handle
	s.mu.Unlock()
	s.bind(ep)
	s.unbind(ep, last)
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
