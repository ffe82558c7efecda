package agent

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// succeed asks the agent to leave old, which has its endpoints, and returns the next session.
func (r *fakeRelay) succeed(old *relaySide) *relaySide {
	r.t.Helper()
	old.say(wire.MsgDrain, &wire.Drain{})
	return r.next()
}

// A relay that drains: the next session moves the names by the tickets, the old one is left to its relay.
func TestSuccession(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("web")
	first := r.next()
	b := first.bind()
	if b.How != wire.HowStart {
		t.Errorf("first bound by %s", b.How)
	}
	first.bound(b.Handle, "5", "ticket five")
	w.ready()
	second := r.succeed(first)
	if b = second.bind(); b.How != wire.HowMove || b.Ticket != "ticket five" {
		t.Errorf("then by %s with %q", b.How, b.Ticket)
	}
	second.bound(b.Handle, "6", "ticket six")
	first.say(wire.MsgSuperseded, &wire.Superseded{Handle: 1, Epoch: "6"}) // of what it has left
	first.Fatal(&wire.Fatal{Code: wire.CodeSuperseded})
	first.ended()
	second.Close()
	third := r.next()
	if b = third.bind(); b.How != wire.HowResume || b.Ticket != "ticket six" {
		t.Errorf("after a loss by %s with %q", b.How, b.Ticket)
	}
}

// The name that the old session has just been given, unheard, is no other agent's: the new session waits for the ticket.
func TestSuccessionBeforeBound(t *testing.T) {
	for _, heard := range []string{"before the refusal", "after it"} {
		t.Run(heard, func(t *testing.T) {
			r := newFakeRelay(t)
			w := r.run("web")
			first := r.next()
			b := first.bind()
			second := r.succeed(first)
			c := second.bind()
			if c.How != wire.HowStart {
				t.Errorf("bound by %s", c.How)
			}
			refuse := func() { second.say(wire.MsgRefusal, &wire.Refusal{Handle: c.Handle, Code: wire.CodeAlreadyOnline}) }
			if heard == "after it" {
				refuse()
			}
			first.bound(b.Handle, "5", "ticket five")
			if heard != "after it" {
				refuse()
			}
			if c = second.bind(); c.How != wire.HowMove || c.Ticket != "ticket five" {
				t.Fatalf("bound by %s with %q", c.How, c.Ticket)
			}
			second.bound(c.Handle, "6", "ticket six")
			w.ready()
		})
	}
}

// What the program gives up is given back in every session that may have it.
func TestUnbindWhileMoving(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("web")
	l, err := w.a.Listen(Endpoint{Name: "api"})
	if err != nil {
		t.Fatal(err)
	}
	first := r.next()
	for _, b := range []*wire.Bind{first.bind(), first.bind()} {
		first.bound(b.Handle, "5", "ticket")
	}
	w.ready()
	second := r.succeed(first)
	for range 2 {
		second.bind()
	}
	second.Close() // before it has the names
	r.next().bind()
	l.Close()
	if u := first.hear(wire.MsgUnbind).Body.(*wire.Unbind); u.Handle == 0 {
		t.Errorf("%+v", u)
	}
}

// A session that was left ends, too, when its last name is given back only then. Until the relay has said that it has that no more, the session stays: closed
// before, it could take the Unbind with it, and the name would be kept for an agent that does not come back.
func TestUnbindAfterMoving(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("a", "b")
	first := r.next()
	for _, b := range []*wire.Bind{first.bind(), first.bind()} {
		first.bound(b.Handle, "1", "")
	}
	w.settled()
	second := r.succeed(first)
	for range 2 {
		second.bind()
	}
	for _, name := range []string{"a", "b"} {
		if err := w.a.Remove(name); err != nil {
			t.Fatal(err)
		}
		select {
		case <-first.Done():
			t.Fatal("the session ends with a name")
		default:
		}
		first.unbound()
		second.unbound()
	}
	first.ended()
	if err := w.a.Forward(Endpoint{Name: "c", Upstream: "http://127.0.0.1:1"}); err != nil {
		t.Fatal(err)
	}
	if b := second.bind(); b.Name != "c" {
		t.Errorf("%+v", b)
	}
}

