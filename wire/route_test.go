package wire

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestSignals: what an agent may say of a stream's exchange, and what ends the leg. Exchange 2 is under way on stream 4, stream 6 is closed.
func TestSignals(t *testing.T) {
	none := signal{}
	tests := []struct {
		name        string
		say         func(id uint32) []byte
		reset, stop signal // what the handler hears
		code        Code   // why the leg ends
	}{
		{"old STOP", func(id uint32) []byte { return appendStop(nil, signal{stream: id, seq: 1}) }, none, none, 0},
		{"STOP", func(id uint32) []byte { return appendStop(nil, signal{stream: id, seq: 2}) }, none, signal{seq: 2}, 0},
		{"STOP ahead", func(id uint32) []byte { return appendStop(nil, signal{stream: id, seq: 3}) }, none, none, CodeBadSeq},
		{"old CREDIT", func(id uint32) []byte { return appendCredit(nil, signal{stream: id, seq: 1, limit: 1}) }, none, none, 0},
		{"CREDIT ahead", func(id uint32) []byte { return appendCredit(nil, signal{stream: id, seq: 3, limit: 1 << 20}) }, none, none, CodeBadSeq},
		{"CREDIT that lowers", func(id uint32) []byte { return appendCredit(nil, signal{stream: id, seq: 2, limit: FirstLimit - 1}) }, none, none, CodeBadSeq},
		{"CREDIT", func(id uint32) []byte { return appendCredit(nil, signal{stream: id, seq: 2, limit: 1 << 20}) }, none, none, 0},
		{"RESET that gives up", func(id uint32) []byte { return appendReset(nil, signal{stream: id, seq: 1}) }, signal{seq: 1}, none, 0},
		{"RESET with a code", func(id uint32) []byte { return appendReset(nil, signal{stream: id, seq: 2, code: CodeFrameOrder}) }, signal{seq: 2, code: CodeFrameOrder}, none, 0},
		{"RESET ahead", func(id uint32) []byte { return appendReset(nil, signal{stream: id, seq: 3}) }, none, none, CodeBadSeq},
		{"STOP for a closed stream", func(id uint32) []byte { return appendStop(nil, signal{stream: id + 2, seq: 9}) }, none, none, 0},
		{"RESET for a closed stream", func(id uint32) []byte { return appendReset(nil, signal{stream: id + 2, seq: 9}) }, none, none, 0},
		{"CREDIT for a stream that was not opened", func(id uint32) []byte { return appendCredit(nil, signal{stream: id + 4, seq: 1}) }, none, none, CodeBadSeq},
		{"RESET for a stream that was not opened", func(id uint32) []byte { return appendReset(nil, signal{stream: id + 4}) }, none, none, CodeBadSeq},
		{"STOP for the control stream", func(uint32) []byte { return appendStop(nil, signal{stream: 2}) }, none, none, CodeBadSeq},
		{"STOP for an odd stream", func(id uint32) []byte { return appendStop(nil, signal{stream: id + 1}) }, none, none, CodeBadSeq},
		{"REQ on control", func(uint32) []byte { return (&Req{}).Append(nil, End) }, none, none, CodeFrameOrder},
		{"an unknown frame", func(uint32) []byte { return AppendHeader(nil, 0x1f, 0, 0) }, none, none, CodeUnknownFrame},
		{"an unknown frame to be skipped", func(uint32) []byte { return AppendHeader(nil, 0x1f, Skip, 0) }, none, none, 0},
		{"no JSON", func(uint32) []byte { return append(AppendHeader(nil, Msg, 0, 1), '!') }, none, none, CodeProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, end, s, _ := relayAlone(t, LegOptions{}, nil)
			st := openStream(t, l)
			openStream(t, l).Close()
			st.Begin(1, netip.Addr{})
			st.Begin(2, netip.Addr{})
			m := newMemory()
			st.Handle(m)
			s.say(t, appendPing(tt.say(st.ID()), Ping, [8]byte{9}))
			if tt.code != 0 {
				wantCode(t, waitEnd(t, end), tt.code)
				return
			}
			s.hear(t, Pong) // the leg lives, and has read it
			check := func(what string, c chan signal, want signal) {
				var got signal
				select {
				case got = <-c:
				default:
				}
				if got != want {
					t.Errorf("%s: %+v", what, got)
				}
			}
			check("reset", m.resets, tt.reset)
			check("stop", m.stops, tt.stop)
		})
	}
}

// TestOpenRefused: an agent that does not offer a stream's kind says so when it has read OPEN, be it before the first REQ is sent.
func TestOpenRefused(t *testing.T) {
	l, end, s, _ := relayAlone(t, LegOptions{}, nil)
	st := openStream(t, l)
	refusal := signal{stream: st.ID(), seq: 1, code: CodeUnsupported}
	s.say(t, appendReset(nil, refusal), appendPing(nil, Ping, [8]byte{9}))
	s.hear(t, Pong)
	m := newMemory()
	st.Begin(1, netip.Addr{})
	st.Handle(m)
	if got := <-m.resets; got != (signal{seq: 1, code: CodeUnsupported}) {
		t.Errorf("%+v", got)
	}
	ahead := openStream(t, l)
	s.say(t, appendReset(nil, signal{stream: ahead.ID(), seq: 2, code: CodeUnsupported}))
	wantCode(t, waitEnd(t, end), CodeBadSeq)
}

