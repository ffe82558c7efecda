package agent

import (
	"context"
	"errors"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// TestNoEndpoints: an agent without endpoints has a session, is ready, and goes on when a guest was refused for good.
func TestNoEndpoints(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run()
	s := r.next()
	w.settled()
	refused := make(chan error, 1)
	go func() {
		_, err := w.a.Start(t.Context(), Endpoint{Name: "a", Upstream: "http://127.0.0.1:1"})
		refused <- err
	}()
	s.say(wire.MsgRefusal, &wire.Refusal{Handle: s.bind().Handle, Code: wire.CodeNameTaken, Text: "it is"})
	var why *RefusedError
	if err := <-refused; !errors.As(err, &why) || why.Failure.Name != "NAME_TAKEN" {
		t.Errorf("refused: %v", err)
	}
	if n := len(w.a.Status().Endpoints); n != 0 {
		t.Errorf("%d endpoints are left", n)
	}
	url := make(chan string, 1)
	go func() {
		got, err := w.a.Start(t.Context(), Endpoint{Name: "a", Upstream: "http://127.0.0.1:1"})
		if err != nil {
			t.Error(err)
		}
		url <- got
	}()
	s.bound(s.bind().Handle, "1", "")
	if got := <-url; got != "http://a.test" {
		t.Errorf("URL %q", got)
	}
	if w.a.Status().State != inspect.Online {
		t.Errorf("%+v", w.a.Status())
	}
}

// TestStartGivesUp: who does not wait any longer leaves nothing behind: the relay is told, and an answer that comes too late changes nothing.
func TestStartGivesUp(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run()
	s := r.next()
	w.settled()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := w.a.Start(ctx, Endpoint{Name: "a", Upstream: "http://127.0.0.1:1"})
		ended <- err
	}()
	b := s.bind()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Start: %v", err)
	}
	if u := s.hear(wire.MsgUnbind).Body.(*wire.Unbind); u.Handle != b.Handle {
		t.Errorf("handle %d was given back, %d bound", u.Handle, b.Handle)
	}
	s.bound(b.Handle, "1", "")
	if n := len(w.a.Status().Endpoints); n != 0 {
		t.Errorf("%d endpoints", n)
	}
}

