package wire

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a time that goes on only when told.
type clock struct{ ns atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1e9, c.ns.Load()) }
func (c *clock) advance(d time.Duration) { c.ns.Add(int64(d)) }

// TestWindowFollowsItsReader: it grows for one that takes, shrinks for one that slows down, and what it had is given back.
func TestWindowFollowsItsReader(t *testing.T) {
	var c clock
	r, a := memPair(64 << 10)
	shared := NewBudget(1 << 30)
	l := startLegs(t, r, a, legSetup{relay: LegOptions{Budget: shared}, now: c.now})
	s, peer := beginPair(t, l, netip.Addr{})
	sent := make(chan error, 1)
	go func() { sent <- pour(peer, 64<<20, End) }()
	if err := drink(s, 16<<20); err != nil {
		t.Fatal(err)
	}
	if n := l.relay.budget.Held(); n != maxWindow-FirstLimit || shared.Held() != n {
		t.Errorf("a quick reader holds %d, and %d of what is shared", n, shared.Held())
	}
	for range 100 {
		size := s.in.win.size
		c.advance(windowLate + 1)
		if err := drink(s, MaxData); err != nil {
			t.Fatal(err)
		}
		if s.in.win.size > size {
			t.Fatalf("a slow reader's window grew from %d to %d", size, s.in.win.size)
		}
	}
	if n := l.relay.budget.Held(); n != 0 || shared.Held() != 0 {
		t.Errorf("a slow reader holds %d, and %d of what is shared", n, shared.Held())
	}
	if err := errors.Join(drink(s, 16<<20)); err != nil {
		t.Fatal(err)
	}
	if l.relay.budget.Held() == 0 {
		t.Error("a reader that takes again gets nothing")
	}
	if err := errors.Join(drink(s, math.MaxInt), <-sent); err != nil {
		t.Fatal(err)
	}
	if n := l.relay.budget.Held(); n != 0 || shared.Held() != 0 {
		t.Errorf("an exchange that has ended holds %d, and %d of what is shared", n, shared.Held())
	}
}

// TestGrowthRests: growth on which nothing comes is not counted, until something comes.
func TestGrowthRests(t *testing.T) {
	var c clock
	r, a := memPair(64 << 10)
	shared := NewBudget(1 << 30)
	lim := defaultLimits
	lim.tick = time.Millisecond
	l := startLegs(t, r, a, legSetup{relay: LegOptions{Budget: shared}, lim: lim, now: c.now})
	waiting, peer := beginPair(t, l, netip.Addr{})
	standing, other := beginPair(t, l, netip.Addr{})
	for _, x := range [][2]*Stream{{waiting, peer}, {standing, other}} {
		sent := make(chan error, 1)
		go func() { sent <- pour(x[1], 8<<20, 0) }()
		if err := errors.Join(drink(x[0], 8<<20), <-sent); err != nil {
			t.Fatal(err)
		}
	}
	const each = maxWindow - FirstLimit
	held := func(n int) func() bool {
		return func() bool { return l.relay.budget.Held() == n*each && shared.Held() == n*each }
	}
	eventually(t, "growth of two", held(2))
	frames, goOn := make(chan error), make(chan struct{})
	go func() {
		for range 2 {
			f, err := waiting.Next()
			frames <- err
			<-goOn
			waiting.Took(Cost(f))
		}
	}()
	eventually(t, "waiting", func() bool {
		waiting.mu.Lock()
		defer waiting.mu.Unlock()
		return !waiting.hold.quiet.IsZero()
	})
	c.advance(restAfter - 1)
	l.relay.rest(c.now())
	if !held(2)() {
		t.Error("it rests too early")
	}
	c.advance(1)
	eventually(t, "rest", held(1)) // the other one is not being read: something may lie there
	if err := errors.Join(pour(peer, 1, 0), <-frames); err != nil {
		t.Fatal(err)
	}
	if !held(2)() {
		t.Error("what came is not counted")
	}
	goOn <- struct{}{}
	eventually(t, "waiting", func() bool { c.advance(restAfter); return held(1)() })
	standing.Close()
	waiting.Close()
	<-frames
	goOn <- struct{}{}
	eventually(t, "the end", func() bool { return held(0)() && l.relay.budget.rests == 0 })
}

