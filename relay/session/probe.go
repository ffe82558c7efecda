package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// probeEvery is the time from one probe of an endpoint to the next, give or take a quarter, so that those of many agents spread.
	probeEvery = 15 * time.Second

	// firstPart of it passes before the first probe of an endpoint that was just bound: its person looks at the screen now.
	firstPart = 30

	// probeLimit is how long an answer may take.
	probeLimit = 10 * time.Second
)

// A probe asks what a visitor's request would ask: does this name lead to that agent? It looks the name up in the registry and goes to the
// agent on a stream of its own. It is no exchange: nothing counts it, and no end waits for it.

// probing is how a server probes. Tests shorten the times.
type probing struct {
	every    time.Duration // negative: never
	limit    time.Duration
	failures atomic.Int64
}

// prober is a session's part in it.
type prober struct {
	timer *time.Timer // rings when a probe is due; keep hears it
	busy  bool        // one is under way: there is one at a time; guarded by session.mu
}

func (p *prober) init() { p.timer = time.NewTimer(math.MaxInt64) }

// jittered is d, give or take a quarter.
func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2))
}

// errNotNow: there is nothing to learn from a probe at the moment.
var errNotNow = errors.New("no probe at the moment")

// ProbeFailures is how many probes found that their endpoint cannot be reached.
func (s *Server) ProbeFailures() int64 { return s.probes.failures.Load() }

// probeSoon makes e, which visitors can find from now on, one of the endpoints that are probed.
func (s *session) probeSoon(e *endpoint) {
	if s.srv.probes.every < 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.probeAt = time.Now().Add(jittered(s.srv.probes.every / firstPart))
	s.setProbeTimer()
}

// setProbeTimer lets it ring for the endpoint that is due first. s.mu is held.
func (s *session) setProbeTimer() {
	var next time.Time
	for _, e := range s.endpoints {
		if !e.probeAt.IsZero() && (next.IsZero() || e.probeAt.Before(next)) {
			next = e.probeAt
		}
	}
	if !next.IsZero() {
		s.prober.timer.Reset(time.Until(next))
	}
}

// probeDue probes the endpoints whose time has come, one after another. keep starts it on a goroutine of its own; one that comes while
// another works leaves the work to it.
func (s *session) probeDue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prober.busy {
		return
	}
	s.prober.busy = true
	for e := s.dueForProbe(); e != nil; e = s.dueForProbe() {
		e.probeAt = time.Now().Add(jittered(s.srv.probes.every))
		s.mu.Unlock()
		s.probed(e, s.probe(e))
		s.mu.Lock()
	}
	s.prober.busy = false
	s.setProbeTimer()
}

// dueForProbe returns an endpoint whose time has come, or nil. s.mu is held.
func (s *session) dueForProbe() *endpoint {
	if s.over {
		return nil
	}
	now := time.Now()
	for _, e := range s.endpoints {
		if !e.probeAt.IsZero() && !e.probeAt.After(now) {
			return e
		}
	}
	return nil
}

// probed draws the conclusion. What was learnt of an endpoint or a session that is over by now is no news.
func (s *session) probed(e *endpoint, err error) {
	if errors.Is(err, errNotNow) || s.legs.lost() || !s.has(e) {
		return
	}
	if err != nil {
		s.srv.probes.failures.Add(1)
	}
	switch lame := err != nil; {
	case lame && !e.lame:
		s.log.Warn("endpoint cannot be reached", "url", e.reg.URL, "err", err)
	case !lame && e.lame:
		s.log.Info("endpoint can be reached again", "url", e.reg.URL)
	}
	e.lame = err != nil
}

func (s *session) has(e *endpoint) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endpoints[e.handle] == e
}

// probe goes the whole way of a visitor's request; nil: the agent has answered.
func (s *session) probe(e *endpoint) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.srv.probes.limit)
	defer cancel()
	if s.pools.unfit(e) {
		return errNotNow
	}
	if err := s.leadsTo(ctx, e); err != nil {
		return err
	}
	w, _, err := s.pools.newStream(ctx, &wire.OpenFrame{Kind: wire.KindProbe, Handle: e.handle})
	if full(err) {
		return errNotNow
	}
	if err != nil {
		return fmt.Errorf("opening a stream: %w", err)
	}
	defer w.Close()
	return ask(ctx, w)
}

// unfit says that e takes no exchange any more, or that the legs have all the streams they may have: a probe would take a visitor's.
func (p *pools) unfit(e *endpoint) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.legs.roomiest()
	return p.refusal(e) != 0 || len(p.waiting) > 0 || l != nil && l.Streams() >= wire.MaxStreams
}

// leadsTo says whether visitors who look for e find it. It looks twice: while another session takes the name over, it leads there a moment
// before this one hears of it.
func (s *session) leadsTo(ctx context.Context, e *endpoint) error {
	err := s.srv.find(e)
	if err != nil && wait(ctx, s.srv.probes.every/firstPart) {
		err = s.srv.find(e)
	}
	return err
}

// find looks e's name up as it is done for a visitor.
func (s *Server) find(e *endpoint) error {
	var got *registry.Endpoint
	var err error
	if e.reg.Port != 0 {
		got, err = s.o.Registry.PickPort(e.reg.Port)
	} else {
		got, err = s.o.Registry.Pick([]byte(e.reg.Host))
	}
	if err == nil && got.Upstream != registry.Upstream(e) {
		err = errors.New("its name leads to another session")
	}
	return err
}

// ask sends the one request of a probe's stream and awaits the answer. What is not over then is broken off: the agent may be writing.
func ask(ctx context.Context, w *wire.Stream) error {
	h := &probeHandler{w: w}
	w.Begin(1, netip.Addr{})
	w.Handle(h)
	defer context.AfterFunc(ctx, w.Close)()
	q := wire.Req{Seq: 1, Start: time.Now()}
	var a answer
	err := w.Write(q.Append(nil, wire.End))
	if err == nil {
		err = a.probe(w)
	}
	if err != nil || !a.over() {
		w.SendReset(1, wire.CodeNone)
	}
	switch code := wire.Code(h.code.Load()); {
	case ctx.Err() != nil:
		return errors.New("the agent does not answer")
	case h.gone.Load() && code == wire.CodeUnsupported:
		return nil // an agent that offers no probes has answered, too
	case h.gone.Load() && code == wire.CodeNone:
		return errNotNow // it begins nothing any more
	case h.gone.Load():
		return fmt.Errorf("the agent refuses: %s", code)
	}
	return err
}

// probe reads a probe's answer, of which only its beginning matters.
func (a *answer) probe(w *wire.Stream) error {
	for a.begin(1, wire.KindProbe, false); a.stage == atHead; {
		f, err := w.Next()
		if err == nil {
			err = a.accept(f, true)
		}
		if err != nil {
			return fmt.Errorf("the agent's answer: %w", err)
		}
		w.Took(wire.Cost(f))
	}
	if a.fail.Code != wire.CodeNone {
		return fmt.Errorf("the agent refuses: %s", a.fail.Code)
	}
	return nil
}

// probeHandler hears of the agent's RESET.
type probeHandler struct {
	w    *wire.Stream
	code atomic.Uint32
	gone atomic.Bool // behind code
}

// OnReset ends the probe, unless the agent only says that this is the stream's last exchange.
func (h *probeHandler) OnReset(seq uint32, code wire.Code) {
	if code == wire.CodeNone && seq > 0 {
		return
	}
	h.code.Store(uint32(code))
	h.gone.Store(true)
	h.w.Close()
}

// OnStop is about content, of which a probe has none.
func (h *probeHandler) OnStop(uint32) {}