// TestRemove: the relay hears of it, the name may be used again at once under a handle of its own, also in the session that comes next.
func TestRemove(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("a", "b")
	s := r.next()
	first, second := s.bind(), s.bind()
	s.bound(first.Handle, "1", "ticket")
	s.bound(second.Handle, "1", "")
	if err := w.a.Remove("nobody"); !errors.Is(err, inspect.ErrNoEndpoint) {
		t.Errorf("nobody: %v", err)
	}
	if err := w.a.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if err := w.a.Remove("a"); !errors.Is(err, inspect.ErrNoEndpoint) {
		t.Errorf("twice: %v", err)
	}
	if u := s.hear(wire.MsgUnbind).Body.(*wire.Unbind); u.Handle != first.Handle {
		t.Errorf("handle %d", u.Handle)
	}
	if err := w.a.Forward(Endpoint{Name: "a", Upstream: "http://127.0.0.1:2"}); err != nil {
		t.Fatal(err)
	}
	again := s.bind()
	if again.Name != "a" || again.Handle == first.Handle {
		t.Errorf("%+v", again)
	}
	s.say(wire.MsgUnbound, &wire.Unbind{Handle: first.Handle}) // the answer to what was long ago
	s.bound(again.Handle, "2", "")
	if err := w.a.Remove("b"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = r.next()
	if b := s.bind(); b.Name != "a" {
		t.Errorf("%q is bound", b.Name)
	}
	s.say(wire.MsgStats, &wire.Stats{Seq: "0"}) // behind whose answer nothing of the beginning comes
	for m := <-s.msgs; m.Type != wire.MsgStatsAck; m = <-s.msgs {
		if m.Type == wire.MsgBind {
			t.Errorf("%+v", m.Body)
		}
	}
}

// TestRemoveTheUndecided: an endpoint that nobody has answered for does not keep others from being ready.
func TestRemoveTheUndecided(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("a", "b")
	s := r.next()
	first := s.bind()
	s.bind()
	s.bound(first.Handle, "1", "")
	select {
	case <-w.a.Ready():
		t.Error("ready too soon")
	default:
	}
	if err := w.a.Remove("b"); err != nil {
		t.Fatal(err)
	}
	w.settled()
}

// TestReplace: what is replaced is served until the new one is, keeps its name by its ticket, and stays when the new one is refused.
func TestReplace(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("a")
	s := r.next()
	first := s.bind()
	s.bound(first.Handle, "1", "ticket")
	ended := replacing(t.Context(), w, "http://127.0.0.1:2")
	b := s.bind()
	if b.How != wire.HowResume || b.Ticket != "ticket" || b.Handle == first.Handle {
		t.Errorf("%+v", b)
	}
	s.say(wire.MsgRefusal, &wire.Refusal{Handle: b.Handle, Code: wire.CodeNameTaken})
	var why *RefusedError
	if err := <-ended; !errors.As(err, &why) {
		t.Errorf("refused: %v", err)
	}
	if e := w.a.Status().Endpoints; len(e) != 1 || e[0].Upstream != "http://127.0.0.1:1" || e[0].URL == "" || e[0].Failure != nil {
		t.Errorf("%+v", e)
	}
	ended = replacing(t.Context(), w, "http://127.0.0.1:3")
	b = s.bind()
	s.say(wire.MsgBound, &wire.Bound{Handle: b.Handle, URL: "http://a.test", Epoch: "2"}) // bound would wait, and not hear an Unbind that comes first
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if u := s.hear(wire.MsgUnbind).Body.(*wire.Unbind); u.Handle != first.Handle {
		t.Errorf("handle %d was given back", u.Handle)
	}
	if e := w.a.Status().Endpoints; len(e) != 1 || e[0].Upstream != "http://127.0.0.1:3" || e[0].URL == "" {
		t.Errorf("%+v", e)
	}
	s.Close()
	s = r.next()
	if b := s.bind(); b.Name != "a" {
		t.Errorf("%+v", b)
	}
	if _, err := w.a.Replace(t.Context(), Endpoint{Name: "b"}); err == nil {
		t.Error("an endpoint without an upstream was taken")
	}
}

// replacing replaces the endpoint "a" in the background.
func replacing(ctx context.Context, w *world, upstream string) chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := w.a.Replace(ctx, Endpoint{Name: "a", Upstream: upstream})
		ended <- err
	}()
	return ended
}

// unbinds hears that so many handles are given back, and says which.
func (s *relaySide) unbinds(n int) map[uint32]bool {
	out := map[uint32]bool{}
	for range n {
		out[s.hear(wire.MsgUnbind).Body.(*wire.Unbind).Handle] = true
	}
	return out
}

// TestRemoveWhileReplaced: who removes a name gets rid of what is served under it, and of what was to come.
func TestRemoveWhileReplaced(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("a")
	s := r.next()
	first := s.bind()
	s.bound(first.Handle, "1", "ticket")
	ended := replacing(t.Context(), w, "http://127.0.0.1:2")
	second := s.bind()
	if e := w.a.Status().Endpoints; len(e) != 1 || e[0].Upstream != "http://127.0.0.1:1" || e[0].URL == "" {
		t.Errorf("meanwhile: %+v", e)
	}
	if err := w.a.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, inspect.ErrNoEndpoint) {
		t.Errorf("Replace: %v", err)
	}
	if u := s.unbinds(2); !u[first.Handle] || !u[second.Handle] {
		t.Errorf("given back: %v", u)
	}
	if n := len(w.a.Status().Endpoints); n != 0 {
		t.Errorf("%d endpoints", n)
	}
}

