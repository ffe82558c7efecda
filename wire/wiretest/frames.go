package wiretest

import (
	"encoding/binary"
	"encoding/json"

	"github.com/adit-tunnel/adit/wire"
)

// Ping is a PING with that payload of 8 bytes.
func Ping(payload []byte) []byte {
	return append(wire.AppendHeader(nil, wire.Ping, 0, len(payload)), payload...)
}

// Reset is RESET.
func Reset(stream, seq uint32, code wire.Code) []byte {
	return binary.BigEndian.AppendUint16(signal(wire.Reset, 10, stream, seq), uint16(code))
}

// Stop is STOP.
func Stop(stream, seq uint32) []byte { return signal(wire.Stop, 8, stream, seq) }

// Credit is CREDIT.
func Credit(stream, seq uint32, limit uint64) []byte {
	return binary.BigEndian.AppendUint64(signal(wire.Credit, 16, stream, seq), limit)
}

func signal(t wire.Type, n int, stream, seq uint32) []byte {
	b := binary.BigEndian.AppendUint32(wire.AppendHeader(nil, t, 0, n), stream)
	return binary.BigEndian.AppendUint32(b, seq)
}

// Data is DATA with that content.
func Data(content string, f wire.Flags) []byte {
	return append(wire.AppendHeader(nil, wire.Data, f, len(content)), content...)
}

// Trailers is TRAILERS, with END and more.
func Trailers(lines string, more wire.Flags) []byte {
	return append(wire.AppendHeader(nil, wire.Trailers, wire.End|more, len(lines)), lines...)
}

// Resp is RESP.
func Resp(seq uint32, head string, body wire.Body, length int, f wire.Flags) []byte {
	r := wire.Resp{Seq: seq, Body: body, Length: uint64(length), Head: []byte(head)}
	return r.Append(nil, f)
}

// Message is a MSG frame; id 0 stands for none.
func Message(typ string, id int64, body any) []byte {
	m := struct {
		Type string `json:"type"`
		ID   int64  `json:"id,omitempty"`
		Body any    `json:"body"`
	}{typ, id, body}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // of our own types
	}
	return append(wire.AppendHeader(nil, wire.Msg, 0, len(b)), b...)
}

// Heard is a message as it came.
type Heard struct {
	Type string          `json:"type"`
	ID   int64           `json:"id"`
	Body json.RawMessage `json:"body"`
}

// Message waits for the next message of a type, and drops what comes before. It is decoded into body. False: the connection has ended.
func (p *Peer) Message(typ string, body any) (id int64, ok bool) {
	p.t.Helper()
	for {
		f, ok := p.Hear(wire.Msg)
		if !ok {
			return 0, false
		}
		var m Heard
		if err := json.Unmarshal(f.Payload, &m); err != nil {
			p.t.Errorf("a message that is no JSON: %q", f.Payload)
		}
		if m.Type != typ {
			continue
		}
		if err := json.Unmarshal(m.Body, body); err != nil {
			p.t.Errorf("%s: %v", typ, err)
		}
		return m.ID, true
	}
}
