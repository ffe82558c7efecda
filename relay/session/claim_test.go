package session

import (
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// claims is a Bind of a name by its host.
func claims(handle uint32, how, host, ticket string) *wire.Bind {
	return &wire.Bind{Handle: handle, Protocol: "http", Host: host, How: how, Ticket: ticket}
}

// refusedWith asks and expects to be refused.
func (a *agent) refusedWith(code wire.Code, b *wire.Bind) {
	a.t.Helper()
	if f, ok := a.ask(wire.MsgBind, b).Body.(*wire.Refusal); !ok || f.Code != code {
		a.t.Fatalf("%+v answered with %+v, want %v", b, f, code)
	}
}

// quiet says that nothing but figures has been told to a.
func (a *agent) quiet() bool {
	for {
		select {
		case m := <-a.msgs:
			if m.Type != wire.MsgStats {
				return false
			}
		default:
			return true
		}
	}
}

// A name whose holder lives is refused to other agents of its account, whatever they show.
func TestClaimOfAHolderThatLives(t *testing.T) {
	r := newRig(t)
	a, b := r.agent("good", "i1", ok("first")), r.agent("good", "i2", ok("second"))
	e := a.bind(r, 1, "a")
	others := b.ask(wire.MsgBind, http(1, "b")).Body.(*wire.Bound)
	for handle, c := range []struct{ how, ticket string }{
		{wire.HowStart, ""}, {wire.HowResume, ""}, {wire.HowResume, r.tickets["a"]}, {wire.HowMove, r.tickets["a"]}, {wire.HowResume, others.Ticket},
		{wire.HowMove, "AAAA" + r.tickets["a"][4:]}, {wire.HowResume, r.tickets["a"] + "A"},
	} {
		b.refusedWith(wire.CodeAlreadyOnline, claims(uint32(10+handle), c.how, "a.acme.test", c.ticket))
	}
	r.agent("other", "i1", ok("")).refusedWith(wire.CodeNameTaken, claims(1, wire.HowResume, "a.acme.test", r.tickets["a"]))
	if !a.quiet() || do(t, e, get(1)) != "first" {
		t.Error("the holder was disturbed")
	}
}

// A name that one endpoint of an agent has is not another's of the same agent, without a word to the first.
func TestClaimOfASibling(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("first"))
	e := a.bind(r, 1, "a")
	sibling := claims(2, wire.HowStart, "a.acme.test", "")
	sibling.Name = "b"
	a.refusedWith(wire.CodeAlreadyOnline, sibling)
	if !a.quiet() || do(t, e, get(1)) != "first" {
		t.Error("the holder was disturbed")
	}
}

// A holder that is mute is replaced after 2 s, all its names at once; when it comes back it is told, and it does not get them back.
func TestClaimOfAHolderThatIsMute(t *testing.T) {
	r := newRig(t)
	a, link := r.agentBehind("i1", ok("first"))
	names := []string{"a", "b", "c", "d", "e"}
	for i, name := range names {
		a.bind(r, uint32(i+1), name)
	}
	link.Interrupt()
	b := r.agent("good", "i2", ok("second"))
	begin := time.Now()
	for i, name := range names {
		if _, ok := b.ask(wire.MsgBind, claims(uint32(i+1), wire.HowStart, name+".acme.test", "")).Body.(*wire.Bound); !ok {
			t.Fatalf("%s was refused", name)
		}
	}
	if d := time.Since(begin); d < aliveWithin || d > aliveWithin*time.Duration(len(names)) {
		t.Errorf("it took %v", d)
	}
	link.Mend()
	for i := range names {
		if s := a.await(wire.MsgSuperseded).Body.(*wire.Superseded); s.Handle != uint32(i+1) {
			t.Errorf("%+v", s)
		}
	}
	if f := a.await(wire.MsgFatal).Body.(*wire.Fatal); f.Code != wire.CodeSuperseded {
		t.Errorf("%+v", f)
	}
	again := r.agent("good", "i1", ok(""))
	again.refusedWith(wire.CodeAlreadyOnline, claims(1, wire.HowResume, "a.acme.test", r.tickets["a"]))
	if !b.quiet() {
		t.Error("the new holder was disturbed")
	}
}

