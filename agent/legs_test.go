package agent

import (
	"testing"
	"time"

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
	second.Close()
	second = r.further(false)
	first.Close()
	third := r.further(false)
	third.say(wire.MsgStats, &wire.Stats{Seq: "0"}) // heard on any leg, answered on the first that lives
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
	second := r.further(false)
	second.say(wire.MsgStats, &wire.Stats{Seq: "0"}) // it is one of the session's when this is answered
	first.hear(wire.MsgStatsAck)
	first.Close()
	if again := second.bind(); again.Handle != b.Handle {
		t.Errorf("bound as %d, then as %d", b.Handle, again.Handle)
	}
	second.bound(b.Handle, "1", "t")
	<-w.a.Ready()
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
