package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// maxEndpoints is how many endpoints a session may have at once.
	maxEndpoints = 100

	// placeWithin is how long finding out whose a name is may take.
	placeWithin = 8 * time.Second

	// maxName is how long a name, a host name and a ticket may be: they are kept as long as the endpoint.
	maxName = 255
)

// onBind answers with Bound or Refusal. It is idempotent by handle: an agent that has missed the answer asks again.
func (s *session) onBind(l *leg, id int64, b *wire.Bind) {
	bound, err := s.bindOnce(b)
	if err == nil {
		l.answer(wire.MsgBound, id, bound)
		return
	}
	var re *registry.Error
	if !errors.As(err, &re) {
		s.log.Error("bind failed", "err", err)
		re = &registry.Error{Code: wire.CodeInternal}
	}
	text := re.Text
	if text == "" {
		text = re.Code.Info().Text
	}
	s.refusals.info(s.log, refusalLine, "handle", b.Handle, "code", re.Code, "text", text)
	l.answer(wire.MsgRefusal, id, &wire.Refusal{Handle: b.Handle, Code: re.Code, Text: text})
}

func (s *session) bindOnce(b *wire.Bind) (*wire.Bound, error) {
	t, err := compile(b)
	if err != nil {
		return nil, err
	}
	e, again, err := s.reserve(b, t)
	if err != nil {
		return nil, err
	}
	if !again {
		if err := s.place(e); err != nil {
			s.forget(e, false)
			s.endWhenBare()
			return nil, err
		}
		s.log.Info("endpoint online", "url", e.reg.URL, "name", clip(e.reg.Name), "epoch", e.reg.Epoch)
		s.probeSoon(e)
	}
	return &wire.Bound{
		Handle: e.handle, URL: e.reg.URL, Aliases: e.reg.Aliases, Epoch: strconv.FormatUint(e.reg.Epoch, 10), Ticket: s.srv.ticket(e.reg),
	}, nil
}