// TestOneVisitor: all exchanges of one address have an eighth of the budget together, and another address still gets its own.
func TestOneVisitor(t *testing.T) {
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{})
	grow := func(visitor string) {
		s, peer := beginPair(t, l, netip.MustParseAddr(visitor))
		sent := make(chan error, 1)
		go func() { sent <- pour(peer, 4<<20, 0) }()
		if err := errors.Join(drink(s, 4<<20), <-sent); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		grow("192.0.2.1")
	}
	if n := l.relay.budget.Held(); n != legBudget/visitorShare {
		t.Errorf("one address holds %d", n)
	}
	for range 10 {
		grow("127.0.0.1")
	}
	grow("192.0.2.2")
	if n := l.relay.budget.Held(); n != legBudget/visitorShare+11*(maxWindow-FirstLimit) {
		t.Errorf("with ten of this machine and one of another address %d are held", n)
	}
}

// TestBudgetNeverDrifts: whatever ends exchanges, all is given back.
func TestBudgetNeverDrifts(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		shared := NewBudget(16 << 20)
		o := LegOptions{Budget: shared}
		l := startLegs(t, r, a, legSetup{relay: o, agent: o})
		var opening sync.Mutex
		var done, most atomic.Int64
		var wg sync.WaitGroup
		for worker := range 16 {
			rng := rand.New(rand.NewPCG(7, uint64(worker)))
			wg.Go(func() {
				for {
					opening.Lock()
					s, peer, err := newPair(l)
					opening.Unlock()
					if err != nil {
						return
					}
					live(rng, s, peer)
					most.Store(max(most.Load(), int64(shared.Held())))
					done.Add(1)
				}
			})
		}
		eventually(t, "60 streams", func() bool { return done.Load() >= 60 })
		_ = l.relay.Close()
		_, _ = waitEnd(t, l.relayEnd), waitEnd(t, l.agentEnd)
		within(t, "everybody's end", wg.Wait)
		if most.Load() == 0 {
			t.Error("no window has grown: this shows nothing")
		}
		for name, b := range map[string]*Budget{"the relay's": l.relay.budget, "the agent's": l.agent.budget, "the shared one": shared} {
			if b.Held() != 0 || b.rests != 0 || len(b.from) != 0 {
				t.Errorf("%s: %d are held, %d rest, %d addresses", name, b.Held(), b.rests, len(b.from))
			}
		}
	})
}

func newPair(l *legs) (s, peer *Stream, err error) {
	if s, err = l.relay.Open(context.Background(), &OpenFrame{}); err != nil {
		return nil, nil, err
	}
	if peer, err = l.agent.Accept(); err != nil {
		s.Close()
		return nil, nil, err
	}
	if _, err = peer.Next(); err != nil {
		s.Close()
		peer.Close()
	}
	return s, peer, err
}

// live is a stream's life: some exchanges, of which the last may end in any way and at any moment.
func live(rng *rand.Rand, s, peer *Stream) {
	defer s.Close()
	defer peer.Close()
	for seq := uint32(1); seq < 6; seq++ {
		var visitor netip.Addr
		if n := byte(rng.IntN(4)); n > 0 {
			visitor = netip.AddrFrom4([4]byte{192, 0, 2, n})
		}
		s.Begin(seq, visitor)
		peer.Begin(seq, visitor)
		from, to := s, peer
		if rng.IntN(2) == 0 {
			from, to = peer, s
		}
		size, at := rng.IntN(2<<20), rng.IntN(2<<20)
		sent := make(chan error, 1)
		go func() { sent <- pour(from, size, End) }()
		err := io.EOF
		switch rng.IntN(6) {
		case 0: // the reader leaves
			_ = drink(to, at)
			to.Close()
		case 1: // the relay breaks off
			_ = drink(to, at)
			s.SendReset(seq, CodeVisitorGone)
			s.Close()
		case 2: // somebody else closes the stream while it is read
			closed := make(chan struct{})
			go func() {
				defer close(closed)
				for range at % 1000 {
					runtime.Gosched()
				}
				to.Close()
			}()
			_ = drink(to, math.MaxInt)
			<-closed
		default:
			err = drink(to, math.MaxInt)
		}
		if err != nil {
			from.Close()
		}
		if <-sent != nil || err != nil {
			return
		}
	}
}
