package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMessages(t *testing.T) {
	tests := []struct {
		name, in string
		want     *Message
	}{
		{"known", `{"type":"Unbind","id":5,"body":{"handle":3}}`, &Message{MsgUnbind, 5, &Unbind{Handle: 3}}},
		{"unknown fields", `{"type":"Unbind","new":[1],"body":{"handle":3,"more":{"x":1}}}`, &Message{MsgUnbind, 0, &Unbind{Handle: 3}}},
		{"no body", `{"type":"Drained","id":5}`, &Message{MsgDrained, 5, &Drained{}}},
		{"null body", `{"type":"Drain","body":null}`, &Message{MsgDrain, 0, &Drain{}}},
		{"unknown type", `{"type":"Dance","id":9,"body":{"steps": 3}}`, &Message{"Dance", 9, json.RawMessage(`{"steps": 3}`)}},
		{"unknown type without body", `{"type":"Dance"}`, &Message{"Dance", 0, json.RawMessage(nil)}},
		{"largest id", `{"type":"Drain","id":9007199254740991}`, &Message{MsgDrain, maxID, &Drain{}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decodeMessage([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMessagesRefused(t *testing.T) {
	for _, in := range []string{
		``, `{`, `null`, `[]`, `"x"`, `{"type":"Drain"} {}`, `{"type":"Drain"}x`, `{"type":7}`, `{"type":""}`, `{"type":"Drain","id":-1}`, `{"type":"Drain","id":1.5}`,
		`{"type":"Drain","id":9007199254740992}`, `{"type":"Bind","body":[]}`, `{"type":"Bind","body":{"handle":-1}}`, `{"type":"Bind","body":{"handle":4294967296}}`,
		`{"type":"Fatal","body":{"code":70000}}`, `{"type":"Drain","body":` + strings.Repeat("[", 60000) + strings.Repeat("]", 5000) + `}`,
	} {
		_, err := decodeMessage([]byte(in))
		wantCode(t, err, CodeProtocol)
	}
	_, err := decodeMessage(make([]byte, MaxMessage+1))
	wantCode(t, err, CodeFrameSize)
}

func TestMessageLimits(t *testing.T) {
	room := MaxMessage - len(`{"type":"Drain","body":{"reason":""}}`)
	p, err := appendMessage(nil, MsgDrain, 0, &Drain{Reason: strings.Repeat("x", room)})
	if err != nil || len(p) != HeaderSize+MaxMessage {
		t.Errorf("%d bytes, %v", len(p), err)
	}
	if _, err := appendMessage(nil, MsgDrain, 0, &Drain{Reason: strings.Repeat("x", room+1)}); err == nil {
		t.Error("a message above the limit was written")
	}
	for _, bad := range []struct {
		typ string
		id  int64
	}{{"", 0}, {MsgDrain, -1}, {MsgDrain, maxID + 1}} {
		if _, err := appendMessage(nil, bad.typ, bad.id, nil); err == nil {
			t.Errorf("%+v was written", bad)
		}
	}
	if _, err := appendMessage(nil, MsgDrain, 0, func() {}); err == nil {
		t.Error("a function was written")
	}
}

func TestFatalRoundTrip(t *testing.T) {
	for _, f := range []Fatal{{Code: CodeBadToken, Text: "t"}, {Code: CodeRelayBusy, Wait: 30}, {Wait: -5}, {Wait: 1 << 30}} {
		e := f.err()
		if e.Wait < 0 || e.Wait.Seconds() > maxWait || e.message().Code != f.Code {
			t.Errorf("%+v becomes %+v", f, e)
		}
	}
}

// TestRelayLeavesListsAlone: what an agent has no reason to say is kept as it came, however much could be made of it.
func TestRelayLeavesListsAlone(t *testing.T) {
	heard := make(chan *Message, 1)
	_, _, s, _ := relayAlone(t, LegOptions{OnMessage: func(m *Message) { heard <- m }}, nil)
	raw := `{"type":"Turned","body":{"handle":1,"visitors":[` + strings.Repeat("{},", 20000) + `{}]}}`
	s.say(t, append(AppendHeader(nil, Msg, 0, len(raw)), raw...))
	select {
	case m := <-heard:
		if body, ok := m.Body.(json.RawMessage); !ok || len(body) > len(raw) {
			t.Errorf("%T", m.Body)
		}
	case <-time.After(testTime):
		t.Error("it was not heard")
	}
}
