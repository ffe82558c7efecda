package session

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

func TestShutdownWaitsForExchanges(t *testing.T) {
	r := newRig(t)
	hold := make(chan struct{})
	a := r.agent("good", "i1", func(l *lane) bool { <-hold; return ok("hello")(l) })
	e := a.bind(r, 1, "a")
	x := begin(t, e, get(1))
	over := make(chan error, 1)
	go func() { over <- r.srv.Shutdown(context.Background()) }()
	a.await(wire.MsgDrain)
	eventually(t, "no exchange is begun", func() bool {
		y, err := e.Upstream.Begin(context.Background(), get(2))
		if err == nil {
			y.Abort(0)
		}
		return codeOf(err) == wire.CodeRelayStopping
	})
	if f, ok := a.ask(wire.MsgBind, http(2, "b")).Body.(*wire.Refusal); !ok || f.Code != wire.CodeRelayStopping {
		t.Fatalf("%+v", f)
	}
	select {
	case err := <-over:
		t.Fatal("it did not wait:", err)
	default:
	}
	close(hold)
	if got, _, err := read(x); err != nil || got != "hello" {
		t.Fatal(got, err)
	}
	x.Finish()
	if f := a.await(wire.MsgFatal).Body.(*wire.Fatal); f.Code != wire.CodeRelayStopping {
		t.Fatalf("%+v", f)
	}
	a.leg.Close()
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	if r.srv.Sessions() != 0 || r.names.released.Load() != 1 {
		t.Fatal("something is left")
	}
}

func TestShutdownCutsAtItsEnd(t *testing.T) {
	r := newRig(t)
	hold := make(chan struct{})
	defer close(hold)
	a := r.agent("good", "i1", func(l *lane) bool { <-hold; return false })
	e := a.bind(r, 1, "a")
	x := begin(t, e, get(1))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := r.srv.Shutdown(ctx); err == nil {
		t.Fatal("nothing was cut")
	}
	if _, err := x.Next(); codeOf(err) == 0 {
		t.Fatal(err)
	}
}

func TestAgentDrains(t *testing.T) {
	r := newRig(t)
	hold := make(chan struct{})
	a := r.agent("good", "i1", func(l *lane) bool { <-hold; return ok("hello")(l) })
	e := a.bind(r, 1, "a")
	x := begin(t, e, get(1))
	if err := a.leg.Send(wire.MsgDrain, 77, &wire.Drain{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no exchange is begun", func() bool {
		y, err := e.Upstream.Begin(context.Background(), get(2))
		if err == nil {
			y.Abort(0)
		}
		return codeOf(err) == wire.CodeAgentStopping
	})
	close(hold)
	if got, _, err := read(x); err != nil || got != "hello" {
		t.Fatal(got, err)
	}
	x.Finish()
	if m := a.await(wire.MsgDrained); m.ID != 77 {
		t.Fatalf("%+v", m)
	}
}

// TestStreamLimit: at the limit a request waits for a stream of its endpoint, for room, or is refused.
func TestStreamLimit(t *testing.T) {
	r := newRig(t)
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	a := r.agent("good", "i1", func(l *lane) bool {
		if l.req.Conn == 0 {
			select {
			case <-hold:
			case <-l.resets:
				return false
			}
		}
		return ok("hello")(l)
	})
	e, other := a.bind(r, 1, "a"), a.bind(r, 2, "b")
	all := make([]registry.Exchange, 0, wire.MaxStreams)
	for {
		x, err := func() (registry.Exchange, error) {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if r.srv.Streams() >= wire.MaxStreams {
				return nil, nil
			}
			return e.Upstream.Begin(context.WithoutCancel(ctx), get(0))
		}()
		if err != nil {
			t.Fatalf("exchange %d: %v", len(all), err)
		}
		if x == nil {
			break
		}
		all = append(all, x)
	}
	if len(all) < wire.MaxStreams-2 {
		t.Fatalf("%d exchanges", len(all))
	}
	start := time.Now()
	if _, err := e.Upstream.Begin(context.Background(), get(1)); codeOf(err) != wire.CodeTooManyStreams {
		t.Fatal(err)
	}
	if waited := time.Since(start); waited < maxWait-time.Second {
		t.Fatalf("it waited %v", waited)
	}
	got := make(chan string, 2)
	ask := func(e *registry.Endpoint) {
		x, err := e.Upstream.Begin(context.Background(), get(1))
		if err != nil {
			got <- err.Error()
			return
		}
		s, _, err := read(x)
		if err != nil {
			s = err.Error()
		}
		x.Finish()
		got <- s
	}
	go ask(e)
	go ask(other)
	all[0].Abort(wire.CodeVisitorGone)
	all[1].Abort(wire.CodeVisitorGone)
	for range 2 {
		if s := <-got; s != "hello" {
			t.Fatal(s)
		}
	}
	release()
	for _, x := range all[2:] {
		if _, _, err := read(x); err != nil {
			t.Fatal(err)
		}
		x.Finish()
	}
	if n := e.Upstream.Load() + other.Upstream.Load(); n != 0 {
		t.Fatalf("load %d", n)
	}
}

func TestIdleStreamsAreTrimmed(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("hello"))
	e := a.bind(r, 1, "a")
	var all []registry.Exchange
	for range 10 {
		all = append(all, begin(t, e, get(1)))
	}
	for _, x := range all {
		if _, _, err := read(x); err != nil {
			t.Fatal(err)
		}
		x.Finish()
	}
	up := e.Upstream.(*endpoint)
	up.sess.pools.trim() // the first sweep begins to count
	for range 2 {
		do(t, e, get(1))
	}
	idle := func() int {
		up.sess.pools.mu.Lock()
		defer up.sess.pools.mu.Unlock()
		return len(up.pool.idle)
	}
	if n := idle(); n != 10 {
		t.Fatalf("%d idle", n)
	}
	up.sess.pools.trim()
	if n := idle(); n != 1 {
		t.Fatalf("%d idle after the sweep", n)
	}
	eventually(t, "they are closed", func() bool { return r.srv.Streams() <= 2 })
	do(t, e, get(1))
}
