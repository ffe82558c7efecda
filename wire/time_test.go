package wire

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Tests of what takes seconds and hours, with a clock of their own.

// bubble runs f with a clock of its own. smux keeps channels in a pool for all its sessions, and no channel may cross the border.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	empty := func() { runtime.GC(); runtime.GC() }
	empty()
	defer empty()
	synctest.Test(t, f)
}

// TestPromise15SlowLink: a link of 20 KiB/s with bulk on 50 streams, for an hour. Nobody takes it for dead, and a RESET arrives: at once against
// the bulk's direction; in its direction behind what the places, the gathering and the kernel
// hold by then, about 500 KiB.
func TestPromise15SlowLink(t *testing.T) {
	for name, tt := range map[string]struct {
		up  bool
		max time.Duration
	}{"downloads": {false, time.Second}, "uploads": {true, 45 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) { slowLink(t, tt.up, tt.max) })
		})
	}
}

func slowLink(t *testing.T, up bool, max time.Duration) {
	const rate, streams = 20 << 10, 50
	r, link := memPair(64 << 10)
	a, far := memPair(16 << 10)
	go trickle(far, link, rate)
	go trickle(link, far, rate)
	l := startLegs(t, r, a, legSetup{})
	var from, to []*Stream
	for range streams {
		s, peer := openStream(t, l.relay), acceptStream(t, l.agent)
		s.Begin(1, netip.Addr{})
		peer.Begin(1, netip.Addr{})
		if up {
			from, to = append(from, s), append(to, peer)
		} else {
			from, to = append(from, peer), append(to, s)
		}
	}
	for i := range streams {
		go bulk(from[i])
		go swallow(to[i])
	}
	for begin := time.Now(); time.Since(begin) < 30*time.Minute && !t.Failed(); time.Sleep(time.Second) {
		if stillAlive(t, l); t.Failed() {
			t.Logf("after %v", time.Since(begin))
		}
	}
	relayEnd, agentEnd := from[7], to[7]
	if !up {
		relayEnd, agentEnd = agentEnd, relayEnd
	}
	if t.Failed() {
		_, _ = link.Close(), far.Close()
		return
	}
	m := newMemory()
	agentEnd.Handle(m)
	begin := time.Now()
	relayEnd.SendReset(1, CodeVisitorGone)
	relayEnd.Close()
	<-m.resets
	if took := time.Since(begin); took > max {
		t.Errorf("the RESET took %v", took)
	}
	t.Logf("the RESET took %v, a ping %v", time.Since(begin), l.relay.RTT())
	time.Sleep(30 * time.Minute)
	stillAlive(t, l)
	_, _, _, _ = l.relay.Close(), l.agent.Close(), link.Close(), far.Close()
	time.Sleep(time.Minute) // the last packets
}

// bulk writes until the stream ends.
func bulk(s *Stream) {
	for s.WriteContent(dataFrame(MaxData, 0), MaxData+FrameCost) == nil {
	}
}

// swallow reads until the stream ends.
func swallow(s *Stream) {
	for {
		f, err := s.Next()
		if err != nil {
			return
		}
		s.Took(Cost(f))
	}
}

func stillAlive(t *testing.T, l *legs) {
	t.Helper()
	select {
	case err := <-l.relayEnd:
		t.Errorf("the relay's leg ended: %v", err)
	case err := <-l.agentEnd:
		t.Errorf("the agent's leg ended: %v", err)
	default:
	}
}

// trickle carries bytes at a rate, in pieces of a packet.
func trickle(to io.Writer, from io.Reader, rate int) {
	b := make([]byte, 1400)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		time.Sleep(time.Duration(n) * time.Second / time.Duration(rate))
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// TestHoursOfSilence: a leg on which nobody says anything lives by its pings.
func TestHoursOfSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, a := memPair(64 << 10)
		l := startLegs(t, r, a, legSetup{})
		time.Sleep(12 * time.Hour)
		stillAlive(t, l)
		if quiet := time.Since(l.agent.Proof()); quiet > 15*time.Second {
			t.Errorf("the last proof is %v old", quiet)
		}
		_, _ = l.relay.Close(), l.agent.Close()
	})
}

// TestDeadAfter15Seconds: not before 15 s without a byte, of which the last may be 5 s old when the way is cut, and not long after.
func TestDeadAfter15Seconds(t *testing.T) {
	for name, agent := range map[string]bool{"at the agent": true, "at the relay": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r, a := memPair(64 << 10)
				l := startLegs(t, r, a, legSetup{})
				time.Sleep(time.Minute)
				deaf, end := r, l.relayEnd
				if agent {
					deaf, end = a, l.agentEnd
				}
				deaf.freeze(true)
				begin := time.Now()
				err := <-end
				if took := time.Since(begin); took < 10*time.Second || took > 17*time.Second {
					t.Errorf("dead after %v", took)
				}
				if !errors.Is(err, ErrLinkLost) || !strings.Contains(err.Error(), "heard") {
					t.Error(err)
				}
				deaf.freeze(false)
				_, _ = l.relay.Close(), l.agent.Close()
			})
		})
	}
}

// TestAliveAgain: a link that stands still for 9 s, again and again, is not dead.
func TestAliveAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, a := memPair(64 << 10)
		l := startLegs(t, r, a, legSetup{})
		for range 20 {
			time.Sleep(time.Minute)
			r.freeze(true)
			a.freeze(true)
			time.Sleep(9 * time.Second)
			r.freeze(false)
			a.freeze(false)
		}
		stillAlive(t, l)
		_, _ = l.relay.Close(), l.agent.Close()
	})
}

// TestFarewell: who is told Fatal and does not close is closed 5 s later.
func TestFarewell(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, a := memPair(1 << 20)
		l, err := NewRelayLeg(r, LegOptions{})
		if err != nil {
			t.Fatal(err)
		}
		end := make(chan error, 1)
		go func() { end <- l.Run(context.Background()) }()
		go func() { _, _ = io.Copy(io.Discard, a) }() // reads, and does not close
		time.Sleep(time.Second)
		begin := time.Now()
		l.Fatal(&Fatal{Code: CodeNotAllowed})
		var fatal *FatalError
		if err := <-end; !errors.As(err, &fatal) {
			t.Error(err)
		}
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		_ = a.Close()
	})
}
