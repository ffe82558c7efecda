package wire

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"reflect"
	"sync/atomic"
	"testing"
	"unsafe"
)

// counter is one of smux's 32-bit counters, which it keeps to itself: tests set them near their end instead of waiting for it.
func counter(v reflect.Value, name string) *uint32 {
	return (*uint32)(unsafe.Pointer(v.Elem().FieldByName(name).UnsafeAddr()))
}

func streamCounter(s *Stream, name string) *uint32 {
	return counter(reflect.ValueOf(s.mux).Elem().Field(0), name)
}

// TestPooledStreamBeyond4GiB: smux counts what is read of a stream in 32 bits, and a pooled stream may carry more than that over the months.
func TestPooledStreamBeyond4GiB(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		l := startLegs(t, r, a, legSetup{})
		relay := openStream(t, l.relay)
		agent := acceptStream(t, l.agent)
		exchange(t, relay, agent, 1) // both have read now, and told so
		exchange(t, agent, relay, 1)
		for _, way := range [][2]*Stream{{relay, agent}, {agent, relay}} {
			consumed := streamCounter(way[0], "peerConsumed")
			eventually(t, "a window update", func() bool { return atomic.LoadUint32(consumed) != 0 })
			*streamCounter(way[1], "numRead") = math.MaxUint32 - 3<<20
		}
		for seq := range uint32(8) {
			exchange(t, relay, agent, seq+2)
			exchange(t, agent, relay, seq+2)
		}
		if n := *streamCounter(relay, "numRead"); n > 1<<30 {
			t.Errorf("the counter stands at %d: it has not come around", n)
		}
	})
}

// exchange carries a MiB from one to the other.
func exchange(t *testing.T, from, to *Stream, seq uint32) {
	t.Helper()
	from.Begin(seq, netip.Addr{})
	to.Begin(seq, netip.Addr{})
	sent := make(chan error, 1)
	go func() {
		var err error
		for n := 0; n < 1<<20 && err == nil; n += MaxData {
			b := dataFrame(MaxData, 0)
			if n+MaxData >= 1<<20 {
				b = dataFrame(MaxData, End)
			}
			err = from.WriteContent(b, MaxData+FrameCost)
		}
		sent <- err
	}()
	within(t, "a MiB", func() {
		for end := false; !end; {
			f, err := to.Next()
			if err != nil {
				t.Error(err)
				return
			}
			to.Took(Cost(f))
			end = f.Flags&End != 0
		}
	})
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

// TestStreamIDsRunOut: with the last id the leg ends, so that the agent comes back with a new one, instead of standing there without being of use.
func TestStreamIDsRunOut(t *testing.T) {
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{})
	openStream(t, l.relay)
	acceptStream(t, l.agent)
	const last = math.MaxUint32 - 1
	*counter(reflect.ValueOf(l.relay.mux), "nextStreamID") = last - 2
	l.relay.mu.Lock()
	l.relay.highest = last - 2
	l.relay.mu.Unlock()
	if id := openStream(t, l.relay).ID(); id != last {
		t.Fatalf("id %d", id)
	}
	acceptStream(t, l.agent)
	if _, err := l.relay.Open(t.Context(), &OpenFrame{}); !errors.Is(err, ErrLinkLost) {
		t.Errorf("a stream beyond the last id: %v", err)
	}
	for _, end := range []chan error{l.relayEnd, l.agentEnd} {
		if err := waitEnd(t, end); !errors.Is(err, ErrLinkLost) {
			t.Errorf("the leg ended with %v", err)
		}
	}
}

// TestWorn: both sides see in time that ids run out; streams can be opened to the last of them.
func TestWorn(t *testing.T) {
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{relay: LegOptions{IDs: 33}, agent: LegOptions{IDs: 33}}) // one is the control stream's
	for n := 1; n <= 32; n++ {
		openStream(t, l.relay)
		acceptStream(t, l.agent)
		if worn := n >= 30; l.relay.Worn() != worn || l.agent.Worn() != worn {
			t.Fatalf("after %d streams: relay %t, agent %t", n, l.relay.Worn(), l.agent.Worn())
		}
	}
	if _, err := l.relay.Open(t.Context(), &OpenFrame{}); !errors.Is(err, ErrLinkLost) {
		t.Errorf("a stream beyond the last id: %v", err)
	}
	if err := waitEnd(t, l.relayEnd); !errors.Is(err, ErrLinkLost) {
		t.Errorf("the leg ended with %v", err)
	}
}

// TestCloseUnused: a leg with a stream stays.
func TestCloseUnused(t *testing.T) {
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{})
	s := openStream(t, l.relay)
	if l.relay.CloseUnused() {
		t.Fatal("it was closed under a stream")
	}
	openStream(t, l.relay).Close()
	s.Close()
	eventually(t, "the leg's end", l.relay.CloseUnused)
	if _, err := l.relay.Open(t.Context(), &OpenFrame{}); !errors.Is(err, ErrLinkLost) {
		t.Errorf("a stream of a closed leg: %v", err)
	}
	if err := waitEnd(t, l.relayEnd); err != ErrClosed {
		t.Errorf("the leg ended with %v", err)
	}
}
