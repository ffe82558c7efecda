package agent

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// manyHandles is how many binds a session may see before another one takes its place, while it has handles left for what comes until then.
const manyHandles = wire.MaxHandles * 8 / 10

// rebindAfter is when a bind that was refused for a passing reason is tried again.
const rebindAfter = 2 * time.Second

// bind asks for ep under a new handle, if it is still one of the agent's. Agent.mu is held.
func (s *session) bind(ep *endpoint) {
	if !slices.Contains(s.a.endpoints, ep) {
		return
	}
	s.mu.Lock()
	if s.handle++; s.handle >= manyHandles {
		notify(s.leave)
	}
	m := &wire.Bind{
		Handle: s.handle, Protocol: ep.protocol(), Name: ep.Name, Host: ep.Host, Port: ep.wish(s.a.o.Embedded), How: wire.HowStart,
		Policy: ep.Policy, Metadata: ep.Metadata, Schemes: ep.Schemes, Terminate: ep.TerminateAt == atEdge, ClientCAs: ep.askCAs,
	}
	if ep.ticket != "" {
		m.How, m.Ticket = wire.HowResume, ep.ticket
		if s.how != "" {
			m.How = s.how
		}
	}
	s.bindings[m.Handle] = &binding{ep: ep, handle: m.Handle, blind: ep.ticket == "", wish: m} // before the answer: a stream may come sooner
	s.mu.Unlock()
	if err := s.send(wire.MsgBind, int64(m.Handle), m); err != nil {
		s.a.o.Log.Debug("bind", "endpoint", ep.Name, "err", err) // the session is dead; the next one binds again
	}
}

// find returns the binding of a handle, or nil.
func (s *session) find(handle uint32) *binding {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bindings[handle]
}

// taken is find for a handle that the relay has no more.
func (s *session) taken(handle uint32) *binding {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bindings[handle]
	if b != nil {
		b.gone = true
		notify(s.idle)
	}
	return b
}

// onMessage takes what the relay says on a control stream. It runs on a goroutine of the leg's, and may block.
func (s *session) onMessage(m *wire.Message) {
	s.hearing.Lock()
	defer s.hearing.Unlock()
	switch b := m.Body.(type) {
	case *wire.Bound:
		s.bound(b)
	case *wire.Refusal:
		s.refused(b)
	case *wire.Rebound:
		s.rebound(b)
	case *wire.Unbound:
		s.unbound(b)
	case *wire.Superseded:
		s.superseded(b)
	case *wire.Stats:
		s.count(b)
	case *wire.Turned:
		s.turned(b)
	case *wire.Notice:
		s.a.noticed(b)
	case *wire.Drain:
		s.a.o.Log.Info("the relay asks to move", "reason", b.Reason)
		notify(s.leave)
	}
}

func (s *session) bound(m *wire.Bound) {
	b := s.find(m.Handle)
	switch {
	case b == nil:
		s.a.o.Log.Warn("the relay bound what was not asked for", "handle", m.Handle)
		return
	case b.closed.Load(): // it was given up in the meantime, and the relay hears of that next
		return
	}
	a, ep := s.a, b.ep
	port := localPort(m.URL)
	ep.tally.begin(m.Epoch)
	s.mu.Lock()
	b.epoch = m.Epoch
	s.mu.Unlock()
	a.mu.Lock()
	if a.session != s { // it was left before the answer came
		if ep.ticket == "" {
			ep.ticket = m.Ticket
		}
		a.mu.Unlock()
		return
	}
	ep.url, ep.aliases, ep.ticket = m.URL, m.Aliases, m.Ticket
	ep.failure, ep.fatal, ep.answered = nil, nil, true
	if port != 0 {
		ep.port = port
	}
	a.checkReady()
	a.mu.Unlock()
	if err := a.remember(ep, port, m.Ticket); err != nil {
		a.forgetful(err)
	}
	a.o.Log.Info("endpoint online", "endpoint", ep.Name, "url", m.URL)
	a.tellBound(ep, m.URL)
	a.bus.Publish()
}

// remember keeps for the next process what this one's endpoint has. An embedded relay ends with this process: its tickets are worth nothing then. Guests often
// have names that are made up and never come back.
func (a *Agent) remember(ep *endpoint, port int, ticket string) error {
	switch {
	case a.o.Slot == nil || ep.guest:
		return nil
	case port != 0 && ep.Port != 0:
		return nil // it is demanded, not remembered: another endpoint of that name need not want it
	case port != 0:
		return a.o.Slot.SetPort(ep.Name, port)
	case ticket != "":
		return a.o.Slot.SetTicket(a.o.Relay, ep.Name, ticket)
	}
	return nil
}

// forgetful says that the slot cannot keep what endpoints have, once a minute; nil: that it can again.
func (a *Agent) forgetful(err error) {
	if err == nil {
		a.o.Log.Info("what the endpoints have is remembered again")
	} else if n, due := a.forgets.Due(); due {
		a.o.Log.Warn("what the endpoints have cannot be remembered; trying again", "err", err, "times", n)
	}
}

