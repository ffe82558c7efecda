package session

import (
	"context"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

func http(handle uint32, name string) *wire.Bind {
	return &wire.Bind{Handle: handle, Protocol: "http", Name: name, How: wire.HowStart}
}

func TestBind(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("hello"))
	first := a.ask(wire.MsgBind, http(1, "a")).Body.(*wire.Bound)
	again := a.ask(wire.MsgBind, http(1, "a")).Body.(*wire.Bound)
	if first.URL != "http://a.acme.test" || again.Epoch != first.Epoch || again.URL != first.URL {
		t.Fatalf("%+v, then %+v", first, again)
	}
	a.ask(wire.MsgBind, http(2, "b"))
	if u := a.ask(wire.MsgUnbind, &wire.Unbind{Handle: 2}); u.Body.(*wire.Unbound).Handle != 2 {
		t.Fatalf("%+v", u.Body)
	}
	if u := a.ask(wire.MsgUnbind, &wire.Unbind{Handle: 2}); u.Body.(*wire.Unbound).Handle != 2 {
		t.Fatalf("%+v", u.Body)
	}
	if _, err := r.reg.Pick([]byte("b.acme.test")); err == nil {
		t.Fatal("it is still there")
	}
	for _, c := range []struct {
		b    wire.Bind
		code wire.Code
	}{
		{*http(1, "other"), wire.CodeBadHandle},
		{*http(2, "b"), wire.CodeBadHandle},
		{wire.Bind{Handle: 3, Protocol: "udp", How: wire.HowStart}, wire.CodeUnsupported},
		{wire.Bind{Handle: 3, Protocol: "tcp", How: wire.HowStart, Schemes: []string{"https"}}, wire.CodeUnsupported},
		{wire.Bind{Handle: 3, Protocol: "http", How: wire.HowStart, Schemes: []string{"https", "gopher"}}, wire.CodeUnsupported},
		{wire.Bind{Handle: 3, Protocol: "tcp", How: wire.HowStart, Terminate: true}, wire.CodeUnsupported},
		{wire.Bind{Handle: 3, Protocol: "tls", How: wire.HowStart, ClientCAs: "a file's name"}, wire.CodeUnsupported},
		{wire.Bind{Handle: 3, Protocol: "tls", How: wire.HowStart, Terminate: true, ClientCAs: "a file's name"}, wire.CodeUnsupported},
		{wire.Bind{Handle: 3, Protocol: "tcp", How: wire.HowStart, Policy: `{"on_http_request": [{"actions": [{"type": "basic-auth", "config": {"credentials": ["ann:correct horse"]}}]}]}`}, wire.CodeBadPolicy},
		{wire.Bind{Handle: 3, Protocol: "http", How: "steal"}, wire.CodeUnsupported},
		{wire.Bind{Handle: 3, Protocol: "http", How: wire.HowStart, Policy: `{"on_http_request": [{"actions": [{"type": "deny"}]}]}`}, wire.CodeBadPolicy},
		{wire.Bind{Handle: 3, Protocol: "http", How: wire.HowStart, Pooling: true}, wire.CodeUnsupported},
		{wire.Bind{Handle: 3, Protocol: "http", How: wire.HowStart, Host: "bad"}, wire.CodeBadName},
	} {
		f, ok := a.ask(wire.MsgBind, &c.b).Body.(*wire.Refusal)
		if !ok || f.Code != c.code || f.Handle != c.b.Handle || f.Text == "" {
			t.Fatalf("%+v: %+v", c.b, f)
		}
	}
	if _, ok := a.ask(wire.MsgBind, http(3, "c")).Body.(*wire.Bound); !ok {
		t.Fatal("a refused handle may be asked for again")
	}
	if n := r.names.placed.Load() - r.names.released.Load(); n != 2 {
		t.Fatalf("%d places are taken", n)
	}
}

