package wire

import (
	"bytes"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"
)

// beginPair opens a stream and gives both its ends, with exchange 1 begun.
func beginPair(t testing.TB, l *legs, visitor netip.Addr) (relay, agent *Stream) {
	t.Helper()
	relay, agent = openStream(t, l.relay), acceptStream(t, l.agent)
	relay.Begin(1, visitor)
	agent.Begin(1, visitor)
	return relay, agent
}

// pour sends n bytes of content in large frames, END on the last if that is asked for.
func pour(s *Stream, n int, end Flags) error {
	b := dataFrame(MaxData, 0)
	for ; n > MaxData; n -= MaxData {
		if err := s.WriteContent(b, MaxData+FrameCost); err != nil {
			return err
		}
	}
	return s.WriteContent(dataFrame(n, end), n+FrameCost)
}

// drink takes n bytes of content, or all up to END.
func drink(s *Stream, n int) error {
	for n > 0 {
		f, err := s.Next()
		if err != nil {
			return err
		}
		n -= len(f.Payload)
		s.Took(Cost(f))
		if f.Flags&End != 0 {
			return nil
		}
	}
	return nil
}

// TestNoBudget: with nothing left everybody stays at the first limit, and everything goes on.
func TestNoBudget(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		none := LegOptions{Budget: NewBudget(0)}
		l := startLegs(t, r, a, legSetup{relay: none, agent: none})
		var wg sync.WaitGroup
		for range 20 {
			s, peer := beginPair(t, l, netip.Addr{})
			for _, x := range [][2]*Stream{{s, peer}, {peer, s}} {
				wg.Go(func() {
					if err := pour(x[0], 1<<20, End); err != nil {
						t.Error(err)
					}
					if most := x[0].out.limit.Load(); most > 1<<20+64*FrameCost+FirstLimit {
						t.Errorf("%d were granted for a MiB", most)
					}
				})
				wg.Go(func() {
					if err := drink(x[1], 1<<20); err != nil {
						t.Error(err)
					}
				})
			}
		}
		within(t, "40 MiB", wg.Wait)
		if n := l.relay.budget.Held() + l.agent.budget.Held(); n != 0 {
			t.Errorf("%d are held", n)
		}
	})
}

// TestEcho: the agent sends back what it is still getting, and both sides live within their credit.
func TestEcho(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		l := startLegs(t, r, a, legSetup{})
		s, peer := beginPair(t, l, netip.Addr{})
		const size = 64 << 20
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := pour(s, size, End); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			b := make([]byte, HeaderSize, HeaderSize+MaxData)
			for end := false; !end; {
				f, err := peer.Next()
				if err != nil {
					t.Error(err)
					return
				}
				end = f.Flags&End != 0
				b = append(b[:HeaderSize], f.Payload...)
				PutHeader(b, Data, f.Flags&End, len(f.Payload))
				if err := peer.WriteContent(b, Cost(f)); err != nil {
					t.Error(err)
					return
				}
				peer.Took(Cost(f))
			}
		})
		wg.Go(func() {
			if err := drink(s, size+1); err != nil {
				t.Error(err)
			}
			if n := s.in.got; n < size {
				t.Errorf("%d came back", n)
			}
		})
		within(t, "64 MiB there and back", wg.Wait)
		if n := l.relay.budget.Held() + l.agent.budget.Held(); n != 0 {
			t.Errorf("%d are held", n)
		}
	})
}

// TestStandingReaders: of 2,047 exchanges nobody reads anything, both ways, and their content comes in chunks of one byte. Control and one more stream
// stay as quick as they are, and what it costs is bounded.
func TestStandingReaders(t *testing.T) {
	r, a := tlsPair(t)
	l := startLegs(t, r, a, legSetup{})
	before := heapInUse()
	const each = 200 // frames in a write, as an agent gathers chunks
	b := bytes.Repeat(dataFrame(1, 0), each)
	var ways []*Stream
	for range MaxStreams - 1 {
		s, peer := beginPair(t, l, netip.Addr{})
		ways = append(ways, s, peer)
		for _, x := range []*Stream{s, peer} {
			for x.TryCredit(each * (1 + FrameCost)) {
				if err := x.Write(b); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var wg sync.WaitGroup
	for _, x := range ways {
		wg.Go(func() { _ = x.WriteContent(b, each*(1+FrameCost)) }) // stands, as its reader does
	}
	go serveEcho(l.agent)
	s := openStream(t, l.relay)
	var q Req
	var out []byte
	var slowest time.Duration
	within(t, "1,000 round trips and 100 pings", func() {
		for i := range 1000 {
			began := time.Now()
			var err error
			if out, err = roundTrip(s, &q, out); err != nil {
				t.Error(err)
				return
			}
			slowest = max(slowest, time.Since(began))
			if i%10 == 0 {
				ping(t, l.relay)
			}
		}
	})
	grew := heapInUse() - before
	t.Logf("%d MiB of heap for %d MiB of credit; the slowest of 1,000 round trips took %v", grew>>20, len(ways)*FirstLimit>>20, slowest)
	if grew > len(ways)*FirstLimit {
		t.Errorf("%d MiB of heap", grew>>20)
	}
	_ = l.relay.Close()
	within(t, "everybody's end", wg.Wait)
}

func heapInUse() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}

// ping makes a round trip on the control stream.
func ping(t testing.TB, l *Leg) {
	t.Helper()
	l.Ping()
	eventually(t, "an answer", func() bool {
		l.pulse.mu.Lock()
		defer l.pulse.mu.Unlock()
		return l.pulse.sent.IsZero()
	})
}
