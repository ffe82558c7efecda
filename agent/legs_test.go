package agent

import (
	"slices"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

func legsOf(n int64) map[string]int64 { return map[string]int64{"legs": n, "streams": 8} }

// further waits for a further leg of the agent's session.
func (r *fakeRelay) further(spare bool) *relaySide {
	r.t.Helper()
	s := r.of(r.joined)
	if s.join.Secret != "shh" || s.join.Spare != spare {
		r.t.Fatalf("not the leg that was wanted: %+v", s.join)
	}
	return s
}

// another is a further leg that has become one of the session's; first is the one before it, whose messages have been heard.
func (r *fakeRelay) another(first *relaySide) *relaySide {
	r.t.Helper()
	s := r.further(false)
	s.say(wire.MsgStats, &wire.Stats{Seq: "0"}) // answered on the first, once this one is known
	first.hear(wire.MsgStatsAck)
	return s
}

// none says that no connection comes for a moment.
func (r *fakeRelay) none() {
	r.t.Helper()
	select {
	case <-r.sessions:
		r.t.Error("the agent makes another session")
	case s := <-r.joined:
		r.t.Errorf("the agent makes another leg: %+v", s.join)
	case <-time.After(300 * time.Millisecond):
	}
}

// legs waits until the agent, too, has so many.
func (w *world) legs(n int) {
	w.t.Helper()
	w.until("legs", func(s inspect.Status) bool { return len(s.Legs) == n })
}

func (s *relaySide) opens(n int) (all []*wire.Stream) {
	s.t.Helper()
	for range n {
		st, err := s.Open(s.t.Context(), &wire.OpenFrame{Kind: wire.KindHTTP, Handle: 1})
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, st)
	}
	return all
}

// TestLegsThatWereAskedFor: as many as the options say, as far as the relay takes them; one that is lost is made again, and the session goes on.
func TestLegsThatWereAskedFor(t *testing.T) {
	r := newFakeRelay(t)
	r.limits, r.legs = legsOf(2), 3
	w := r.run("a")
	first := r.next()
	b := first.bind()
	first.bound(b.Handle, "1", "t")
	second := r.further(false)
	r.none() // the relay takes two
	w.legs(2)
	second.Close()
	second = r.further(false)
	w.legs(2)
	first.Close()
	third := r.further(false)
	w.legs(2)
	third.say(wire.MsgStats, &wire.Stats{Seq: "0"}) // heard on any leg, answered on the first that lives, which is known: the lost one is replaced
	second.hear(wire.MsgStatsAck)
	if w.a.Status().State != "online" {
		t.Error(w.a.Status().State)
	}
	second.Close()
	third.Close()
	r.next() // with the last leg the session ends
}

// TestOldRelayHasOneLeg: a relay that speaks of no legs is not asked for any.
func TestOldRelayHasOneLeg(t *testing.T) {
	r := newFakeRelay(t)
	r.legs = 3
	r.run("a")
	r.next().bind()
	r.none()
}

// TestBindIsAskedAgain: an answer that was lost with its leg is asked for on another one.
func TestBindIsAskedAgain(t *testing.T) {
	r := newFakeRelay(t)
	r.limits, r.legs = legsOf(2), 2
	w := r.run("a")
	first := r.next()
	b := first.bind()
	second := r.another(first)
	first.Close()
	if again := second.bind(); again.Handle != b.Handle {
		t.Errorf("bound as %d, then as %d", b.Handle, again.Handle)
	}
	second.bound(b.Handle, "1", "t")
	<-w.a.Ready()
}

// TestAskedAgainInOrder: a name that was given back is free before the next endpoint asks for it, on the leg that is left as on the one that was lost.
func TestAskedAgainInOrder(t *testing.T) {
	r := newFakeRelay(t)
	r.limits, r.legs = legsOf(2), 2
	w := r.run("a")
	first := r.next()
	b := first.bind()
	first.bound(b.Handle, "1", "t")
	second := r.another(first)
	last := b.Handle
	for range 8 {
		if err := w.a.Remove("a"); err != nil {
			t.Fatal(err)
		}
		if err := w.a.Forward(Endpoint{Name: "a", Upstream: "http://127.0.0.1:1"}); err != nil {
			t.Fatal(err)
		}
		last = first.bind().Handle
	}
	first.Close()
	var got []uint32
	for range 9 {
		switch m := <-second.msgs; b := m.Body.(type) {
		case *wire.Unbind:
			got = append(got, b.Handle)
		case *wire.Bind:
			got = append(got, b.Handle)
		}
	}
	if !slices.IsSorted(got) || got[8] != last {
		t.Errorf("%d", got)
	}
}

