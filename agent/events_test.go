package agent

import (
	"context"
	"iter"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// TestEventsMissed: a reader that is late is told how many it missed, where they are missing; another one has them all.
func TestEventsMissed(t *testing.T) {
	var a Agent
	late, quick := pull(t, &a), pull(t, &a)
	const n = waiting + 7
	for i := range n {
		a.events.tell(RequestBegan{Method: "GET", Client: visitorAt(i)})
		if e, ok := quick(); !ok || e.(RequestBegan).Client != visitorAt(i) {
			t.Fatalf("event %d: %+v", i, e)
		}
	}
	if e, _ := late(); e != (Missed{n - waiting}) {
		t.Errorf("first %+v", e)
	}
	for i := n - waiting; i < n; i++ {
		if e, _ := late(); e.(RequestBegan).Client != visitorAt(i) {
			t.Fatalf("event %d: %+v", i, e)
		}
	}
	a.events.tell(Stopped{})
	for _, next := range []func() (Event, bool){late, quick} {
		if e, ok := next(); !ok || e != (Stopped{}) {
			t.Errorf("last %+v %v", e, ok)
		}
		if e, ok := next(); ok {
			t.Errorf("behind the last %+v", e)
		}
	}
	for e := range a.Events(t.Context()) {
		t.Errorf("of an agent that has stopped: %+v", e)
	}
}

// visitorAt is the nth of many addresses.
func visitorAt(n int) netip.AddrPort { return netip.AddrPortFrom(netip.IPv6Loopback(), uint16(n)) }

// pull reads one event at a time.
func pull(t *testing.T, a *Agent) (next func() (Event, bool)) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	next, stop := iter.Pull(a.Events(ctx))
	t.Cleanup(func() { cancel(); stop() })
	return next
}

// TestEventsLeave: who does not listen any more costs nothing, however it came to that.
func TestEventsLeave(t *testing.T) {
	for name, leave := range map[string]func(*Agent, context.Context, context.CancelFunc){
		"a loop that never begins": func(a *Agent, ctx context.Context, cancel context.CancelFunc) {
			a.Events(ctx)
			cancel()
		},
		"break": func(a *Agent, ctx context.Context, _ context.CancelFunc) {
			events := a.Events(ctx)
			a.events.tell(Missed{})
			for range events {
				break
			}
		},
		"context": func(a *Agent, ctx context.Context, cancel context.CancelFunc) {
			time.AfterFunc(time.Second, cancel)
			for range a.Events(ctx) {
				t.Error("an event from nowhere")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var a Agent
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				leave(&a, ctx, cancel)
				synctest.Wait()
				if n := a.events.n.Load(); n != 0 || len(a.events.all) != 0 {
					t.Errorf("%d readers, %d kept", n, len(a.events.all))
				}
			})
		})
	}
}

// TestEventsOfExchanges: each exchange begins once and ends once, however it ends, with nothing recorded.
func TestEventsOfExchanges(t *testing.T) {
	s := newService(t)
	var a Agent
	r := newRig(t, s.addr, func(r *rig) { r.ep.Inspect, r.eng.events = false, &a.events })
	next := pull(t, &a)
	r.post("/", "content")
	p := s.accept()
	p.head()
	begun, _ := next()
	b, _ := begun.(RequestBegan)
	if b.Method != "POST" || b.Target != "/" || b.Endpoint != "web" || b.Client.String() != "203.0.113.9:4711" || b.ID == "" || b.At.IsZero() {
		t.Errorf("%+v", begun)
	}
	p.say("HTTP/1.1 503 Later\nContent-Length: 2\n\nok")
	r.answer()
	ended, _ := next()
	if e, _ := ended.(RequestEnded); e.RequestBegan != b || e.Status != 503 || e.Failure != nil || e.Duration <= 0 {
		t.Errorf("%+v", ended)
	}
	want := func(what string, status int, code wire.Code) {
		t.Helper()
		next()
		e, _ := next()
		end, _ := e.(RequestEnded)
		if end.Status != status || end.Failure == nil || end.Failure.Code != int(code) {
			t.Errorf("%s: %+v, failure %+v", what, e, end.Failure)
		}
	}
	r.post("/cut", "content")
	p.want("content")
	p.head()
	p.say("HTTP/1.1 200 OK\nContent-Length: 9\n\nha")
	p.Close()
	r.answer()
	want("cut", 200, wire.CodeLocalEarlyEnd)
	r.get("/silent")
	p = s.accept()
	p.head()
	p.Close()
	r.answer()
	want("silent", 502, wire.CodeLocalReset)
	r.get("/left")
	p = s.accept()
	p.head()
	r.reset(wire.CodeVisitorGone)
	want("left", 0, wire.CodeVisitorGone)
}
