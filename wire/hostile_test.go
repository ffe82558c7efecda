package wire

import (
	"net"
	"testing"

	"github.com/xtaci/smux"
)

// stranger is the other side by hand: a smux session and its control stream, and what comes on that.
type stranger struct {
	mux    *smux.Session
	ctl    *smux.Stream
	frames chan Frame // copies; closed at the end
}

// hostileAgent faces a relay's leg.
func hostileAgent(t *testing.T, conn net.Conn) *stranger {
	t.Helper()
	mux, err := smux.Client(conn, smuxConfig())
	if err != nil {
		t.Fatal(err)
	}
	ctl, err := mux.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	return newStranger(t, mux, ctl, fromRelay)
}

// hostileRelay faces an agent's leg.
func hostileRelay(t *testing.T, conn net.Conn) *stranger {
	t.Helper()
	mux, err := smux.Server(conn, smuxConfig())
	if err != nil {
		t.Fatal(err)
	}
	ctl, err := mux.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	return newStranger(t, mux, ctl, fromAgent)
}

func newStranger(t *testing.T, mux *smux.Session, ctl *smux.Stream, from side) *stranger {
	s := &stranger{mux: mux, ctl: ctl, frames: make(chan Frame, 10000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(s.frames)
		fr := frameReader{src: ctl, from: from, control: true}
		for {
			f, err := fr.next()
			if err != nil {
				return
			}
			f.Payload = append([]byte(nil), f.Payload...)
			select {
			case s.frames <- f:
			default: // nobody looks
			}
		}
	}()
	t.Cleanup(func() {
		_ = mux.Close()
		within(t, "the stranger's end", func() { <-done })
	})
	return s
}

func (s *stranger) say(t testing.TB, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		if _, err := s.ctl.Write(f); err != nil {
			t.Fatal(err)
		}
	}
}

// hear waits for the next control frame of a type.
func (s *stranger) hear(t testing.TB, typ Type) Frame {
	t.Helper()
	var got Frame
	within(t, typ.String(), func() {
		for f := range s.frames {
			if f.Type == typ {
				got = f
				return
			}
		}
		t.Errorf("no %s came", typ)
	})
	return got
}

// relayAlone is a relay's leg against a hostile agent.
func relayAlone(t *testing.T, o LegOptions, lim *limits) (*Leg, chan error, *stranger, *memConn) {
	t.Helper()
	r, a := memPair(1 << 20)
	l, err := NewRelayLeg(r, o)
	if err != nil {
		t.Fatal(err)
	}
	if lim != nil {
		l.pulse.lim = *lim
	}
	return l, runLeg(t, l), hostileAgent(t, a), r
}

// agentAlone is an agent's leg against a hostile relay.
func agentAlone(t *testing.T, o LegOptions) (*Leg, chan error, *stranger) {
	t.Helper()
	r, a := memPair(1 << 20)
	l, err := NewAgentLeg(a, o)
	if err != nil {
		t.Fatal(err)
	}
	return l, runLeg(t, l), hostileRelay(t, r)
}

// memory is a Handler that remembers.
type memory struct{ resets, stops chan signal }

func newMemory() *memory {
	return &memory{resets: make(chan signal, 100), stops: make(chan signal, 100)}
}

func (m *memory) OnReset(seq uint32, code Code) { m.resets <- signal{seq: seq, code: code} }
func (m *memory) OnStop(seq uint32)             { m.stops <- signal{seq: seq} }
