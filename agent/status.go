package agent

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/meter"
	"github.com/adit-tunnel/adit/wire"
)

// linkState is what Status says of the link. Agent.mu guards it.
type linkState struct {
	state   inspect.SessionState
	reason  string
	why     string // there was no session last; it stays when the agent stops
	nextTry time.Time
	attempt int          // tries that have failed since there was a session
	welcome wire.Welcome // of the last session: account and plan stay on the screen while the agent reconnects
	notice  string       // the relay's
}

// Status is a snapshot of the agent for the faces.
func (a *Agent) Status() inspect.Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := inspect.Status{
		State: a.link.state, Reason: a.link.reason, NextTry: a.link.nextTry, Notice: cmp.Or(a.link.notice, a.notice),
		Account: a.link.welcome.Account, Plan: a.link.welcome.Plan, Region: a.link.welcome.Region,
		Version: a.o.Version, Relay: a.o.Relay, Embedded: a.o.Embedded, Web: a.web,
		Slept: a.slept, Woke: a.woke,
		Conns: figures(a.conns, nil), Requests: figures(a.eng.requests, &a.eng.errors),
	}
	if s.State == inspect.Connecting || s.State == inspect.Reconnecting {
		s.Attempt = a.link.attempt + 1
	}
	if a.o.Embedded {
		s.Relay = ""
	}
	if a.session != nil {
		s.Latency, s.Legs = a.session.legs.rtts()
		s.Proof = a.session.legs.proof()
	}
	if d, ok := a.o.Recorder.(interface{ Dropped() int64 }); ok {
		s.Dropped = d.Dropped()
	}
	for _, ep := range a.endpoints {
		for ep.url == "" && ep.before != nil { // that is the one which visitors meet
			ep = ep.before
		}
		s.Endpoints = append(s.Endpoints, inspect.Endpoint{
			Name: ep.Name, URL: ep.url, Aliases: slices.Clone(ep.aliases), Upstream: ep.Upstream, Speaks: ep.speaks(), Inspect: ep.Inspect && a.o.Recorder != nil, Description: ep.Description, Failure: ep.failure,
			Proof: ep.lastProof(), Health: ep.health.get(), Conns: figures(ep.conns, nil), Requests: figures(ep.requests, &ep.errors),
			Turned: ep.turned, LastTurned: ep.lastTurned,
		})
	}
	return s
}

// speaks is how requests are put to the local service; "" of an endpoint that passes connections on.
func (ep *endpoint) speaks() string {
	if ep.protocol() != wire.ProtocolHTTP {
		return ""
	}
	return cmp.Or(ep.UpstreamProtocol, "http1")
}

func figures(m *meter.Meter, errors *atomic.Int64) inspect.Meters {
	s, bad := m.Snapshot(), int64(0)
	if errors != nil {
		bad = errors.Load()
	}
	return inspect.Meters{
		Errors: bad,
		Count:  s.Count, Open: s.Open, Rate1: s.Rate1, Rate5: s.Rate5, Rate15: s.Rate15, P50: s.P50, P90: s.P90, P95: s.P95, P99: s.P99,
	}
}

// Watch returns a channel of hints (capacity 1, coalesced: a reader that is late gets the newest only) and a function that ends it.
func (a *Agent) Watch() (<-chan inspect.Hint, func()) { return a.bus.Watch() }

// setLink changes the link's state and hints of it.
func (a *Agent) setLink(f func(*linkState)) {
	a.mu.Lock()
	f(&a.link)
	a.mu.Unlock()
	a.bus.Publish()
}

// online makes s the agent's session and binds all endpoints but those that were refused for good.
func (a *Agent) online(s *session) {
	w := s.welcome
	a.o.Log.Info("session online", "relay", a.way.String(), "account", w.Account, "plan", w.Plan, "region", w.Region, "session", w.Session)
	a.mu.Lock()
	a.session = s
	a.link = linkState{state: inspect.Online, welcome: *s.welcome}
	a.tellOnline(s)
	for _, ep := range a.endpoints {
		if ep.fatal == nil {
			s.bind(ep)
		}
	}
	a.checkReady()
	a.mu.Unlock()
	a.bus.Publish()
}

// offline takes the session away, if it is the agent's; nothing binds in it any more.
func (a *Agent) offline(s *session) {
	a.mu.Lock()
	if a.session == s {
		a.session = nil
	}
	a.mu.Unlock()
}

// stopped is the agent's last state; err says why, nil after a drain.
func (a *Agent) stopped(err error) {
	a.setLink(func(k *linkState) {
		k.state, k.reason, k.nextTry = inspect.Stopped, "", time.Time{}
		if err != nil {
			k.reason = err.Error()
		}
	})
}

// noticed keeps what the relay wants the person to read; it goes with the session.
func (a *Agent) noticed(n *wire.Notice) { a.setLink(func(k *linkState) { k.notice = n.Text }) }

// SetNotice has faces show a text for the person, until there is another one; "" for none. The relay's notices stand in the same place, as long as
// their session.
func (a *Agent) SetNotice(text string) {
	a.setLink(func(k *linkState) { k.notice, a.notice = "", text })
}
