package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// held answers when hold is closed; requests of connection 0 at once.
func held(hold <-chan struct{}) func(*lane) bool {
	return func(l *lane) bool {
		if l.req.Conn != 0 {
			select {
			case <-hold:
			case <-l.resets:
				return false
			}
		}
		return ok("hello")(l)
	}
}

func (a *agent) ended() {
	a.t.Helper()
	select {
	case <-a.leg.Done():
	case <-time.After(patience):
		a.t.Fatal("the leg does not end")
	}
}

// TestLegsShareStreams: streams are spread; a leg that is lost costs those that it carries, and nobody else notices.
func TestLegsShareStreams(t *testing.T) {
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	r := newRig(t)
	first := r.agent("good", "i1", held(hold))
	e := first.bind(r, 1, "a")
	all := []*agent{first, r.further(first, false, held(hold)), r.further(first, false, held(hold))}
	var xs []registry.Exchange
	for n := range 9 {
		xs = append(xs, begin(t, e, get(uint64(n+1))))
	}
	for n, a := range all {
		eventually(t, fmt.Sprint("a third on leg ", n), func() bool { return a.streams.Load() == 3 })
	}
	all[1].leg.Close()
	eventually(t, "the relay knows", func() bool { return len(e.Upstream.(*endpoint).sess.legs.all()) == 2 })
	release()
	for _, x := range xs {
		if content, _, err := read(x); content != "hello" { // they are GETs: sent once more, on another leg
			t.Error(content, err)
		}
		x.Finish()
	}
	if do(t, e, post("x")) != "hello" || r.srv.Sessions() != 1 {
		t.Error("the session is not what it was")
	}
}

// TestLostLegMayHaveDelivered: a POST that was on a lost leg is not sent again.
func TestLostLegMayHaveDelivered(t *testing.T) {
	r := newRig(t)
	reached := make(chan struct{}, 1)
	first, cable := r.agentBehind("i1", func(l *lane) bool { l.drain(); reached <- struct{}{}; _, _ = l.Next(); return false })
	e := first.bind(r, 1, "a")
	x := begin(t, e, post("x"))
	<-reached
	second := r.further(first, false, ok("again"))
	cable.Cut()
	if _, err := x.Next(); codeOf(err) != wire.CodeDelivery {
		t.Error(err)
	}
	if got := do(t, e, post("x")); got != "again" || second.streams.Load() != 1 {
		t.Errorf("%q on %d streams", got, second.streams.Load())
	}
}

// TestFirstLegLost: what the session has is not its first leg's. Control messages go over the next one, and with the last one it ends.
func TestFirstLegLost(t *testing.T) {
	r := newRig(t)
	first := r.agent("good", "i1", ok("first"))
	e := first.bind(r, 1, "a")
	for range 3 {
		do(t, e, post("x")) // leaves an idle stream behind
	}
	old := e.Upstream.(*endpoint).sess.legs.first()
	second := r.further(first, false, ok("second"))
	first.leg.Close()
	<-old.Done()
	if got := do(t, e, post("x")); got != "second" {
		t.Errorf("a POST that nobody had touched got %q", got)
	}
	other := second.bind(r, 2, "b")
	if got := do(t, other, get(1)); got != "second" {
		t.Errorf("%q", got)
	}
	thief := r.agent("good", "i1", ok("thief"))
	thief.bind(r, 1, "a")
	if m := second.await(wire.MsgSuperseded); m.Body.(*wire.Superseded).Handle != 1 {
		t.Errorf("%+v", m.Body)
	}
	thief.bind(r, 2, "b")
	second.await(wire.MsgFatal)
	second.ended()
	eventually(t, "the end of a session without a name", func() bool { return r.srv.Sessions() == 1 })
}

// TestFatalEndsAllLegs: it is about the session, whichever leg it came on.
func TestFatalEndsAllLegs(t *testing.T) {
	r := newRig(t)
	first := r.agent("good", "i1", ok(""))
	second := r.further(first, false, ok(""))
	second.leg.Fatal(&wire.Fatal{Code: wire.CodeInternal, Text: "tired"})
	first.await(wire.MsgFatal)
	first.ended()
	eventually(t, "the session's end", func() bool { return r.srv.Sessions() == 0 })
}

// TestDrainEndsAllLegs: a relay that stops says so on each leg.
func TestDrainEndsAllLegs(t *testing.T) {
	r := newRig(t)
	first := r.agent("good", "i1", ok(""))
	second := r.further(first, false, ok(""))
	if err := r.srv.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	for _, a := range []*agent{first, second} {
		a.await(wire.MsgDrain)
		a.await(wire.MsgFatal)
		a.ended()
	}
}

