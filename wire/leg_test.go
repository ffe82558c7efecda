package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestReceiveArithmetic: streams that all stand with a full first window and an unread head, and all that windows may have grown, stay below the counter that
// would stop everything; and smux's own window never decides.
func TestReceiveArithmetic(t *testing.T) {
	const head = 68 << 10
	const all = MaxStreams*(FirstLimit+head) + legBudget + maxResting
	if all != 456<<20 || all >= maxReceive {
		t.Errorf("%d streams may leave %d unread, of %d", MaxStreams, all, maxReceive)
	}
	if HeaderSize+ReqSize+MaxExt+MaxHead > largeBuffer || HeaderSize+MaxMessage > largeBuffer {
		t.Error("the longest frame does not fit into a large buffer")
	}
	const smuxFirst = 262144 // a sender's window before the first update, which the first read sends
	if FirstLimit+head > smuxFirst {
		t.Error("the first content and head do not fit into smux's first window")
	}
	if maxWindow+head > maxStreamBuffer/2 {
		t.Error("smux's window, acknowledged by halves, would decide")
	}
	if HeaderSize+MaxData != smuxFrame {
		t.Error("the longest DATA is not one smux frame")
	}
}

func TestManyStreams(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		l := startLegs(t, r, a, legSetup{})
		go serveEcho(l.agent)
		const streams, each = 100, 20
		var wg sync.WaitGroup
		for range streams {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), testTime)
				defer cancel()
				s, err := l.relay.Open(ctx, &OpenFrame{})
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				var q Req
				var out []byte
				for range each {
					if out, err = roundTrip(s, &q, out); err != nil {
						t.Error(err)
						return
					}
					s.Idle()
				}
			})
		}
		wg.Wait()
		eventually(t, "closing", func() bool { return l.relay.Streams() == 0 && l.agent.Streams() == 0 })
		if l.relay.RTT() == 0 {
			eventually(t, "a round trip's time", func() bool { return l.relay.RTT() > 0 && l.agent.RTT() > 0 })
		}
		if time.Since(l.agent.Proof()) > testTime {
			t.Error("no proof of life")
		}
	})
}

// TestUnreadStreams: streams that nobody reads, each filled with all its credit allows, do not stop another, in either direction.
func TestUnreadStreams(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		l := startLegs(t, r, a, legSetup{})
		const standing = 50
		buf := dataFrame(MaxData, 0)
		for range standing {
			s := openStream(t, l.relay)
			s.Begin(1, netip.Addr{})
			peer := acceptStream(t, l.agent)
			peer.Begin(1, netip.Addr{})
			for s.TryCredit(MaxData+FrameCost) && peer.TryCredit(MaxData+FrameCost) {
				if err := errors.Join(s.Write(buf), peer.Write(buf)); err != nil {
					t.Fatal(err)
				}
			}
		}
		go serveEcho(l.agent)
		s := openStream(t, l.relay)
		var q Req
		var out []byte
		within(t, "100 round trips", func() {
			for range 100 {
				var err error
				if out, err = roundTrip(s, &q, out); err != nil {
					t.Error(err)
					return
				}
			}
		})
	})
}

