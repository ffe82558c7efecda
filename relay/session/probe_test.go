package session

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// diary is a log to look into.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, string(p))
	return len(p), nil
}

func (d *diary) count(text string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, line := range d.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

const (
	lost  = "level=WARN msg=\"endpoint cannot be reached\""
	found = "endpoint can be reached again"
)

// newProbing is a rig that probes all the time.
func newProbing(t testing.TB, limit time.Duration) (*rig, *diary) {
	t.Helper()
	d := &diary{}
	r := prepare(t, func(o *Options) { o.Probe, o.Log = 10*time.Millisecond, slog.New(slog.NewTextHandler(d, nil)) })
	r.srv.probes.limit = limit
	r.serve()
	return r, d
}

// probed counts an agent's probes and lets serve answer them; its visitors get "hello".
func probed(n *atomic.Int64, serve func(*lane) bool) func(*lane) bool {
	return func(l *lane) bool {
		if l.kind != wire.KindProbe {
			return ok("hello")(l)
		}
		n.Add(1)
		return serve(l)
	}
}

// TestProbe: endpoints are probed from their bind on, again and again, until they are unbound. Nothing counts it.
func TestProbe(t *testing.T) {
	r, log := newProbing(t, patience)
	var one, two atomic.Int64
	a := r.agent("good", "i1", func(l *lane) bool {
		if !l.ended || l.req.Seq != 1 || len(l.req.Head) != 0 {
			t.Errorf("REQ %+v, END %t", l.req, l.ended)
		}
		return probed(map[uint32]*atomic.Int64{1: &one, 2: &two}[l.handle], ok(""))(l)
	})
	e := a.bind(r, 1, "a")
	eventually(t, "a is probed", func() bool { return one.Load() > 3 })
	a.bind(r, 2, "b")
	eventually(t, "both are probed", func() bool { return two.Load() > 3 })
	a.ask(wire.MsgUnbind, &wire.Unbind{Handle: 1})
	before := one.Load() + 1 // one may be on its way
	seen := two.Load()
	eventually(t, "the other one goes on", func() bool { return two.Load() > seen+5 })
	if n := one.Load(); n > before {
		t.Errorf("%d probes of an endpoint that is unbound", n-before)
	}
	if n := e.Upstream.Load(); n != 0 || r.srv.ProbeFailures() != 0 || log.count(lost) != 0 {
		t.Errorf("load %d, %d failures", n, r.srv.ProbeFailures())
	}
	select {
	case m := <-a.msgs:
		t.Errorf("told %s", m.Type)
	default:
	}
}

// TestProbeFindsALostName: the registry leads elsewhere, and nobody has told the session. It is logged once, and when it is over.
func TestProbeFindsALostName(t *testing.T) {
	r, log := newProbing(t, patience)
	var n atomic.Int64
	e := r.agent("good", "i1", probed(&n, ok(""))).bind(r, 1, "a")
	eventually(t, "it is probed", func() bool { return n.Load() > 1 })
	other := *e
	other.Upstream = stranger{}
	if _, err := r.reg.Bind(&other, registry.Claim{Over: e}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "failures are counted", func() bool { return r.srv.ProbeFailures() > 2 })
	if log.count(lost) != 1 || log.count(found) != 0 {
		t.Errorf("the log: %q", log.lines)
	}
	if _, err := r.reg.Bind(e, registry.Claim{Over: &other}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is found again", func() bool { return log.count(found) == 1 })
	r.reg.Unbind(e)
	eventually(t, "it is lost altogether", func() bool { return log.count(lost) == 2 })
}

type stranger struct{ registry.Upstream }

// TestProbeOfADeafAgent: no answer in time, and answers that are none, are failures; each stream is given up, and the session lives.
func TestProbeOfADeafAgent(t *testing.T) {
	for name, serve := range map[string]func(*lane) bool{
		"silent": func(l *lane) bool { _, err := l.Next(); return err == nil },
		"closes": func(*lane) bool { return false },
		"refuses": func(l *lane) bool {
			f := wire.Fail{Seq: 1, Code: wire.CodeBadHandle, Undelivered: true}
			return l.Write(f.Append(nil, true)) == nil
		},
		"another seq": func(l *lane) bool { l.req.Seq = 2; return ok("")(l) },
		"breaks off":  func(l *lane) bool { l.SendReset(1, wire.CodeInternal); return l.drain() },
	} {
		t.Run(name, func(t *testing.T) {
			limit := patience
			if name == "silent" {
				limit = 20 * time.Millisecond
			}
			r, log := newProbing(t, limit)
			var n atomic.Int64
			a := r.agent("good", "i1", probed(&n, serve))
			e := a.bind(r, 1, "a")
			eventually(t, "failures are counted", func() bool { return r.srv.ProbeFailures() > 2 })
			if log.count(lost) != 1 {
				t.Errorf("the log: %q", log.lines)
			}
			if got := do(t, e, get(1)); got != "hello" {
				t.Errorf("a visitor got %q", got)
			}
			if m := r.srv.Streams(); m > 3 { // the visitor's, a probe's, one being closed
				t.Errorf("%d streams are held", m)
			}
		})
	}
}

// TestProbeNotOffered: an agent that knows no probes has proven that it is there, and one that stops need not answer.
func TestProbeNotOffered(t *testing.T) {
	for name, reset := range map[string]reset{"unknown": {1, wire.CodeUnsupported}, "stopping": {0, wire.CodeNone}} {
		t.Run(name, func(t *testing.T) {
			r, _ := newProbing(t, patience)
			var n atomic.Int64
			r.agent("good", "i1", probed(&n, func(l *lane) bool {
				l.SendReset(reset.seq, reset.code)
				_, err := l.Next()
				return err == nil
			})).bind(r, 1, "a")
			eventually(t, "it is probed", func() bool { return n.Load() > 5 })
			if f := r.srv.ProbeFailures(); f != 0 {
				t.Errorf("%d failures", f)
			}
		})
	}
}

// TestProbeHoldsNothingUp: visitors, a drain and the relay's end do not wait for a probe that is not answered; one is on its way at a time.
func TestProbeHoldsNothingUp(t *testing.T) {
	r, log := newProbing(t, time.Hour)
	var n atomic.Int64
	a := r.agent("good", "i1", probed(&n, func(l *lane) bool { _, err := l.Next(); return err == nil }))
	e := a.bind(r, 1, "a")
	a.bind(r, 2, "b")
	eventually(t, "a probe waits", func() bool { return n.Load() == 1 })
	if got := do(t, e, get(1)); got != "hello" {
		t.Fatalf("a visitor got %q", got)
	}
	if m := a.ask(wire.MsgDrain, &wire.Drain{}); m.Type != wire.MsgDrained {
		t.Fatalf("%+v", m)
	}
	over := make(chan error, 1)
	go func() { over <- r.srv.Shutdown(context.Background()) }()
	a.await(wire.MsgFatal)
	a.leg.Close()
	select {
	case err := <-over:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("Shutdown waits for the probe")
	}
	if n.Load() != 1 || log.count(lost) != 0 {
		t.Errorf("%d probes; the log: %q", n.Load(), log.lines)
	}
}

// TestProbeWhenFull: no probe takes a stream that visitors wait for, and there is nothing to complain of.
func TestProbeWhenFull(t *testing.T) {
	r, _ := newProbing(t, patience)
	var n atomic.Int64
	e := r.agent("good", "i1", probed(&n, ok(""))).bind(r, 1, "a").Upstream.(*endpoint)
	eventually(t, "it is probed", func() bool { return n.Load() > 1 })
	w := &waiter{e: e, got: make(chan *stream, 1), turn: make(chan struct{})}
	if code := e.sess.pools.queue(w); code != 0 {
		t.Fatal(code)
	}
	if err := e.sess.probe(e); err != errNotNow {
		t.Errorf("probed: %v", err)
	}
	seen := n.Load() + 1
	e.sess.pools.leave(w)
	eventually(t, "it is probed again", func() bool { return n.Load() > seen })
	if f := r.srv.ProbeFailures(); f != 0 {
		t.Errorf("%d failures", f)
	}
}