// Who is lost while the holder is asked does not fence it.
func TestClaimOfWhoIsLost(t *testing.T) {
	r := newRig(t)
	a, link := r.agentBehind("i1", ok("first"))
	e := a.bind(r, 1, "a")
	link.Interrupt()
	b := r.agent("good", "i2", ok("second"))
	if err := b.leg.Send(wire.MsgBind, 1, claims(1, wire.HowStart, "a.acme.test", "")); err != nil {
		t.Fatal(err)
	}
	sess := e.Upstream.(*endpoint).sess
	eventually(t, "the holder is asked", func() bool {
		free := sess.asking.TryLock()
		if free {
			sess.asking.Unlock()
		}
		return !free
	})
	b.leg.Close()
	eventually(t, "it is gone", func() bool { return r.srv.Sessions() == 1 })
	link.Mend()
	if got := do(t, e, get(1)); got != "first" || !a.quiet() {
		t.Errorf("got %q", got)
	}
	if now, err := r.reg.Pick([]byte("a.acme.test")); now != e || err != nil {
		t.Errorf("%+v %v", now, err)
	}
}

// What an older session of the same agent still asks for does not take a name from the newer one.
func TestClaimOfAnOlderSession(t *testing.T) {
	r := newRig(t)
	older, newer := r.agent("good", "i1", ok("older")), r.agent("good", "i1", ok("newer"))
	e := newer.bind(r, 1, "a")
	for handle, how := range []string{wire.HowResume, wire.HowMove, wire.HowStart} {
		older.refusedWith(wire.CodeAlreadyOnline, claims(uint32(handle+1), how, "a.acme.test", r.tickets["a"]))
	}
	if !newer.quiet() || do(t, e, get(1)) != "newer" {
		t.Error("the newer session was disturbed")
	}
}

// A move is not told; what is under way ends where it began, and with it the old session.
func TestMove(t *testing.T) {
	r := newRig(t)
	arrived, hold := make(chan struct{}), make(chan struct{})
	old := r.agent("good", "i1", func(l *lane) bool {
		if l.req.Conn == 7 {
			close(arrived)
			<-hold
		}
		return ok("old")(l)
	})
	before := old.bind(r, 1, "a")
	other := old.bind(r, 2, "b")
	do(t, before, get(1))
	x := begin(t, before, get(7))
	<-arrived
	young := r.agent("good", "i1", ok("young"))
	move := func(handle uint32, name string) {
		young.bindAs(r, &wire.Bind{Handle: handle, Protocol: "http", Name: name, How: wire.HowMove, Ticket: r.tickets[name]})
	}
	move(1, "a")
	if got := do(t, before, get(2)) + do(t, other, get(2)); got != "youngold" {
		t.Fatalf("got %q", got)
	}
	move(2, "b")
	if got := do(t, other, get(3)); got != "young" {
		t.Fatalf("got %q", got)
	}
	if r.srv.Sessions() != 2 || !old.quiet() {
		t.Fatal("the old session did not wait for what it has under way")
	}
	close(hold)
	if got, _, err := read(x); err != nil || got != "old" {
		t.Fatal(got, err)
	}
	if n := before.Upstream.Load(); n != 1 {
		t.Errorf("load %d", n)
	}
	x.Finish()
	for {
		m := old.next()
		if m.Type == wire.MsgSuperseded {
			t.Fatal("it was told")
		}
		if f, ok := m.Body.(*wire.Fatal); ok {
			if f.Code != wire.CodeSuperseded {
				t.Fatalf("%+v", f)
			}
			break
		}
	}
	eventually(t, "one session is left", func() bool { return r.srv.Sessions() == 1 })
	if n := before.Upstream.Load() + other.Upstream.Load(); n != 0 {
		t.Errorf("load %d", n)
	}
}

// A session whose last names are given back, when others have gone to the next session, ends as well.
func TestMoveAndUnbind(t *testing.T) {
	r := newRig(t)
	old, young := r.agent("good", "i1", ok("old")), r.agent("good", "i1", ok("young"))
	old.bind(r, 1, "a")
	old.bind(r, 2, "b")
	young.bindAs(r, &wire.Bind{Handle: 1, Protocol: "http", Name: "a", How: wire.HowMove, Ticket: r.tickets["a"]})
	old.ask(wire.MsgUnbind, &wire.Unbind{Handle: 2})
	if f := old.await(wire.MsgFatal).Body.(*wire.Fatal); f.Code != wire.CodeSuperseded {
		t.Fatalf("%+v", f)
	}
}
