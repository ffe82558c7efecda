package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxID is the largest integer that every JSON reader keeps.
const maxID = 1<<53 - 1

// messageBodies makes the struct that a message's type names.
var messageBodies = map[string]func() any{
	MsgAuth:       func() any { return new(Auth) },
	MsgLeg:        func() any { return new(Join) },
	MsgWelcome:    func() any { return new(Welcome) },
	MsgFatal:      func() any { return new(Fatal) },
	MsgBind:       func() any { return new(Bind) },
	MsgBound:      func() any { return new(Bound) },
	MsgRefusal:    func() any { return new(Refusal) },
	MsgUnbind:     func() any { return new(Unbind) },
	MsgUnbound:    func() any { return new(Unbound) },
	MsgRebound:    func() any { return new(Rebound) },
	MsgStats:      func() any { return new(Stats) },
	MsgStatsAck:   func() any { return new(StatsAck) },
	MsgTurned:     func() any { return new(Turned) },
	MsgDrain:      func() any { return new(Drain) },
	MsgDrained:    func() any { return new(Drained) },
	MsgSuperseded: func() any { return new(Superseded) },
	MsgNotice:     func() any { return new(Notice) },
}

// relaySays are the messages of which an agent has none to send. The relay leaves their bodies as they come: their lists would cost it forty times what it
// counts for a message that waits.
var relaySays = map[string]bool{
	MsgWelcome: true, MsgBound: true, MsgRefusal: true, MsgUnbound: true, MsgRebound: true, MsgStats: true, MsgTurned: true, MsgSuperseded: true,
}

// appendMessage appends a whole MSG frame. A message above MaxMessage is an error, so is an id that is out of range.
func appendMessage(dst []byte, typ string, id int64, body any) ([]byte, error) {
	if typ == "" || id < 0 || id > maxID {
		return dst, fmt.Errorf("message %q with id %d", typ, id)
	}
	p, err := json.Marshal(struct {
		Type string `json:"type"`
		ID   int64  `json:"id,omitempty"`
		Body any    `json:"body,omitempty"`
	}{typ, id, body})
	if err != nil {
		return dst, fmt.Errorf("message %s: %w", typ, err)
	}
	if len(p) > MaxMessage {
		return dst, fmt.Errorf("message %s has %d bytes, more than %d", typ, len(p), MaxMessage)
	}
	return append(AppendHeader(dst, Msg, 0, len(p)), p...), nil
}

// decodeMessage reads a MSG payload, which it does not keep. Unknown fields are ignored; an unknown type is not an error, its body stays as it came.
// Everything else that is not as it should be is a *ProtocolError.
func decodeMessage(p []byte) (*Message, error) { return decodeFrom(p, fromBoth) }

// decodeFrom is decodeMessage for what one side has sent.
func decodeFrom(p []byte, from side) (*Message, error) {
	if len(p) > MaxMessage {
		return nil, protocolError(CodeFrameSize, "MSG of %d bytes", len(p))
	}
	var env struct {
		Type string          `json:"type"`
		ID   int64           `json:"id"`
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(p, &env); err != nil {
		return nil, protocolError(CodeProtocol, "MSG: %v", err)
	}
	if env.Type == "" || env.ID < 0 || env.ID > maxID {
		return nil, protocolError(CodeProtocol, "MSG %q with id %d", env.Type, env.ID)
	}
	m := &Message{Type: env.Type, ID: env.ID}
	body := messageBodies[env.Type]
	if body == nil || from == fromAgent && relaySays[env.Type] {
		m.Body = env.Body
		return m, nil
	}
	m.Body = body()
	if len(env.Body) == 0 || bytes.Equal(env.Body, []byte("null")) {
		return m, nil
	}
	if err := json.Unmarshal(env.Body, m.Body); err != nil {
		return nil, protocolError(CodeProtocol, "MSG %s: %v", env.Type, err)
	}
	return m, nil
}
