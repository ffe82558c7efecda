package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

func TestMessagesBothWays(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		atAgent, atRelay := make(chan *Message, 10), make(chan *Message, 10)
		l := startLegs(t, r, a, legSetup{relay: LegOptions{OnMessage: func(m *Message) { atRelay <- m }}, agent: LegOptions{OnMessage: func(m *Message) { atAgent <- m }}})
		if err := l.agent.Send(MsgBind, 7, &Bind{Handle: 1, Protocol: "http", How: HowStart}); err != nil {
			t.Fatal(err)
		}
		if m := <-atRelay; m.Type != MsgBind || m.ID != 7 || m.Body.(*Bind).Handle != 1 {
			t.Errorf("%+v", m)
		}
		if err := l.relay.Send("Dance", 0, map[string]int{"steps": 3}); err != nil {
			t.Fatal(err)
		}
		if m := <-atAgent; m.Type != "Dance" || string(m.Body.(json.RawMessage)) != `{"steps":3}` {
			t.Errorf("%+v", m)
		}
		if err := l.relay.Send(MsgNotice, 0, &Notice{Text: strings.Repeat("x", MaxMessage)}); err == nil {
			t.Error("a message above the limit was sent")
		}
	})
}

// TestFlushThenClose: what was queued before Flush has arrived, whatever comes after.
func TestFlushThenClose(t *testing.T) {
	r, a := tlsPair(t)
	got := make(chan *Message, 1000)
	l := startLegs(t, r, a, legSetup{agent: LegOptions{OnMessage: func(m *Message) { got <- m }}})
	for i := range 500 {
		if err := l.relay.Send(MsgNotice, int64(i), &Notice{Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	defer cancel()
	if err := l.relay.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		select {
		case <-got:
		case <-ctx.Done():
			t.Fatal("a message is missing")
		}
	}
}

// TestFatalIsAlwaysRead: 200 times, whatever else is under way, and even when the relay closes right behind it.
func TestFatalIsAlwaysRead(t *testing.T) {
	for i := range 200 {
		var r, a net.Conn
		if i%4 == 0 {
			r, a = tlsPair(t)
		} else {
			r, a = memPair(64 << 10)
		}
		relay, err := NewRelayLeg(r, LegOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var heard []string
		agent, err := NewAgentLeg(a, LegOptions{OnMessage: func(m *Message) { heard = append(heard, m.Type) }})
		if err != nil {
			t.Fatal(err)
		}
		relayEnd, agentEnd := runLeg(t, relay), runLeg(t, agent)
		if i%2 == 0 {
			_ = relay.Send(MsgNotice, 0, &Notice{Text: strings.Repeat("x", 30<<10)})
		}
		relay.Fatal(&Fatal{Code: CodeSuperseded, Text: "gone"})
		if i%3 == 0 {
			ctx, cancel := context.WithTimeout(context.Background(), testTime)
			_ = relay.Flush(ctx)
			cancel()
			_ = relay.Close()
		}
		var fatal *FatalError
		if err := waitEnd(t, agentEnd); !errors.As(err, &fatal) || fatal.Code != CodeSuperseded || fatal.Text != "gone" {
			t.Fatalf("round %d: the agent's leg ended with %v", i, err)
		}
		if len(heard) == 0 || heard[len(heard)-1] != MsgFatal {
			t.Fatalf("round %d: OnMessage heard %v", i, heard)
		}
		if err := waitEnd(t, relayEnd); !errors.As(err, &fatal) {
			t.Fatalf("round %d: the relay's leg ended with %v", i, err)
		}
	}
}

// TestFatalEndsAnyway: an agent that does not close is closed.
func TestFatalEndsAnyway(t *testing.T) {
	lim := defaultLimits
	lim.farewell = 50 * time.Millisecond
	l, end, s, _ := relayAlone(t, LegOptions{}, &lim)
	l.Fatal(&Fatal{Code: CodeNotAllowed})
	s.hear(t, Msg)
	var fatal *FatalError
	if err := waitEnd(t, end); !errors.As(err, &fatal) || fatal.Code != CodeNotAllowed {
		t.Error(err)
	}
}
