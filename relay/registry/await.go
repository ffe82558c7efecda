package registry

import (
	"context"
	"time"
)

// Await finds the endpoint of a canonical host name like Pick, but when its agent was lost a moment ago (Lose, or an earlier process's end) it waits for
// the agent to come back, 5 s from the loss at most, or until ctx ends: a request that nobody has touched need not fail because a link did. Other names
// are answered at once.
func (g *Registry) Await(ctx context.Context, host []byte) (*Endpoint, error) {
	return g.await(ctx, func() (*Endpoint, *Lease) { return g.find(host) })
}

// AwaitPort is Await for a port of an endpoint's own.
func (g *Registry) AwaitPort(ctx context.Context, port int) (*Endpoint, error) {
	return g.await(ctx, func() (*Endpoint, *Lease) { return g.ports[port], g.leases.names[PortPlace(port)] })
}

// Successor returns who serves the name of e now, for the same account, when e does not any more. lost: its agent was lost, so that it waits like Await.
// Errors are ErrNoEndpoint and ErrAway.
func (g *Registry) Successor(ctx context.Context, e *Endpoint, lost bool) (*Endpoint, error) {
	if !lost {
		ctx = over
	}
	place := e.Place()
	next, err := g.await(ctx, func() (*Endpoint, *Lease) {
		if h := g.holder(e); h != e {
			return h, g.leases.names[place]
		}
		return nil, g.leases.names[place]
	})
	if err == nil && next.Account != e.Account {
		return nil, ErrNoEndpoint
	}
	return next, err
}

// Expected is the name, its own or the narrowest wildcard, by which a canonical host name is served, or for which Await would wait, and whose it is; false: there
// is none. host is not kept.
func (g *Registry) Expected(host []byte) (name, account string, ok bool) {
	now := g.now()
	g.mu.RLock()
	defer g.mu.RUnlock()
	switch e, l := g.find(host); {
	case e != nil:
		return e.Host, e.Account, true
	case l != nil && l.awaited(now):
		return l.Name, l.Account, true
	}
	return "", "", false
}

// over is a context that has ended: nothing is waited for.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// await waits until find finds an endpoint, for as long as the lease that it finds instead gives hope.
func (g *Registry) await(ctx context.Context, find func() (*Endpoint, *Lease)) (*Endpoint, error) {
	end := g.now().Add(backSoon)
	for {
		e, stirs, until := g.look(find)
		switch {
		case e != nil:
			return e, nil
		case stirs == nil:
			return nil, ErrNoEndpoint
		case until.IsZero() || until.After(end):
			until = end
		}
		if !pause(ctx, stirs, until.Sub(g.now())) {
			return nil, ErrAway
		}
	}
}

// pause waits for news, or until there is no hope of any: then, too, it is worth another look, because a wildcard may serve a name that is given up. false: there
// was nothing to wait for, or nobody waits any more.
func pause(ctx context.Context, news <-chan struct{}, d time.Duration) bool {
	if d <= 0 || ctx.Err() != nil {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-news:
	case <-t.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// look finds, or returns what is closed when the name's lease changes and until when to wait for that: zero when the name is held, by somebody whose loss
// is about to be told. stirs is nil when nobody has a right to the name.
func (g *Registry) look(find func() (*Endpoint, *Lease)) (e *Endpoint, stirs chan struct{}, until time.Time) {
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	e, l := find()
	if e != nil {
		return e, nil, until
	}
	if l == nil || l.Lapsed(now) {
		return nil, nil, until
	}
	if l.stirs == nil {
		l.stirs = make(chan struct{})
	}
	if l.Until.IsZero() {
		return nil, l.stirs, until
	}
	until = l.back
	if until.IsZero() {
		until = now
	}
	return nil, l.stirs, until
}
