package wire

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// muxFrame is one smux frame.
func muxFrame(cmd byte, id uint32, payload []byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{muxVersion, cmd}, uint16(len(payload)))
	return append(binary.LittleEndian.AppendUint32(b, id), payload...)
}

func updateFrame(id, consumed uint32) []byte {
	return muxFrame(muxUPD, id, binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, consumed), maxStreamBuffer))
}

func repeated(n int, b []byte) (all []byte) {
	for range n {
		all = append(all, b...)
	}
	return all
}

// TestGuard: what an agent sends below frames. Stream 4 is open, 6 was closed, 8 was never opened; nobody reads.
func TestGuard(t *testing.T) {
	one := muxFrame(muxPSH, 4, []byte{0})
	tests := []struct {
		name string
		say  []byte
		code Code // why the leg ends; 0: it lives
	}{
		{"a frame of another version", []byte{1, muxNOP, 0, 0, 0, 0, 0, 0}, CodeProtocol},
		{"an unknown command", muxFrame(5, 4, nil), CodeProtocol},
		{"SYN", muxFrame(0, 8, nil), CodeProtocol},
		{"SYN of a stream that is open", muxFrame(0, 4, nil), CodeProtocol},
		{"a FIN with a payload", muxFrame(muxFIN, 4, []byte("x")), CodeProtocol},
		{"a NOP with a payload", muxFrame(muxNOP, 0, []byte("x")), CodeProtocol},
		{"an UPD of 7", muxFrame(muxUPD, 4, make([]byte, 7)), CodeProtocol},
		{"a push above 32 KiB", muxFrame(muxPSH, 4, make([]byte, smuxFrame+1)), CodeProtocol},
		{"a push of 32 KiB", muxFrame(muxPSH, 4, make([]byte, smuxFrame)), 0},
		{"a push of a stream that was not opened", muxFrame(muxPSH, 8, []byte("x")), CodeBadSeq},
		{"an UPD of a stream that was not opened", updateFrame(8, 1), CodeBadSeq},
		{"a FIN of a stream that was not opened", muxFrame(muxFIN, 8, nil), CodeBadSeq},
		{"a push of stream 0", muxFrame(muxPSH, 0, []byte("x")), CodeBadSeq},
		{"a push of an odd stream", muxFrame(muxPSH, 3, []byte("x")), CodeBadSeq},
		{"a push of a stream that was closed", muxFrame(muxPSH, 6, make([]byte, smuxFrame)), 0},
		{"what a closed stream was granted", repeated(5, muxFrame(muxPSH, 6, make([]byte, smuxFrame))), 0},
		{"more for a closed stream than it was granted", repeated(6, muxFrame(muxPSH, 6, make([]byte, smuxFrame))), CodeOverCredit},
		{"FINs for a closed stream", repeated(10000, muxFrame(muxFIN, 6, nil)), CodeOverCredit},
		{"two FINs", repeated(2, muxFrame(muxFIN, 4, nil)), 0},
		{"a push behind FIN", append(muxFrame(muxFIN, 4, nil), one...), 0},
		{"the credit and a head", repeated(5, muxFrame(muxPSH, 4, make([]byte, smuxFrame))), 0},
		{"more than the credit and a head", repeated(6, muxFrame(muxPSH, 4, make([]byte, smuxFrame))), CodeOverCredit},
		{"pushes of a byte", repeated(2500, one), 0},
		{"more pushes of a byte", repeated(2700, one), CodeOverCredit},
		{"some NOPs", repeated(maxIdle/2, muxFrame(muxNOP, 0, nil)), 0},
		{"a flood of NOPs", repeated(20*maxIdle, muxFrame(muxNOP, 0, nil)), CodeControlFlood},
		{"a flood of empty pushes", repeated(20*maxIdle, muxFrame(muxPSH, 4, nil)), CodeControlFlood},
		{"a flood of FINs", repeated(20*maxIdle, muxFrame(muxFIN, 4, nil)), CodeControlFlood},
		{"a flood of UPDs", repeated(20*maxIdle, updateFrame(4, 1)), CodeControlFlood},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, end, conn := rawAgent(t)
			openStream(t, l)
			gone := openStream(t, l)
			gone.Close()
			eventually(t, "a stream's end", func() bool { return l.Streams() == 1 })
			if _, err := conn.Write(tt.say); err != nil && tt.code == 0 {
				t.Fatal(err)
			}
			if tt.code != 0 {
				wantCode(t, waitEnd(t, end), tt.code)
				return
			}
			if _, err := conn.Write(muxFrame(muxPSH, controlID, appendPing(nil, Pong, l.pulse.ping(time.Now())))); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a round trip", func() bool { return l.RTT() > 0 || l.ended() })
			if l.ended() {
				t.Error(waitEnd(t, end))
			}
		})
	}
}