// TestRelaysReset: at the agent, RESET ends the stream whatever its seq, wakes its reader, and is remembered for who asks later.
func TestRelaysReset(t *testing.T) {
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{})
	for _, seq := range []uint32{0, 1, 7} {
		s := openStream(t, l.relay)
		peer := acceptStream(t, l.agent)
		peer.Begin(1, netip.Addr{})
		ended := make(chan error, 1)
		go func() { _, err := peer.Next(); ended <- err }()
		s.SendReset(seq, CodeVisitorGone)
		if err := <-ended; err != ErrReset {
			t.Error(err)
		}
		m := newMemory()
		peer.Handle(m)
		select {
		case got := <-m.resets:
			if got != (signal{seq: seq, code: CodeVisitorGone}) {
				t.Errorf("%+v", got)
			}
		case <-time.After(testTime):
			t.Error("the RESET was forgotten")
		}
		peer.Handle(newMemory())
		if err := peer.WriteContent(dataFrame(1, 0), 1+FrameCost); err != ErrReset {
			t.Error(err)
		}
		s.Close()
	}
	eventually(t, "the streams' end", func() bool { return l.agent.Streams() == 0 && l.relay.Streams() == 0 })
}

// TestResetBeforeAccept: a RESET that overtakes its stream meets it when it comes.
func TestResetBeforeAccept(t *testing.T) {
	l, _, s := agentAlone(t, LegOptions{})
	s.say(t, appendReset(nil, signal{stream: 4, seq: 1, code: CodeVisitorGone}), appendReset(nil, signal{stream: 8, seq: 1, code: CodeVisitorGone}), appendPing(nil, Ping, [8]byte{1}))
	s.hear(t, Pong)
	for id := uint32(4); id <= 8; id += 2 {
		mux, err := s.mux.OpenStream()
		if err != nil || mux.ID() != id {
			t.Fatal(err, mux.ID())
		}
		_, _ = mux.Write((&OpenFrame{Handle: id}).Append(nil))
		st, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		f, err := st.Next()
		if id == 6 {
			if err != nil || f.Type != Open {
				t.Error(err)
			}
			continue
		}
		if err != ErrReset {
			t.Errorf("stream %d: %v", id, err)
		}
		m := newMemory()
		st.Handle(m)
		if got := <-m.resets; got.code != CodeVisitorGone {
			t.Errorf("%+v", got)
		}
	}
	if len(l.early) != 0 {
		t.Error("RESETs are kept")
	}
}

func TestTooManyEarlyResets(t *testing.T) {
	_, end, s := agentAlone(t, LegOptions{})
	var all []byte
	for i := range maxEarly + 1 {
		all = appendReset(all, signal{stream: uint32(4 + 2*i), seq: 1})
	}
	s.say(t, all)
	wantCode(t, waitEnd(t, end), CodeBadSeq)
}

// TestHostileRelay: what only a broken relay says ends the agent's leg.
func TestHostileRelay(t *testing.T) {
	for name, say := range map[string][]byte{
		"STOP":                               appendStop(nil, signal{stream: 4, seq: 1}),
		"CREDIT for a stream that never was": appendCredit(nil, signal{stream: 4, seq: 1, limit: 1 << 20}),
		"DATA on control":                    dataFrame(1, 0),
	} {
		t.Run(name, func(t *testing.T) {
			_, end, s := agentAlone(t, LegOptions{})
			s.say(t, say)
			var bad *ProtocolError
			if err := waitEnd(t, end); !errors.As(err, &bad) {
				t.Error(err)
			}
		})
	}
}

func TestAgentOpensNoStreams(t *testing.T) {
	_, end, s, _ := relayAlone(t, LegOptions{}, nil)
	_, _ = s.mux.OpenStream() // an error if the leg's end is quicker than its return
	wantCode(t, waitEnd(t, end), CodeProtocol)
	a, _, _ := agentAlone(t, LegOptions{})
	_, err := a.Open(context.Background(), &OpenFrame{})
	wantCode(t, err, CodeProtocol)
}

// TestPingFlood: pings of one that reads no answers cost one PONG at most, and stop nobody.
func TestPingFlood(t *testing.T) {
	l, end, s, _ := relayAlone(t, LegOptions{}, nil)
	var flood []byte
	for i := range 1000 {
		flood = appendPing(flood, Ping, [8]byte{byte(i)})
	}
	for range 100 {
		s.say(t, flood)
	}
	s.say(t, appendPing(nil, Ping, [8]byte{0xff, 0xff}))
	for {
		if f := s.hear(t, Pong); f.Payload[1] == 0xff {
			break
		}
	}
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	if n := len(l.out.signals) + len(l.out.msgs); n > 0 {
		t.Errorf("%d bytes wait", n)
	}
	select {
	case err := <-end:
		t.Error(err)
	default:
	}
}

// TestMessageFlood: messages faster than they are handled end the leg; the control reader never waits for the handler.
func TestMessageFlood(t *testing.T) {
	for _, size := range []int{0, 30 << 10} {
		block := make(chan struct{})
		l, end, s, _ := relayAlone(t, LegOptions{OnMessage: func(*Message) { <-block }}, nil)
		m, err := appendMessage(nil, MsgDrain, 0, &Drain{Reason: strings.Repeat("x", size)})
		if err != nil {
			t.Fatal(err)
		}
		s.say(t, appendPing(m, Ping, [8]byte{1}))
		s.hear(t, Pong)
		for sent := 0; sent < 2*maxInbox; sent += len(m) {
			if _, err := s.ctl.Write(m); err != nil {
				break
			}
		}
		within(t, "the leg's end", func() { <-l.Done() })
		close(block)
		wantCode(t, waitEnd(t, end), CodeControlFlood)
	}
}