// TestReplacedTwice: two want to replace the same endpoint and neither may: what was there stays, and can be removed.
func TestReplacedTwice(t *testing.T) {
	for name, turn := range map[string][2]int{"in order": {0, 1}, "the last first": {1, 0}} {
		t.Run(name, func(t *testing.T) {
			r := newFakeRelay(t)
			w := r.run("a")
			s := r.next()
			first := s.bind()
			s.bound(first.Handle, "1", "ticket")
			var ended [2]chan error
			var handles [2]uint32
			for i := range 2 {
				ended[i] = replacing(t.Context(), w, "http://127.0.0.1:2")
				handles[i] = s.bind().Handle
			}
			for _, i := range turn {
				s.say(wire.MsgRefusal, &wire.Refusal{Handle: handles[i], Code: wire.CodeNameTaken})
				var why *RefusedError
				if err := <-ended[i]; !errors.As(err, &why) {
					t.Errorf("%d: %v", i, err)
				}
			}
			if e := w.a.Status().Endpoints; len(e) != 1 || e[0].Upstream != "http://127.0.0.1:1" || e[0].URL == "" || e[0].Failure != nil {
				t.Errorf("%+v", e)
			}
			if err := w.a.Remove("a"); err != nil {
				t.Error(err)
			}
			if u := s.unbinds(1); !u[first.Handle] {
				t.Errorf("given back: %v, bound as %d", u, first.Handle)
			}
		})
	}
}

// TestReplaceUndecided: nobody knows what becomes of a bind that is not waited for any more. If the relay has done it, the name was the new one's and goes with
// it: what was there is bound anew.
func TestReplaceUndecided(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("a")
	s := r.next()
	first := s.bind()
	s.bound(first.Handle, "1", "ticket")
	ctx, cancel := context.WithCancel(t.Context())
	ended := replacing(ctx, w, "http://127.0.0.1:2")
	second := s.bind()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Replace: %v", err)
	}
	if u := s.unbinds(1); !u[second.Handle] {
		t.Errorf("given back: %v", u)
	}
	third := s.bind()
	if third.Name != "a" || third.Ticket != "ticket" {
		t.Errorf("%+v", third)
	}
	if u := s.unbinds(1); !u[first.Handle] {
		t.Errorf("given back: %v", u)
	}
	s.bound(second.Handle, "2", "too late")
	s.bound(third.Handle, "3", "")
	if e := w.a.Status().Endpoints; len(e) != 1 || e[0].Upstream != "http://127.0.0.1:1" || e[0].URL == "" {
		t.Errorf("%+v", e)
	}
}

// TestManyGuests: endpoints may come and go for ever. A session that has used up its handles makes room for another one, and ends when it has no name.
func TestManyGuests(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run()
	s := r.next()
	w.settled()
	guest := Endpoint{Name: "a", Upstream: "http://127.0.0.1:1"}
	for range manyHandles {
		if err := w.a.Forward(guest); err != nil {
			t.Fatal(err)
		}
		s.bind()
		if err := w.a.Remove("a"); err != nil {
			t.Fatal(err)
		}
		s.unbound()
	}
	next := r.next()
	s.ended()
	if err := w.a.Forward(guest); err != nil {
		t.Fatal(err)
	}
	if b := next.bind(); b.Handle != 1 {
		t.Errorf("%+v", b)
	}
}

// TestFailureOnce: a relay that has nothing to add says what the code says; a person reads it once.
func TestFailureOnce(t *testing.T) {
	text := wire.CodeEndpointLimit.Info().Text
	if f := failure(wire.CodeEndpointLimit, text); f.Text != text {
		t.Errorf("%q", f.Text)
	}
	if f := failure(wire.CodeEndpointLimit, "3 at most"); f.Text != text+" (3 at most)" {
		t.Errorf("%q", f.Text)
	}
}
