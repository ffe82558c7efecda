package session

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// TestStorm: whatever goes wrong around it, an exchange gets its own answer or none, and in the end nothing is left under way.
func TestStorm(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", func(l *lane) bool {
		if !l.drain() {
			return false
		}
		switch id := l.req.Conn; {
		case id%13 == 0 && l.req.Seq > 1: // gives up before it has begun
			l.SendReset(l.req.Seq-1, 0)
			_, err := l.Next()
			return err == nil
		case id%17 == 0:
			l.SendReset(l.req.Seq, 0)
		case id%19 == 0:
			_ = l.Write(data("x", 0))
			_, err := l.Next()
			return err == nil
		case id%23 == 0:
			return false
		}
		return l.Write(l.response(fmt.Sprint(l.req.Conn), taken)) == nil
	})
	es := []*registry.Endpoint{a.bind(r, 1, "a"), a.bind(r, 2, "b")}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rnd := rand.New(rand.NewPCG(1, uint64(g)))
			for i := range 150 {
				storm(t, ctx, es[rnd.IntN(2)], uint64(g*1000+i+1), rnd)
			}
		}()
	}
	wg.Wait()
	for _, e := range es {
		if n := e.Upstream.Load(); n != 0 {
			t.Errorf("load %d", n)
		}
	}
}

// storm is one exchange that its visitor may leave, by Abort or by its context.
func storm(t *testing.T, ctx context.Context, e *registry.Endpoint, id uint64, rnd *rand.Rand) {
	if rnd.IntN(8) == 0 {
		own, cancel := context.WithCancel(ctx)
		defer cancel()
		ctx = own
		if rnd.IntN(2) == 0 {
			go cancel()
		}
	}
	q := get(id)
	if rnd.IntN(4) == 0 {
		q = post(strings.Repeat("z", 1+rnd.IntN(maxContent)))
		q.Conn = id
	}
	x, err := e.Upstream.Begin(ctx, q)
	if err != nil {
		if codeOf(err) == wire.CodeNone {
			t.Errorf("Begin: %v", err)
		}
		return
	}
	var left sync.WaitGroup
	if rnd.IntN(8) == 0 {
		left.Add(1)
		go func() { defer left.Done(); x.Abort(wire.CodeVisitorGone) }()
	}
	got, _, err := read(x)
	left.Wait()
	switch {
	case err == nil && got != fmt.Sprint(id):
		t.Errorf("exchange %d got the answer %q", id, got)
	case err != nil && codeOf(err) == wire.CodeNone:
		t.Errorf("Next: %v", err)
	}
	if err == nil {
		x.Finish()
	}
	x.Abort(wire.CodeVisitorGone)
}