// TestLegIsRefused: who does not know the secret of a session learns nothing, and a session has not more than its legs. The session itself notices nothing.
func TestLegIsRefused(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("hello"))
	foreign := r.agent("other", "i2", ok("")) // of another account
	e := a.bind(r, 1, "a")
	refused := func(j wire.Join) *wire.FatalError {
		_, err := wire.ClientJoin(r.dial(), &j)
		var fe *wire.FatalError
		if !errors.As(err, &fe) {
			t.Fatalf("%+v: %v", j, err)
		}
		return fe
	}
	stranger := refused(wire.Join{Session: "nobody", Secret: a.welcome.Secret})
	for _, j := range []wire.Join{{Session: a.welcome.Session}, {Session: a.welcome.Session, Secret: foreign.welcome.Secret}} {
		if fe := refused(j); fe.Code != wire.CodeTooManyTries && *fe != *stranger || stranger.Code != wire.CodeBadAuth {
			t.Errorf("%+v: %v, but %v", j, fe, stranger)
		}
	}
	eventually(t, "a flood has to wait", func() bool { return refused(wire.Join{Session: a.welcome.Session}).Code == wire.CodeTooManyTries })
	for range maxLegs - 1 {
		r.further(a, false, ok("hello"))
	}
	if fe := refused(wire.Join{Session: a.welcome.Session, Secret: a.welcome.Secret}); fe.Code != wire.CodeRelayBusy || fe.Wait == 0 {
		t.Errorf("leg %d: %v", maxLegs+1, fe)
	}
	if do(t, e, post("x")) != "hello" || r.srv.Sessions() != 2 {
		t.Error("the session has noticed")
	}
}

// TestWornLeg: a leg that runs out of stream ids goes on until there is another one, then leaves; visitors notice nothing.
func TestWornLeg(t *testing.T) {
	r := prepare(t, func(o *Options) { o.StreamIDs = 64 })
	r.srv.sweep = 10 * time.Millisecond
	r.serve()
	once := func(l *lane) bool { // without TAKEN each request needs a stream of its own
		return l.drain() && l.Write(l.response("hello", wire.End)) == nil
	}
	a := r.agent("good", "i1", once)
	e := a.bind(r, 1, "a")
	for n := range 300 {
		if got := do(t, e, post("x")); got != "hello" {
			t.Fatalf("request %d got %q", n, got)
		}
		if s := e.Upstream.(*endpoint).sess; s.legs.first().Worn() {
			old := a
			a = r.further(a, false, once)
			do(t, e, post("x"))
			old.ended()
		}
	}
	if r.srv.Sessions() != 1 {
		t.Errorf("%d sessions", r.srv.Sessions())
	}
}

// TestSpareLegEnds: a leg that was made for a crowd is let go of when the crowd has gone; one that was not stays, and so does what is under way.
func TestSpareLegEnds(t *testing.T) {
	r := prepare(t)
	r.srv.sweep = 10 * time.Millisecond
	r.serve()
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	first := r.agent("good", "i1", held(hold))
	e := first.bind(r, 1, "a")
	second := r.further(first, false, held(hold))
	xs := []registry.Exchange{begin(t, e, get(1)), begin(t, e, get(2))}
	spare := r.further(first, true, held(hold))
	xs = append(xs, begin(t, e, get(3)))
	eventually(t, "a stream on the spare leg", func() bool { return spare.streams.Load() == 1 })
	s := e.Upstream.(*endpoint).sess
	eventually(t, "it is left", func() bool { return s.legs.all()[2].leaving.Load() })
	before := spare.streams.Load()
	for range 5 {
		do(t, e, get(0))
	}
	if spare.streams.Load() != before || spare.leg.Lost() {
		t.Error("it is used, or closed under a visitor")
	}
	release()
	for _, x := range xs {
		if content, _, err := read(x); content != "hello" {
			t.Error(content, err)
		}
		x.Finish()
	}
	spare.ended()
	if first.leg.Lost() || second.leg.Lost() {
		t.Error("another one has ended, too")
	}
}

// TestStatsLostWithALeg: figures that were on their way are told again on another leg, though nothing changes any more.
func TestStatsLostWithALeg(t *testing.T) {
	r := newRig(t)
	first := r.agent("good", "i1", ok(""))
	e := first.bind(r, 1, "a")
	second := r.further(first, false, ok(""))
	attach(e, 3)
	first.await(wire.MsgStats) // and says nothing
	first.leg.Close()
	second.reported(1, e.Epoch, 3)
}

// TestNextLegComesAtOnce: the secret counts from the moment that the agent has it, though the first leg may not be there yet.
func TestNextLegComesAtOnce(t *testing.T) {
	r := newRig(t)
	for range 20 {
		first, second := r.dial(), r.dial()
		w, err := wire.ClientHandshake(first, &wire.Auth{Token: "good", Instance: "i1", Version: "t", OS: "t"})
		if err == nil {
			_, err = wire.ClientJoin(second, &wire.Join{Session: w.Session, Secret: w.Secret})
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = first.Close()
		_ = second.Close()
	}
	eventually(t, "their end", func() bool { return r.srv.Sessions() == 0 })
}