// rawAgent is a relay's leg, and an agent's connection on which what it says is thrown away.
func rawAgent(t *testing.T) (*Leg, chan error, *memConn) {
	t.Helper()
	r, a := memPair(1 << 20)
	l, err := NewRelayLeg(r, LegOptions{})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		buf := make([]byte, 4<<10)
		for {
			if _, err := a.Read(buf); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = a.Close()
		within(t, "the agent's end", func() { <-over })
	})
	return l, runLeg(t, l), a
}

// alone is a guard without a leg; stream 4 is open.
func alone() *guard {
	g := newGuard(&gather{base: time.Now()}, nil)
	g.opened(4)
	return g
}

// TestGuardSlack: what an honest agent may have unread at most, in the most expensive pushes, does not trip the guard; and there is a bound to what a hostile
// one has.
func TestGuardSlack(t *testing.T) {
	head := []int{smuxFrame, smuxFrame, HeaderSize + RespSize + MaxExt + MaxHead - 2*smuxFrame, HeaderSize + abortSize}
	for _, open := range []int{FirstLimit, 2 * FirstLimit, maxWindow} {
		for name, content := range map[string]int{"a byte": 1, "CHUNK": chunkSize, "a line": 100, "full": MaxData} {
			g := alone()
			s := g.tally(4)
			s.grant(uint64(open + headOpen))
			send := func(n int) bool { return g.walk(muxFrame(muxPSH, 4, make([]byte, n))) == nil }
			for _, n := range head {
				if !send(n) {
					t.Fatalf("%s, %d: the head is refused", name, open)
				}
			}
			for left := open; left >= content+FrameCost; left -= content + FrameCost {
				if !send(HeaderSize + content) {
					t.Fatalf("%s, %d: refused with %d left", name, open, left)
				}
			}
			held := s.unread()
			for send(HeaderSize + content) {
				held = s.unread()
			}
			if most := (open + headOpen) * 16 / 15; held > most+guardSlack {
				t.Errorf("%s, %d: %d unread", name, open, held)
			}
		}
	}
}

// TestGuardCountsPushes: a push costs until its last byte is read, however reads cut it.
func TestGuardCountsPushes(t *testing.T) {
	s := &tally{}
	for _, n := range []int{100, 1, 4096, 1} {
		s.push(n)
	}
	for _, step := range []struct{ read, unread int }{
		{0, 4198 + 4*FrameCost}, {99, 4099 + 4*FrameCost}, {1, 4098 + 3*FrameCost}, {2, 4096 + 2*FrameCost}, {4094, 2 + 2*FrameCost}, {2, 0},
	} {
		s.took(step.read)
		if got := s.unread(); got != step.unread {
			t.Errorf("after %d: %d unread, want %d", step.read, got, step.unread)
		}
	}
}

// TestGuardWaitsForControl: the link waits for the control stream's reader, which never waits itself.
func TestGuardWaitsForControl(t *testing.T) {
	done := make(chan struct{})
	g := newGuard(&gather{base: time.Now()}, done)
	push := muxFrame(muxPSH, controlID, make([]byte, smuxFrame))
	c := g.tally(controlID)
	passed := make(chan int, 100)
	go func() {
		defer close(passed)
		for i := range 6 {
			if bad := g.walk(push); bad != nil {
				t.Error(bad)
			}
			passed <- i
		}
	}()
	within(t, "a push", func() { <-passed })
	select {
	case <-passed:
		t.Error("a second push of 32 KiB is taken while nothing is read")
	case <-time.After(20 * time.Millisecond):
	}
	c.took(smuxFrame)
	within(t, "the second push", func() { <-passed })
	close(done)
	within(t, "the leg's end", func() { <-passed })
}

