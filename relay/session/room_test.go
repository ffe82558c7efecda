package session

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// TestNoRoomForASession: an agent for which there is neither memory nor a connection is told to come again, and gets in when another has left.
func TestNoRoomForASession(t *testing.T) {
	for name, o := range map[string]Options{
		"memory": {SessionMemory: budget.New(sessionCost)},
		"files":  {Files: budget.New(1)},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(x *Options) { x.SessionMemory, x.Files = o.SessionMemory, o.Files })
			first := r.agent("good", "i1", ok("hello"))
			eventually(t, "it is in", func() bool { return r.srv.Sessions() == 1 })
			for range 3 { // what was refused leaves nothing behind
				_, fe := r.auth(wire.Auth{Token: "good", Instance: "i2"})
				if fe == nil || fe.Code != wire.CodeRelayBusy || fe.Wait != busyWait {
					t.Fatalf("%+v", fe)
				}
			}
			if _, fe := r.auth(wire.Auth{Token: "bad", Instance: "i2"}); fe == nil || fe.Code != wire.CodeBadToken {
				t.Errorf("a stranger: %+v", fe)
			}
			first.leg.Close()
			eventually(t, "its place is free", func() bool { return o.SessionMemory.Held() == 0 && o.Files.Held() == 0 })
			r.agent("good", "i2", ok("hello"))
			eventually(t, "the other is in", func() bool { return r.srv.Sessions() == 1 })
		})
	}
}

// TestNoMemoryForAStream: a request for whose stream there is no memory waits for another one's; if none comes free, it is refused. What was taken is given back.
func TestNoMemoryForAStream(t *testing.T) {
	memory := budget.New(streamCost)
	r := newRig(t, func(o *Options) { o.Memory = memory })
	a := r.agent("good", "i1", ok("hello"))
	e := a.bind(r, 1, "a")
	first := begin(t, e, get(1))
	if _, _, err := read(first); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	var re *registry.Error
	if _, err := e.Upstream.Begin(ctx, get(2)); !errors.As(err, &re) || re.Code != wire.CodeTimeout {
		t.Fatalf("beyond the budget: %v", err)
	}
	got := make(chan string)
	go func() { got <- do(t, e, get(3)) }()
	eventually(t, "it waits", func() bool { return e.Upstream.Load() == 2 })
	first.Finish()
	if s := <-got; s != "hello" {
		t.Errorf("got %q", s)
	}
	if held := memory.Held(); held != streamCost {
		t.Errorf("%d bytes are held for a stream", held)
	}
	a.leg.Close()
	eventually(t, "all is given back", func() bool { return memory.Held() == 0 })
}

// TestMemoryOfStreamsComesBack: however exchanges end, and with them the session.
func TestMemoryOfStreamsComesBack(t *testing.T) {
	memory := budget.New(1 << 30)
	r := newRig(t, func(o *Options) { o.Memory = memory })
	stay := make(chan struct{})
	a := r.agent("good", "i1", func(l *lane) bool {
		select {
		case <-stay:
		case <-l.resets:
		}
		return false
	})
	e := a.bind(r, 1, "a")
	var all []registry.Exchange
	for i := range 20 {
		all = append(all, begin(t, e, get(uint64(i))))
	}
	for _, x := range all[:10] {
		x.Abort(wire.CodeVisitorGone)
	}
	eventually(t, "half of it is back", func() bool { return memory.Held() == 10*streamCost })
	close(stay)
	a.leg.Close()
	for _, x := range all[10:] {
		if _, _, err := read(x); err == nil {
			t.Error("an answer of nobody")
		}
		x.Abort(wire.CodeLinkLost)
	}
	eventually(t, "all is back", func() bool { return memory.Held() == 0 })
}