// TestUnbindIsSaidAgain: that a name is given back is said again when its answer was lost with the leg, and not when it was not.
func TestUnbindIsSaidAgain(t *testing.T) {
	r := newFakeRelay(t)
	r.limits, r.legs = legsOf(2), 2
	w := r.run("a")
	first := r.next()
	first.bound(first.bind().Handle, "1", "t")
	legs := []*relaySide{first, r.another(first)}
	ln, err := w.a.Listen(Endpoint{Name: "b"})
	if err != nil {
		t.Fatal(err)
	}
	b := legs[0].bind()
	legs[0].bound(b.Handle, "2", "u")
	ln.Close()
	legs[0].hear(wire.MsgUnbind)
	legs[0].Close()
	if m := legs[1].hear(wire.MsgUnbind).Body.(*wire.Unbind); m.Handle != b.Handle {
		t.Errorf("handle %d was given back, not %d", m.Handle, b.Handle)
	}
	legs[1].say(wire.MsgUnbound, &wire.Unbound{Handle: b.Handle})
	legs[1].say(wire.MsgStats, &wire.Stats{Seq: "0"})
	legs[1].hear(wire.MsgStatsAck)
	legs = append(legs, r.further(false))
	w.legs(2)
	legs[1].Close()
	for acked := false; !acked; { // until it is the first that lives
		legs[2].say(wire.MsgStats, &wire.Stats{Seq: "0"})
		select {
		case m := <-legs[2].msgs:
			acked = m.Type == wire.MsgStatsAck
			if m.Type == wire.MsgUnbind {
				t.Error("it was given back once more")
			}
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestCrowdMakesLegs: with more than half of the streams on every leg there is another one, a spare; a third one at most.
func TestCrowdMakesLegs(t *testing.T) {
	r := newFakeRelay(t)
	r.limits = legsOf(4)
	r.run("a")
	first := r.next()
	first.bound(first.bind().Handle, "1", "t")
	first.opens(4)
	r.none()
	first.opens(1)
	second := r.further(true)
	second.opens(4)
	r.none()
	second.opens(1)
	third := r.further(true)
	third.opens(8)
	r.none()
	third.Close() // the relay has no need of it any more; but there is a crowd
	r.further(true)
}

// TestWornLegIsReplaced: before the stream ids run out, there is another leg.
func TestWornLegIsReplaced(t *testing.T) {
	r := newFakeRelay(t)
	r.limits, r.ids = map[string]int64{"legs": 4}, 64
	r.run("a")
	first := r.next()
	first.bound(first.bind().Handle, "1", "t")
	for range 50 {
		for _, st := range first.opens(1) {
			st.Close()
		}
	}
	r.none()
	for range 10 {
		for _, st := range first.opens(1) {
			st.Close()
		}
	}
	r.further(false)
	if first.Lost() {
		t.Error("the worn one has ended")
	}
	r.none()
}

// TestLegThatIsRefused: for good, then there are no more tries; for the moment, then there are.
func TestLegThatIsRefused(t *testing.T) {
	for code, again := range map[wire.Code]bool{wire.CodeBadAuth: false, wire.CodeRelayBusy: true} {
		r := newFakeRelay(t)
		r.limits, r.legs = legsOf(2), 2
		r.refuse.Store(&wire.FatalError{Code: code, Text: "no"})
		w := r.run("a")
		first := r.next()
		first.bound(first.bind().Handle, "1", "t")
		if s := r.of(r.joined); !s.refused {
			t.Fatal("no leg was asked for")
		}
		r.refuse.Store(nil)
		if again {
			r.further(false)
		} else {
			r.none()
		}
		if w.a.Status().State != "online" {
			t.Errorf("%s ends the session", code)
		}
		w.stop()
	}
}

// TestFatalOnOneLeg: it is about the session, and ends all of them.
func TestFatalOnOneLeg(t *testing.T) {
	r := newFakeRelay(t)
	r.limits, r.legs = legsOf(2), 2
	r.run("a")
	first := r.next()
	first.bound(first.bind().Handle, "1", "t")
	r.further(false).Fatal(&wire.Fatal{Code: wire.CodeRelayStopping, Text: "stopping"})
	first.ended()
	r.next()
}