// While there is a session, the search for another one keeps its pace, whenever the agent would have given up without one.
func TestSeekKeepsItsPace(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	var log wiretest.Log
	a, err := New(Options{Relay: ln.Addr().String(), Pin: "sha256:" + strings.Repeat("0", 64), GiveUp: time.Millisecond,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if s := a.seek(ctx); s != nil {
		t.Fatal("a session with nobody")
	}
	if n := strings.Count(log.String(), "\n"); n < 1 || n > 6 {
		t.Errorf("%d tries in a second", n)
	}
}

// A try that waits for an answer of a network that is gone is not waited for.
func TestReconnectDuringATry(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a, err := New(Options{Relay: ln.Addr().String(), Pin: "sha256:" + strings.Repeat("0", 64)})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	w.run(a)
	first, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	a.Reconnect()
	if err := ln.(*net.TCPListener).SetDeadline(time.Now().Add(dialTime / 2)); err != nil {
		t.Fatal(err)
	}
	second, err := ln.Accept()
	if err != nil {
		t.Fatal("it was waited for:", err)
	}
	defer second.Close()
	if n := a.Status().Attempt; n != 1 {
		t.Errorf("the try that was cut counts: attempt %d", n)
	}
}

// An agent that stops with two sessions up lets what both have under way end, even when one is lost meanwhile, and tells both.
func TestDrainOfTwoSessions(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(map[bool]string{false: "both live", true: "the newer one is lost"}[lost], func(t *testing.T) {
			r := newFakeRelay(t)
			s := newService(t)
			w := r.run()
			if err := w.a.Forward(Endpoint{Name: "web", Upstream: "http://" + s.addr}); err != nil {
				t.Fatal(err)
			}
			first := r.next()
			b := first.bind()
			first.bound(b.Handle, "5", "ticket five")
			w.ready()
			under, p := first.request(b.Handle, s)
			second := r.succeed(first)
			c := second.bind()
			second.bound(c.Handle, "6", "ticket six")
			other, q := second.request(c.Handle, s)
			idle := first.open(c.Handle)
			w.stop()
			for _, side := range []*relaySide{first, second} {
				side.hear(wire.MsgDrain)
			}
			idle.gaveUp(0)
			under.gaveUp(1)
			other.gaveUp(1)
			if lost {
				second.Close()
				q.gone()
				w.until("the other one alone", func(st inspect.Status) bool { return st.Requests.Open == 1 })
			} else {
				q.say("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")
				other.whole()
			}
			other.Close()
			idle.Close()
			p.say("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")
			under.whole()
			under.Close()
			if err := w.end(); err != nil {
				t.Errorf("Run: %v", err)
			}
			if st := w.a.Status(); st.State != inspect.Stopped || st.Requests.Open != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// relayStream is a stream as the relay has it.
type relayStream struct {
	*wire.Stream
	t      testing.TB
	resets chan uint32
}

func (k *relayStream) OnReset(seq uint32, code wire.Code) {
	if code == wire.CodeNone {
		k.resets <- seq
	}
}
func (k *relayStream) OnStop(uint32) {}

func (s *relaySide) open(handle uint32) *relayStream {
	s.t.Helper()
	w, err := s.Open(context.Background(), &wire.OpenFrame{Kind: wire.KindHTTP, Handle: handle})
	if err != nil {
		s.t.Fatal(err)
	}
	k := &relayStream{w, s.t, make(chan uint32, 9)}
	w.Handle(k)
	s.t.Cleanup(w.Close)
	return k
}

// request sends one, and waits until the local service has it.
func (s *relaySide) request(handle uint32, at *service) (*relayStream, *peer) {
	s.t.Helper()
	k := s.open(handle)
	q := wire.Req{Seq: 1, Version: 0x11, Conn: 1, Start: time.Now(), Client: netip.MustParseAddrPort("192.0.2.1:1")}
	q.Head = []byte("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
	k.Begin(1, q.Client.Addr())
	if err := k.Write(q.Append(nil, wire.End)); err != nil {
		s.t.Fatal(err)
	}
	p := at.accept()
	p.head()
	return k, p
}

// gaveUp waits for the RESET that says which exchange was begun last.
func (k *relayStream) gaveUp(seq uint32) {
	k.t.Helper()
	select {
	case got := <-k.resets:
		if got != seq {
			k.t.Errorf("given up above %d, want %d", got, seq)
		}
	case <-time.After(patience):
		k.t.Fatal("it is not given up")
	}
}

// whole reads the answer "ok".
func (k *relayStream) whole() {
	k.t.Helper()
	got := ""
	for {
		f, err := k.Next()
		if err != nil {
			k.t.Fatalf("the answer is cut: %v", err)
		}
		if f.Type == wire.Data {
			got += string(f.Payload)
		}
		if f.Flags&wire.End != 0 {
			break
		}
	}
	if got != "ok" {
		k.t.Errorf("answer %q", got)
	}
}

// Figures that no honest relay sends change nothing for good.
func TestForgedStats(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("web")
	s := r.next()
	b := s.bind()
	s.bound(b.Handle, "5", "ticket five")
	report := func(all ...wire.EndpointStats) {
		s.say(wire.MsgStats, &wire.Stats{Seq: "0", Endpoints: all})
		s.hear(wire.MsgStatsAck)
	}
	report(wire.EndpointStats{Handle: b.Handle, Epoch: "5", Opened: 3, Open: 2})
	const huge = 1<<63 - 1
	report(wire.EndpointStats{Handle: b.Handle, Epoch: "5", Opened: huge, Open: 1}, wire.EndpointStats{Handle: b.Handle, Epoch: "5", Opened: 3, Open: huge},
		wire.EndpointStats{Handle: b.Handle, Epoch: "5", Opened: -1, Open: 1}, wire.EndpointStats{Handle: b.Handle, Epoch: "5", Opened: 3, Open: -1},
		wire.EndpointStats{Handle: b.Handle, Epoch: "4", Opened: 9, Open: 9}, wire.EndpointStats{Handle: 99, Epoch: "5", Opened: 9, Open: 9},
		wire.EndpointStats{Handle: b.Handle, Epoch: "5", Opened: 2, Open: 2, Durations: []int64{huge, -1}})
	if c := w.a.Status().Conns; c.Count != 3 || c.Open != 2 || c.P99 != 0 {
		t.Errorf("conns %+v", c)
	}
	s.say(wire.MsgRefusal, &wire.Refusal{Handle: b.Handle, Code: wire.CodeRelayBusy})
	w.until("nothing open", func(st inspect.Status) bool { return st.Conns.Open == 0 })
}

// Another agent that has the name is no session of ours that was left, however long that one still has something under way.
func TestRefusedAfterSuccession(t *testing.T) {
	r := newFakeRelay(t)
	w := r.run("web")
	first := r.next()
	b := first.bind()
	first.bound(b.Handle, "5", "ticket five")
	second := r.succeed(first)
	c := second.bind()
	second.say(wire.MsgRefusal, &wire.Refusal{Handle: c.Handle, Code: wire.CodeAlreadyOnline})
	var f *FatalError
	if err := w.end(); !errors.As(err, &f) || f.Code != int(wire.CodeAlreadyOnline) {
		t.Errorf("Run: %v", err)
	}
}
