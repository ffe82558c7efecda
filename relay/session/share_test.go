package session

import (
	"context"
	"net/netip"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// requestOf is a request that comes from an address and is held.
func requestOf(a netip.Addr) *registry.Request {
	q := get(1)
	q.Client = netip.AddrPortFrom(a, 1)
	return q
}

// TestShareOfAnAddress: as long as there is room an address may have what it wants. When others have half of all streams it waits beyond its share, and
// everybody else passes it.
func TestShareOfAnAddress(t *testing.T) {
	r := newRig(t)
	hold := make(chan struct{})
	defer close(hold)
	e := r.agent("good", "i1", held(hold)).bind(r, 1, "a")
	s := e.Upstream.(*endpoint).sess
	greedy, next := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.18.0.0")
	var theirs, all []registry.Exchange
	for range addressShare + 5 {
		theirs = append(theirs, begin(t, e, requestOf(greedy)))
	}
	for range wire.MaxStreams / 2 {
		next = next.Next()
		all = append(all, begin(t, e, requestOf(next)))
	}
	one := requestOf(greedy)
	got := make(chan error, 1)
	go func() {
		x, err := e.Upstream.Begin(context.Background(), one)
		if err == nil {
			x.Abort(wire.CodeVisitorGone)
		}
		got <- err
	}()
	eventually(t, "it waits", func() bool {
		s.pools.mu.Lock()
		defer s.pools.mu.Unlock()
		return len(s.pools.waiting) == 1
	})
	many := requestOf(greedy)
	many.Many = true
	all = append(all, begin(t, e, many), begin(t, e, requestOf(next.Next())), begin(t, e, requestOf(netip.IPv6Loopback())))
	select {
	case err := <-got:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	for _, x := range theirs[:5] {
		x.Abort(wire.CodeVisitorGone)
	}
	select {
	case err := <-got:
		t.Fatalf("it did not wait while it had its share: %v", err)
	default:
	}
	theirs[5].Abort(wire.CodeVisitorGone)
	if err := <-got; err != nil {
		t.Error(err)
	}
	for _, x := range append(theirs[6:], all...) {
		x.Abort(wire.CodeVisitorGone)
	}
	eventually(t, "nothing is counted any more", func() bool {
		s.pools.mu.Lock()
		defer s.pools.mu.Unlock()
		s.pools.relax()
		return s.pools.shares.busy == 0 && s.pools.shares.held == nil && len(s.pools.shares.all) == 0
	})
}

// TestShareEndsInAnAnswer: who waits for its share in vain is told to come again.
func TestShareEndsInAnAnswer(t *testing.T) {
	r := newRig(t)
	hold := make(chan struct{})
	defer close(hold)
	e := r.agent("good", "i1", held(hold)).bind(r, 1, "a")
	p := &e.Upstream.(*endpoint).sess.pools
	greedy := netip.MustParseAddr("2001:db8::1")
	p.mu.Lock()
	p.shares.busy = wire.MaxStreams
	p.shares.held = map[netip.Addr]int{wire.Account(greedy): addressShare}
	p.mu.Unlock()
	if _, err := e.Upstream.Begin(context.Background(), requestOf(greedy.Next())); codeOf(err) != wire.CodeTooManyStreams {
		t.Errorf("another address of the same customer's: %v", err)
	}
	begin(t, e, requestOf(netip.MustParseAddr("2001:db8:1::1"))).Abort(wire.CodeVisitorGone)
}

// BenchmarkTakeStream is what a request costs that finds an idle stream.
func BenchmarkTakeStream(b *testing.B) {
	r := newRig(b)
	e := r.agent("good", "i1", ok("")).bind(r, 1, "a")
	up := e.Upstream.(*endpoint)
	p := &up.sess.pools
	do(b, e, get(1))
	q, err := newRequest(context.Background(), get(1))
	if err != nil {
		b.Fatal(err)
	}
	x := &exchange{}
	b.ReportAllocs()
	for b.Loop() {
		st, err := p.take(up, q, &x)
		if err != nil {
			b.Fatal(err)
		}
		p.put(st)
	}
}