// TestGuardSparesHonest: an agent that writes a byte a frame as long as it has credit, against a reader that stands until there is none and then takes all at
// once, so that windows grow to their largest, is never taken for a hostile one.
func TestGuardSparesHonest(t *testing.T) {
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{})
	s := openStream(t, l.relay)
	s.Begin(1, netip.Addr{})
	peer := acceptStream(t, l.agent)
	peer.Begin(1, netip.Addr{})
	const total = 60000
	dry := make(chan struct{}, total)
	go func() {
		resp := Resp{Seq: 1, Body: BodyUntil, Head: make([]byte, MaxHead)}
		_ = peer.Write(resp.Append(nil, 0))
		frame := dataFrame(1, 0)
		for range total {
			if !peer.TryCredit(1 + FrameCost) {
				dry <- struct{}{}
				if peer.WriteContent(frame, 1+FrameCost) != nil {
					return
				}
				continue
			}
			if peer.Write(frame) != nil {
				return
			}
		}
		close(dry)
	}()
	mustNext(t, s, RespType)
	within(t, "all of it", func() {
		for got := 0; got < total; {
			<-dry
			for n := (s.in.limit - s.in.taken) / (1 + FrameCost); n > 0 && got < total; n-- {
				if _, err := s.Next(); err != nil {
					t.Errorf("after %d frames: %v", got, err)
					return
				}
				s.Took(1 + FrameCost)
				got++
			}
		}
	})
	if s.in.win.size != maxWindow {
		t.Errorf("a window of %d", s.in.win.size)
	}
}

// FuzzGuard: however a stream of bytes is cut, the guard finds the same; and what it lets pass is never more unread than is allowed.
func FuzzGuard(f *testing.F) {
	f.Add([]byte{3}, append(muxFrame(muxPSH, 4, []byte("abc")), updateFrame(4, 3)...))
	f.Add([]byte{1, 9}, append(muxFrame(muxFIN, 4, nil), muxFrame(0, 8, nil)...))
	f.Add([]byte{200}, repeated(100, muxFrame(muxPSH, 6, make([]byte, 1000))))
	f.Fuzz(func(t *testing.T, cuts, b []byte) {
		whole, cut := alone(), alone()
		for _, g := range []*guard{whole, cut} {
			g.tally(controlID).more = nil // nobody reads it
		}
		want := whole.walk(b)
		var got *ProtocolError
		for i, rest := 0, b; len(rest) > 0 && got == nil; i++ {
			n := len(rest)
			if len(cuts) > 0 {
				n = min(n, int(cuts[i%len(cuts)])+1)
			}
			got, rest = cut.walk(rest[:n]), rest[n:]
		}
		if (want == nil) != (got == nil) || want != nil && want.Code != got.Code {
			t.Fatalf("%v in one piece, %v in many", want, got)
		}
		if s := cut.tally(4); got == nil && s.unread() > s.allowed() {
			t.Fatalf("%d unread", s.unread())
		}
	})
}

// BenchmarkGuard is a header of one of 50 streams, whose payload is read at once.
func BenchmarkGuard(b *testing.B) {
	g := newGuard(&gather{base: time.Now()}, nil)
	frames, tallies := make([][]byte, 50), make([]*tally, 50)
	for i := range frames {
		id := uint32(2*i + 4)
		g.opened(id)
		frames[i], tallies[i] = muxFrame(muxPSH, id, make([]byte, 256)), g.tally(id)
	}
	b.ReportAllocs()
	for i := range b.N {
		if bad := g.walk(frames[i%50]); bad != nil {
			b.Fatal(bad)
		}
		tallies[i%50].took(256)
	}
}