// localPort is the port of an embedded relay's URL, 0 of others.
func localPort(s string) int {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() != "localhost" {
		return 0
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return 0
	}
	return port
}

func (s *session) refused(m *wire.Refusal) {
	b := s.find(m.Handle)
	if b == nil || b.closed.Swap(true) {
		return
	}
	s.closeBinding(b)
	s.mu.Lock()
	delete(s.bindings, m.Handle) // it may be refused again and again, each time under a new handle
	s.mu.Unlock()
	a, ep := s.a, b.ep
	a.mu.Lock()
	defer a.bus.Publish()
	defer a.mu.Unlock()
	if a.session != s || ep.removed {
		return
	}
	switch {
	case m.Code == wire.CodePortTaken && ep.port != 0 && ep.Port == 0: // only remembered, never demanded
		ep.port = 0
		s.bind(ep)
		return
	case m.Code == wire.CodeAlreadyOnline && b.blind && a.mayStillHold(ep):
		s.bindLater(ep)
		return
	}
	ep.answered, ep.failure = true, failure(m.Code, m.Text)
	a.o.Log.Warn("endpoint refused", "endpoint", ep.Name, "code", m.Code.String(), "err", ep.failure.Text)
	if m.Code.Info().Fatal {
		s.lose(ep, m.Code, m.Text)
	} else {
		s.bindLater(ep)
	}
	a.tellRefused(ep)
	a.checkReady()
}

// mayStillHold says whether a session that was left has asked for ep, too, and may be the one that has it: its answer, with the ticket to move by, may still
// come. a.mu is held.
func (a *Agent) mayStillHold(ep *endpoint) bool {
	return slices.ContainsFunc(a.fading, func(s *session) bool { return s.has(ep) })
}

// lose notes that ep will not be bound again by itself; when that is so for all endpoints, Run has nothing left to do, unless ep came later. Agent.mu is held.
func (s *session) lose(ep *endpoint, code wire.Code, text string) {
	if text == "" {
		text = code.Info().Text
	}
	ep.fatal = &FatalError{Code: int(code), Err: fmt.Errorf("endpoint %q: %s: %s", ep.Name, code, text)}
	if ep.guest {
		return
	}
	for _, other := range s.a.endpoints {
		if other.fatal == nil {
			return
		}
	}
	s.finish(ep.fatal)
}

// bindLater tries again soon. Agent.mu is held.
func (s *session) bindLater(ep *endpoint) {
	t := time.AfterFunc(rebindAfter, func() {
		s.a.mu.Lock()
		defer s.a.mu.Unlock()
		if s.a.session == s {
			s.bind(ep)
		}
	})
	s.mu.Lock()
	s.timers[ep] = t
	s.mu.Unlock()
}

// rebound takes over what the relay changed.
func (s *session) rebound(m *wire.Rebound) {
	b := s.find(m.Handle)
	if b == nil || b.closed.Load() || m.URL == "" {
		return
	}
	s.a.mu.Lock()
	b.ep.url, b.ep.aliases = m.URL, m.Aliases
	s.a.mu.Unlock()
	s.a.tellBound(b.ep, m.URL)
	s.a.bus.Publish()
}

// unbound: the relay has taken the name away, or answers our Unbind; then the endpoint is not wanted any more.
func (s *session) unbound(m *wire.Unbound) {
	b := s.taken(m.Handle)
	if b == nil || b.closed.Swap(true) {
		return
	}
	s.closeBinding(b)
	if s.a.eng.stopping.Load() {
		return
	}
	s.a.mu.Lock()
	if s.a.session == s {
		s.bindLater(b.ep)
	}
	s.a.mu.Unlock()
	s.a.bus.Publish()
}

// superseded: another session has the name, of the same agent or of the account that the name belongs to. Exchanges under way end where they began, and the name is not bound again.
func (s *session) superseded(m *wire.Superseded) {
	b := s.taken(m.Handle)
	if b == nil || b.closed.Swap(true) {
		return
	}
	s.closeBinding(b)
	a := s.a
	a.mu.Lock()
	if a.session != s || b.ep.removed {
		a.mu.Unlock()
		return // by our own, or no matter
	}
	b.ep.failure = failure(wire.CodeSuperseded, "")
	s.lose(b.ep, wire.CodeSuperseded, "")
	a.tellRefused(b.ep)
	a.mu.Unlock()
	a.o.Log.Warn("endpoint taken over by another session", "endpoint", b.ep.Name)
	a.bus.Publish()
}

// fatal says whether err ends Run, as what.
func fatal(err error) *FatalError {
	var f *FatalError
	if errors.As(err, &f) {
		return f
	}
	var told *wire.FatalError
	if errors.As(err, &told) && told.Code.Info().Fatal {
		return &FatalError{Code: int(told.Code), Err: err}
	}
	return nil
}
