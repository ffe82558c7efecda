package session

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// swallows reads requests and answers none; each that came is told.
func swallows(came chan uint64) func(*lane) bool {
	return func(l *lane) bool {
		l.drain()
		came <- l.req.Conn
		_, err := l.Next()
		return err == nil
	}
}

// outcome is how an exchange ended.
type outcome struct {
	content string
	err     error
}

// finish reads x to its end on a goroutine.
func finish(x registry.Exchange) <-chan outcome {
	got := make(chan outcome, 1)
	go func() {
		content, _, err := read(x)
		if err == nil {
			x.Finish()
		}
		got <- outcome{content, err}
	}()
	return got
}

func idle(t *testing.T, all ...*registry.Endpoint) {
	t.Helper()
	for i, e := range all {
		if n := e.Upstream.Load(); n != 0 {
			t.Errorf("endpoint %d: load %d", i, n)
		}
		if n := e.Upstream.(*endpoint).sess.busy.Load(); n != 0 {
			t.Errorf("session %d: %d busy", i, n)
		}
	}
}

// A session dies with requests under way. What may be repeated is, once, by the next session; a POST is not, and its visitor learns that nobody knows.
func TestSessionDies(t *testing.T) {
	r := newRig(t)
	came := make(chan uint64, 9)
	old := r.agent("good", "i1", swallows(came))
	before := old.bind(r, 1, "a")
	got, lost := finish(begin(t, before, get(1))), finish(begin(t, before, post("content")))
	<-came
	<-came
	old.leg.Close()
	if o := <-lost; codeOf(o.err) != wire.CodeDelivery || !o.err.(*registry.Error).Delivered {
		t.Errorf("POST: %v", o.err)
	}
	late := make(chan outcome, 1)
	go func() { // nobody has touched it: it may wait
		x, err := before.Upstream.Begin(context.Background(), post("late"))
		if err != nil {
			late <- outcome{err: err}
			return
		}
		late <- <-finish(x)
	}()
	var seen atomic.Int64
	young := r.agent("good", "i1", func(l *lane) bool { seen.Add(1); return ok("young")(l) })
	after := young.bind(r, 1, "a")
	for what, o := range map[string]outcome{"GET": <-got, "the late POST": <-late} {
		if o.err != nil || o.content != "young" {
			t.Errorf("%s: %q %v", what, o.content, o.err)
		}
	}
	if n := seen.Load(); n != 2 {
		t.Errorf("%d requests came", n)
	}
	idle(t, before, after)
}

// A GET is repeated for one session's death, not for two; and not at all when its visitor has something of the answer.
func TestSessionsDie(t *testing.T) {
	r := newRig(t)
	came := make(chan uint64, 9)
	first := r.agent("good", "i1", swallows(came))
	one := first.bind(r, 1, "a")
	got := finish(begin(t, one, get(1)))
	<-came
	second := r.agent("good", "i1", swallows(came))
	two := second.bind(r, 1, "a")
	first.leg.Close()
	<-came
	third := r.agent("good", "i1", func(l *lane) bool {
		_ = l.Write(l.response("answer", taken)[:60]) // RESP, and no more
		_, err := l.Next()
		return err == nil
	})
	three := third.bind(r, 1, "a")
	second.leg.Close()
	if o := <-got; codeOf(o.err) != wire.CodeDelivery {
		t.Errorf("%q %v", o.content, o.err)
	}
	third.serve.Store(ptr(func(l *lane) bool {
		_ = l.Write((&wire.Resp{Seq: l.req.Seq, Body: wire.BodyLength, Length: 9, Head: []byte("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")}).Append(nil, 0))
		_, err := l.Next()
		return err == nil
	}))
	x := begin(t, three, get(2))
	if f, err := x.Next(); err != nil || f.Type != wire.RespType {
		t.Fatal(f.Type, err)
	}
	fourth := r.agent("good", "i1", ok("fourth"))
	four := fourth.bind(r, 1, "a")
	third.leg.Close()
	if content, _, err := read(x); codeOf(err) != wire.CodeLinkLost {
		t.Errorf("%q %v", content, err)
	}
	idle(t, one, two, three, four)
}

func ptr[T any](v T) *T { return &v }

// An agent that stops gives back what it has not begun, and the session that has the name by then gets it, a POST too.
func TestRequestThatCrossesAReset(t *testing.T) {
	r := newRig(t)
	came := make(chan uint64, 9)
	hold := make(chan struct{})
	old := r.agent("good", "i1", func(l *lane) bool {
		if l.req.Seq == 1 {
			return ok("old")(l)
		}
		came <- l.req.Conn
		<-hold
		l.SendReset(1, wire.CodeNone) // as if it had been sent before the request came
		_, err := l.Next()
		return err == nil
	})
	before := old.bind(r, 1, "a")
	do(t, before, get(1))
	got := finish(begin(t, before, post("content")))
	<-came
	var seen atomic.Int64
	young := r.agent("good", "i1", func(l *lane) bool { seen.Add(1); return ok("young")(l) })
	after := young.bindAs(r, &wire.Bind{Handle: 1, Protocol: "http", Name: "a", How: wire.HowMove, Ticket: r.tickets["a"]})
	close(hold)
	if o := <-got; o.err != nil || o.content != "young" {
		t.Errorf("%q %v", o.content, o.err)
	}
	if n := seen.Load(); n != 1 {
		t.Errorf("it came %d times", n)
	}
	if f := old.await(wire.MsgFatal).Body.(*wire.Fatal); f.Code != wire.CodeSuperseded {
		t.Errorf("%+v", f)
	}
	idle(t, before, after)
}

// A visitor that leaves while its request waits for the next session is not asked for any more, and leaves nothing behind.
func TestAbortBetweenSessions(t *testing.T) {
	r := newRig(t)
	came := make(chan uint64, 9)
	old := r.agent("good", "i1", swallows(came))
	before := old.bind(r, 1, "a")
	x := begin(t, before, get(1))
	got, stays := finish(x), finish(begin(t, before, get(2)))
	<-came
	<-came
	old.leg.Close()
	eventually(t, "its session is gone", func() bool { return r.srv.Sessions() == 0 })
	x.Abort(wire.CodeVisitorGone)
	if o := <-got; codeOf(o.err) != wire.CodeVisitorGone {
		t.Errorf("%q %v", o.content, o.err)
	}
	young := r.agent("good", "i1", func(l *lane) bool { came <- l.req.Conn; return ok("young")(l) })
	after := young.bind(r, 1, "a")
	if o := <-stays; o.content != "young" || o.err != nil {
		t.Errorf("the other one: %q %v", o.content, o.err)
	}
	if n := <-came; n != 2 {
		t.Errorf("request %d came", n)
	}
	idle(t, before, after)
	eventually(t, "no stream is left", func() bool { return r.srv.Streams() <= 1 })
	select {
	case n := <-came:
		t.Errorf("request %d came after its visitor had gone", n)
	default:
	}
}