func TestRunEnds(t *testing.T) {
	t.Run("context", func(t *testing.T) {
		r, a := memPair(64 << 10)
		defer a.Close()
		l, err := NewRelayLeg(r, LegOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		end := make(chan error, 1)
		go func() { end <- l.Run(ctx) }()
		cancel(errors.New("enough"))
		if err := waitEnd(t, end); err == nil || err.Error() != "enough" {
			t.Error(err)
		}
	})
	t.Run("close", func(t *testing.T) {
		r, a := memPair(64 << 10)
		l := startLegs(t, r, a, legSetup{})
		_ = l.relay.Close()
		if err := waitEnd(t, l.relayEnd); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if err := waitEnd(t, l.agentEnd); !errors.Is(err, ErrLinkLost) {
			t.Error(err)
		}
		<-l.agent.Done()
		if err := l.agent.Send(MsgDrain, 0, &Drain{}); !errors.Is(err, ErrLinkLost) {
			t.Error(err)
		}
	})
	t.Run("without run", func(t *testing.T) {
		r, a := memPair(64 << 10)
		x, err1 := NewRelayLeg(r, LegOptions{})
		y, err2 := NewAgentLeg(a, LegOptions{})
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		_, _ = x.Close(), y.Close()
		if err := x.Run(context.Background()); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	t.Run("no control stream", func(t *testing.T) {
		r, a := memPair(64 << 10)
		l, err := NewAgentLeg(a, LegOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		if err := waitEnd(t, runLeg(t, l)); !errors.Is(err, ErrLinkLost) {
			t.Error(err)
		}
	})
	t.Run("no smux", func(t *testing.T) {
		r, a := memPair(64 << 10)
		l, err := NewAgentLeg(a, LegOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		_, _ = r.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		if err := waitEnd(t, runLeg(t, l)); err == nil {
			t.Error("no error")
		}
	})
}

// TestGoOption: every goroutine of a leg goes through Go.
func TestGoOption(t *testing.T) {
	var wg sync.WaitGroup
	var n int
	var mu sync.Mutex
	o := LegOptions{Go: func(f func()) {
		mu.Lock()
		n++
		mu.Unlock()
		wg.Go(f)
	}}
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{relay: o, agent: o})
	openStream(t, l.relay).Close()
	_ = l.relay.Close()
	_, _ = waitEnd(t, l.relayEnd), waitEnd(t, l.agentEnd)
	within(t, "the goroutines' end", wg.Wait)
	if n < 10 {
		t.Errorf("%d goroutines", n)
	}
}

// TestDeadPeer: an agent that is there but says nothing is dead; one that answers is not.
func TestDeadPeer(t *testing.T) {
	lim := limits{tick: 5 * time.Millisecond, quiet: 20 * time.Millisecond, measure: 20 * time.Millisecond, dead: 300 * time.Millisecond, slept: testTime, farewell: time.Second}
	t.Run("frozen", func(t *testing.T) {
		r, a := memPair(64 << 10)
		l := startLegs(t, r, a, legSetup{lim: lim})
		eventually(t, "a round trip", func() bool { return l.relay.RTT() > 0 })
		a.freeze(true)
		defer a.freeze(false)
		if err := waitEnd(t, l.relayEnd); !errors.Is(err, ErrLinkLost) || !strings.Contains(err.Error(), "heard") {
			t.Error(err)
		}
	})
	t.Run("takes nothing", func(t *testing.T) {
		// The agent goes on talking, so it is heard; but it takes nothing.
		_, end, s, r := relayAlone(t, LegOptions{}, &lim)
		s.hear(t, Ping)
		r.out.set(func() { r.out.size = 0 })
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				if _, err := s.ctl.Write(appendPing(nil, Ping, [8]byte{1})); err != nil {
					return
				}
			}
		})
		err := waitEnd(t, end)
		close(stop)
		_ = s.mux.Close()
		wg.Wait()
		if !errors.Is(err, ErrLinkLost) || !strings.Contains(err.Error(), "sent") {
			t.Error(err)
		}
	})
	t.Run("alive", func(t *testing.T) {
		r, a := memPair(64 << 10)
		l := startLegs(t, r, a, legSetup{lim: lim})
		deadline := time.After(4 * lim.dead)
		for n := 0; n < 20; {
			select {
			case err := <-l.relayEnd:
				t.Fatal(err)
			case <-deadline:
				return
			case <-time.After(lim.quiet):
				l.relay.Ping()
				n++
			}
		}
	})
}

// TestLostLinkDelivers: what was received before the link broke is still read; then the stream's end shows that it was the link.
func TestLostLinkDelivers(t *testing.T) {
	r, a := memPair(1 << 20)
	l := startLegs(t, r, a, legSetup{})
	s := openStream(t, l.relay)
	s.Begin(1, netip.Addr{})
	peer := acceptStream(t, l.agent)
	peer.Begin(1, netip.Addr{})
	if err := errors.Join(peer.Write(dataFrame(20000, 0)), peer.Write(dataFrame(20000, 0))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	defer cancel()
	if err := l.agent.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	if err := waitEnd(t, l.relayEnd); !errors.Is(err, ErrLinkLost) {
		t.Error(err)
	}
	_ = l.relay.Close()
	for range 2 {
		if f := mustNext(t, s, Data); len(f.Payload) != 20000 {
			t.Error(len(f.Payload))
		}
		s.Took(20000 + FrameCost)
	}
	if _, err := s.Next(); !errors.Is(err, ErrLinkLost) {
		t.Error(err)
	}
	if err := s.Write(dataFrame(1, 0)); !errors.Is(err, ErrLinkLost) {
		t.Error(err)
	}
	s.Close()
	eventually(t, "the last stream's end", func() bool { return l.relay.Streams() == 0 })
	eventually(t, "smux's end", func() bool { return l.relay.mux.IsClosed() })
}

// TestCloseFreesEverybody: whoever reads, waits for credit, opens or accepts returns.
func TestCloseFreesEverybody(t *testing.T) {
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{})
	s := openStream(t, l.relay)
	s.Begin(1, netip.Addr{})
	peer := acceptStream(t, l.agent)
	var wg sync.WaitGroup
	errs := make(chan error, 10)
	wg.Go(func() { _, err := s.Next(); errs <- err })
	wg.Go(func() {
		for {
			if err := s.WriteContent(dataFrame(MaxData, 0), MaxData+FrameCost); err != nil {
				errs <- err
				return
			}
		}
	})
	wg.Go(func() { _, err := l.agent.Accept(); errs <- err })
	wg.Go(func() {
		for {
			if _, err := peer.Next(); err != nil {
				errs <- err
				return
			}
		}
	})
	eventually(t, "the credit's end", func() bool { return s.out.sent.Load() > FirstLimit/2 })
	_ = l.relay.Close()
	within(t, "everybody's return", wg.Wait)
	close(errs)
	for err := range errs {
		if !errors.Is(err, ErrLinkLost) && err != io.EOF {
			t.Error(err)
		}
	}
	if _, err := l.relay.Open(context.Background(), &OpenFrame{}); !errors.Is(err, ErrLinkLost) {
		t.Error(err)
	}
}