// TestBindWithAuthorities: a Bind with the same authorities is the same, one with others is not, and they are kept once.
func TestBindWithAuthorities(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("a"))
	bind := func(handle uint32, name string) *wire.Bind {
		return &wire.Bind{Handle: handle, Protocol: "http", Name: "a", How: wire.HowStart, ClientCAs: name}
	}
	one, two := authority(t), authority(t)
	first := a.bindAs(r, bind(1, one))
	if first.ClientCAs == nil || first.Upstream.(*endpoint).bind.ClientCAs != "" {
		t.Errorf("%+v", first.Upstream.(*endpoint).bind)
	}
	if again := a.bindAs(r, bind(1, one)); again != first {
		t.Error("the same Bind is another one")
	}
	if f, refused := a.ask(wire.MsgBind, bind(1, two)).Body.(*wire.Refusal); !refused || f.Code != wire.CodeBadHandle {
		t.Errorf("other authorities: %+v", f)
	}
}

// A bind that was refused leaves nothing behind, however often it is tried.
func TestRefusedBindLeavesNothing(t *testing.T) {
	r := newRig(t)
	r.agent("good", "i1", ok("")).bind(r, 1, "a")
	a := r.agent("good", "i2", ok(""))
	b := http(1, "")
	b.Host = "a.acme.test"
	for range 3 {
		if f, ok := a.ask(wire.MsgBind, b).Body.(*wire.Refusal); !ok || f.Code != wire.CodeAlreadyOnline {
			t.Fatalf("%+v", f)
		}
	}
	for _, s := range r.srv.online() {
		s.pools.mu.Lock()
		n := len(s.pools.endpoints)
		s.pools.mu.Unlock()
		if s.instance == "i2" && n != 0 {
			t.Errorf("%d endpoints are kept", n)
		}
	}
}

// TestUnbindOvertakesBind: messages on different legs may change places. What the agent has given back is not bound by a Bind that comes later: nobody would
// ever give that back.
func TestUnbindOvertakesBind(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("hello"))
	a.ask(wire.MsgUnbind, &wire.Unbind{Handle: 1})
	if f, ok := a.ask(wire.MsgBind, http(1, "a")).Body.(*wire.Refusal); !ok || f.Code != wire.CodeBadHandle {
		t.Errorf("%+v", f)
	}
	if _, err := r.reg.Pick([]byte("a.acme.test")); err == nil {
		t.Error("it is there")
	}
	a.bind(r, 2, "a")
}

func TestEndpointLimit(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("hello"))
	for i := range uint32(maxEndpoints) {
		b := http(i, "")
		b.Host = "n" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + ".test"
		if _, ok := a.ask(wire.MsgBind, b).Body.(*wire.Bound); !ok {
			t.Fatalf("bind %d refused", i)
		}
	}
	if f, ok := a.ask(wire.MsgBind, http(1000, "x")).Body.(*wire.Refusal); !ok || f.Code != wire.CodeEndpointLimit {
		t.Fatalf("%+v", f)
	}
}

func TestOthersAreRefused(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("hello"))
	a.bind(r, 1, "a")
	b := http(1, "")
	b.Host = "a.acme.test"
	for _, c := range []struct {
		token, instance string
		code            wire.Code
	}{{"good", "i2", wire.CodeAlreadyOnline}, {"other", "i1", wire.CodeNameTaken}} {
		f, ok := r.agent(c.token, c.instance, ok("")).ask(wire.MsgBind, b).Body.(*wire.Refusal)
		if !ok || f.Code != c.code {
			t.Fatalf("%+v: %+v", c, f)
		}
	}
	if n := r.names.placed.Load() - r.names.released.Load(); n != 1 {
		t.Fatalf("%d places are taken", n)
	}
}

func TestTakeover(t *testing.T) {
	r := newRig(t)
	hold := make(chan struct{})
	old := r.agent("good", "i1", func(l *lane) bool {
		if l.req.Conn == 7 {
			<-hold
		}
		return ok("old")(l)
	})
	before := old.bind(r, 1, "a")
	do(t, before, get(1))
	x := begin(t, before, get(7))
	young := r.agent("good", "i1", ok("young"))
	after := young.bind(r, 5, "a")
	if after.Epoch <= before.Epoch {
		t.Fatalf("epoch %d after %d", after.Epoch, before.Epoch)
	}
	s := old.await(wire.MsgSuperseded).Body.(*wire.Superseded)
	if s.Handle != 1 {
		t.Fatalf("%+v", s)
	}
	if got := do(t, after, get(2)); got != "young" {
		t.Fatalf("got %q", got)
	}
	if got := do(t, before, get(3)); got != "young" {
		t.Fatalf("who had found the old endpoint got %q", got)
	}
	close(hold)
	if got, _, err := read(x); err != nil || got != "old" {
		t.Fatal("the exchange under way did not end where it began:", got, err)
	}
	x.Finish()
	if f := old.await(wire.MsgFatal).Body.(*wire.Fatal); f.Code != wire.CodeSuperseded {
		t.Fatalf("%+v", f)
	}
	old.leg.Close()
	eventually(t, "one session is left", func() bool { return r.srv.Sessions() == 1 })
	if got := do(t, after, get(4)); got != "young" {
		t.Fatalf("got %q", got)
	}
}