// reserve makes the endpoint part of the session before anybody can find it, or finds the one that was bound with the same Bind.
func (s *session) reserve(b *wire.Bind, t terms) (e *endpoint, again bool, err error) {
	if !s.granted().Scopes.AllowsProtocol(b.Protocol) {
		return nil, false, &registry.Error{Code: wire.CodeProtocolScope, Text: fmt.Sprintf("the token is not for %s endpoints", clip(b.Protocol))}
	}
	if s.srv.stopping() {
		return nil, false, &registry.Error{Code: wire.CodeRelayStopping}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.endpoints[b.Handle]; e != nil {
		if !e.sameBind(b, t) {
			return nil, false, &registry.Error{Code: wire.CodeBadHandle, Text: "the handle is bound to another endpoint"}
		}
		return e, true, nil
	}
	switch _, used := s.used[b.Handle]; {
	case used:
		return nil, false, &registry.Error{Code: wire.CodeBadHandle, Text: "the handle was used before in this session"}
	case s.over, s.draining, s.legs.lost():
		return nil, false, &registry.Error{Code: wire.CodeAgentStopping}
	case len(s.endpoints) >= maxEndpoints, len(s.used) >= wire.MaxHandles:
		return nil, false, &registry.Error{Code: wire.CodeEndpointLimit}
	}
	e = &endpoint{sess: s, handle: b.Handle, bind: *b}
	e.bind.Metadata, e.bind.Policy, e.bind.ClientCAs = "", "", "" // nobody asks for the first, passwords are in the second, and reg has the third
	if len(b.Ticket) > maxName {
		e.bind.Ticket = "" // it is none
	}
	e.life, e.end = context.WithCancel(context.Background())
	e.reg = &registry.Endpoint{
		Account: s.account, Instance: s.instance, Name: b.Name, Session: s.number, Upstream: e,
		Protocol: b.Protocol, Schemes: b.Schemes, Terminate: b.Terminate, ClientCAs: t.clientCAs, Policy: t.policy,
	}
	s.endpoints[b.Handle] = e
	return e, false, nil
}

// sameBind compares what was asked for; how it is asked for may change from one try to the next.
func (e *endpoint) sameBind(b *wire.Bind, t terms) bool {
	return e.bind.Protocol == b.Protocol && e.bind.Name == b.Name && e.bind.Host == b.Host && e.bind.Port == b.Port &&
		slices.Equal(e.bind.Schemes, b.Schemes) && e.bind.Terminate == b.Terminate && e.reg.ClientCAs.Equal(t.clientCAs) && e.reg.Policy.Same(t.policy)
}

// place gets e its URL and makes it findable. On error nothing is left of it but its handle.
func (s *session) place(e *endpoint) error {
	ctx, cancel := context.WithTimeout(e.life, placeWithin)
	defer cancel()
	release, err := s.srv.o.Namer.Place(ctx, e.reg, Wish{Host: e.bind.Host, Port: e.bind.Port, Grant: s.granted()})
	if err != nil {
		return err
	}
	s.mu.Lock()
	e.release = release
	s.mu.Unlock()
	s.pools.add(e)
	if err := s.claim(e); err != nil {
		s.free(e)
		s.pools.shut(e, wire.CodeNoEndpoint)
		return err
	}
	if s.ended() { // while the name was being looked up
		s.free(e)
		return &registry.Error{Code: wire.CodeAgentGone}
	}
	return nil
}

// claim takes the name of e: at once with a ticket that counts, else when nobody has it or the one who does gives no sign of life.
func (s *session) claim(e *endpoint) error {
	c := registry.Claim{Most: s.granted().Limits.Endpoints}
	if e.bind.How != wire.HowStart {
		c.Ticket = s.srv.claimed(e.bind.Ticket, e.reg)
	}
	for {
		old, err := s.srv.o.Registry.Bind(e.reg, c)
		if err == nil {
			if o := ours(old); o != nil {
				o.superseded(e, e.bind.How == wire.HowMove && c.Ticket > 0)
			}
			s.srv.settleArrears(e)
			return nil
		}
		var held *registry.Held
		if !errors.As(err, &held) {
			return err
		}
		switch o := ours(held.Holder); {
		case o == nil || o.sess != s && o.sess.alive():
			return err
		case o.sess == s && o.bind.Name != e.bind.Name:
			text := fmt.Sprintf("%s is already online as the endpoint %q of this agent", e.reg.Called(), clip(o.bind.Name))
			return &registry.Error{Code: wire.CodeAlreadyOnline, Text: text}
		}
		if s.legs.lost() { // in the meantime: it would fence the holder, and have nothing of it
			return &registry.Error{Code: wire.CodeAgentGone}
		}
		c.Over = held.Holder
	}
}

// ours is the endpoint behind what the registry has, if a session of this relay serves it.
func ours(e *registry.Endpoint) *endpoint {
	if e == nil {
		return nil
	}
	o, _ := e.Upstream.(*endpoint)
	return o
}

func (s *session) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// free gives an endpoint's name and place back; it may be called more than once.
func (s *session) free(e *endpoint) {
	s.srv.o.Registry.Unbind(e.reg)
	e.end()
	s.mu.Lock()
	release := e.release
	e.release = nil
	s.mu.Unlock()
	if release != nil {
		release()
	}
}

// forget takes e out of the session; used: its handle is never bound again. False: it was out already.
func (s *session) forget(e *endpoint, used bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.endpoints[e.handle] != e {
		return false
	}
	delete(s.endpoints, e.handle)
	if used {
		s.used[e.handle] = struct{}{}
	}
	return true
}

// onUnbind takes the endpoint away. Exchanges under way end where they are. The Bind may still be to come, on another leg: the handle is used up all the same.
func (s *session) onUnbind(l *leg, id int64, u *wire.Unbind) {
	s.mu.Lock()
	e := s.endpoints[u.Handle]
	if len(s.used) < wire.MaxHandles {
		s.used[u.Handle] = struct{}{}
	}
	s.mu.Unlock()
	if e != nil && s.forget(e, true) {
		s.free(e)
		s.pools.shut(e, wire.CodeAgentGone)
		s.log.Info("endpoint offline", "url", e.reg.URL)
	}
	l.answer(wire.MsgUnbound, id, &wire.Unbound{Handle: u.Handle})
	s.endWhenBare()
}

// superseded tells the session that the name of e belongs to heir now: idle streams are closed, exchanges under way end where they began, and
// requests that had found e before the change go to heir. moved: the agent has both sessions, and knows.
func (e *endpoint) superseded(heir *endpoint, moved bool) {
	s := e.sess
	if !s.forget(e, true) {
		return
	}
	s.free(e)
	s.pools.shut(e, wire.CodeAgentGone)
	s.srv.owe(e)
	if heir.sess == s {
		return
	}
	s.log.Info("endpoint superseded", "url", e.reg.URL, "by", heir.sess.id, "moved", moved)
	if !moved {
		s.tell(wire.MsgSuperseded, &wire.Superseded{Handle: e.handle, Epoch: strconv.FormatUint(heir.reg.Epoch, 10)})
	}
	s.mu.Lock()
	s.bereft = s.bereft || moved || len(s.endpoints) == 0
	s.mu.Unlock()
	s.endWhenBare()
}

// endWhenBare lets a session end, when its exchanges have, that is bereft of names and has none left.
func (s *session) endWhenBare() {
	if s.bare() {
		s.ending.Store(true)
		s.wake()
	}
}

func (s *session) bare() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bereft && len(s.endpoints) == 0
}

// retire gives everything back after the last leg's end. Visitors wait a moment for an agent that was lost without a word, or was sent away because the relay
// stops: then at the next one.
func (s *session) retire(lost bool) {
	lost = lost || s.srv.stopping()
	s.mu.Lock()
	s.over = true
	lost = lost && !s.draining
	all := make([]*endpoint, 0, len(s.endpoints))
	for _, e := range s.endpoints {
		all = append(all, e)
	}
	s.mu.Unlock()
	s.pools.shutAll(wire.CodeAgentGone)
	for _, e := range s.stats.end() {
		s.srv.owe(e)
	}
	for _, e := range all {
		s.forget(e, true)
		if lost {
			s.srv.o.Registry.Lose(e.reg)
		}
		s.free(e)
	}
}