// A request that waits for a stream of the old session goes to the new one, as nobody has touched it.
func TestTakeoverOfWaiting(t *testing.T) {
	r := newRig(t)
	before := r.agent("good", "i1", ok("old")).bind(r, 1, "a")
	e := before.Upstream.(*endpoint)
	if code := e.sess.pools.queue(&waiter{e: e, got: make(chan *stream, 1), turn: make(chan struct{})}); code != 0 {
		t.Fatal(code)
	}
	got := make(chan string, 1)
	go func() {
		x, err := e.Begin(context.Background(), get(1))
		if err != nil {
			got <- err.Error()
			return
		}
		content, _, err := read(x)
		x.Finish()
		got <- content + errorText(err)
	}()
	eventually(t, "it waits", func() bool {
		e.sess.pools.mu.Lock()
		defer e.sess.pools.mu.Unlock()
		return len(e.sess.pools.waiting) == 2
	})
	r.agent("good", "i1", ok("young")).bind(r, 5, "a")
	if s := <-got; s != "young" {
		t.Fatalf("got %q", s)
	}
	if n := e.Load(); n != 0 {
		t.Fatalf("load %d", n)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestTakeoverWithinASession(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("hello"))
	a.bind(r, 1, "a")
	e := a.bind(r, 2, "a")
	do(t, e, get(1))
	f, ok := a.ask(wire.MsgBind, http(1, "a")).Body.(*wire.Refusal)
	if !ok || f.Code != wire.CodeBadHandle {
		t.Fatalf("%+v", f)
	}
	select {
	case m := <-a.msgs:
		t.Fatalf("told %s", m.Type)
	default:
	}
}

func TestUnbindLetsExchangesEnd(t *testing.T) {
	r := newRig(t)
	hold := make(chan struct{})
	a := r.agent("good", "i1", func(l *lane) bool { <-hold; return ok("hello")(l) })
	e := a.bind(r, 1, "a")
	x := begin(t, e, get(1))
	a.ask(wire.MsgUnbind, &wire.Unbind{Handle: 1})
	if _, err := e.Upstream.Begin(t.Context(), get(2)); codeOf(err) != wire.CodeAgentGone {
		t.Fatal(err)
	}
	close(hold)
	if got, _, err := read(x); err != nil || got != "hello" {
		t.Fatal(got, err)
	}
	x.Finish()
	eventually(t, "its stream is closed", func() bool { return r.srv.Streams() <= 1 })
}

func TestStatsAreSent(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("hello"))
	e := a.bind(r, 9, "a")
	var opened, open int64
	var durations int
	update := func() {
		m := a.await(wire.MsgStats).Body.(*wire.Stats)
		if err := a.leg.Send(wire.MsgStatsAck, 0, &wire.StatsAck{Seq: m.Seq}); err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Endpoints {
			if s.Handle != 9 {
				t.Fatalf("%+v", s)
			}
			opened, open = s.Opened, s.Open
			durations += len(s.Durations)
		}
	}
	one, two, uncounted := e.Upstream.Attach(1, true), e.Upstream.Attach(2, true), e.Upstream.Attach(3, false)
	for opened != 2 || open != 2 {
		update()
	}
	one()
	uncounted()
	for open != 1 || durations != 1 {
		update()
	}
	two()
	for open != 0 || durations != 2 {
		update()
	}
	if opened != 2 {
		t.Fatalf("opened %d", opened)
	}
}
