package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"strings"
)

// Opcode says what a WebSocket message is (RFC 6455, section 5.2).
type Opcode byte

// The opcodes.
const (
	opContinuation Opcode = 0
	OpText         Opcode = 1
	OpBinary       Opcode = 2
	OpClose        Opcode = 8
	OpPing         Opcode = 9
	OpPong         Opcode = 10
)

// String returns the name in lower case.
func (o Opcode) String() string {
	switch o {
	case OpText:
		return "text"
	case OpBinary:
		return "binary"
	case OpClose:
		return "close"
	case OpPing:
		return "ping"
	case OpPong:
		return "pong"
	}
	return "unknown"
}

// SocketMessage is what one side of a WebSocket has sent at once.
type SocketMessage struct {
	Piece
	Opcode Opcode
	Code   uint16 // why the side closes, 0: it did not say
	Reason string // in its words, raw
}

// IsWebSocket says that answer, the head of a response, made a WebSocket of its connection.
func IsWebSocket(answer []byte) bool {
	line, _, _ := bytes.Cut(answer, []byte("\n"))
	return bytes.Contains(line, []byte(" 101")) && strings.EqualFold(fieldOf(answer, "Upgrade"), "websocket")
}

// WebSocket lists the messages in what one side has sent after answer, the head of the response that made the WebSocket. Fragments are joined, what was
// masked is not, and what was compressed is decompressed. Content that is no WebSocket's any more ends the list with a message that has an Err.
func WebSocket(answer []byte, content io.Reader) iter.Seq[SocketMessage] {
	return func(yield func(SocketMessage) bool) {
		s := socket{source: newSource(content)}
		if deflated(answer) {
			s.inflater = newInflater()
		}
		for !s.ended() {
			m, err := s.next()
			if m == nil && err == nil {
				continue
			}
			if err != nil {
				yield(s.broken(m, err))
				return
			}
			if !yield(*m) {
				return
			}
		}
		if s.partial != nil {
			s.partial.Err = errEnds
			yield(*s.partial)
		}
	}
}

// broken is the message with which the list ends: m, the one whose fragments were coming, or the frame where it went wrong.
func (s *socket) broken(m *SocketMessage, err error) SocketMessage {
	if m == nil {
		m = s.partial
	}
	if m == nil {
		m = &SocketMessage{}
		m.Offset, m.End = s.frame, s.at
	}
	m.Err = err
	return *m
}

// deflated says that permessage-deflate (RFC 7692) was agreed on. Its parameters make no difference to a reader with a full window.
func deflated(answer []byte) bool {
	for e := range strings.SplitSeq(fieldOf(answer, "Sec-WebSocket-Extensions"), ",") {
		if name, _, _ := strings.Cut(e, ";"); strings.EqualFold(strings.TrimSpace(name), "permessage-deflate") {
			return true
		}
	}
	return false
}

// socket reads one side of a WebSocket.
type socket struct {
	source
	inflater *inflater      // nil: nothing may be compressed
	partial  *SocketMessage // whose further fragments are to come
	frame    int64          // where the present frame begins
}

// next reads a frame, and returns the message that it ends, if it ends one. An error ends the list.
func (s *socket) next() (*SocketMessage, error) {
	s.frame = s.at
	var head [2]byte
	if !s.fill(head[:]) {
		return nil, errEnds
	}
	final, squeezed, op := head[0]&0x80 != 0, head[0]&0x40 != 0, Opcode(head[0]&0x0f)
	length, key, ok := s.lengthAndKey(head[1])
	if !ok {
		return nil, errEnds
	}
	if wrong := s.check(head[0], op, final, length); wrong != "" {
		return nil, errors.New("this is no WebSocket frame: " + wrong)
	}
	m := s.partial
	if op != opContinuation {
		m = &SocketMessage{Opcode: op}
		m.Offset, m.Compressed = s.frame, squeezed
	}
	payload, full := s.take(length, MaxPiece-len(m.Payload))
	unmask(payload, key)
	m.Payload, m.Size, m.End = append(m.Payload, payload...), m.Size+int64(length), s.at
	m.Cut = m.Size > int64(len(m.Payload))
	switch {
	case !full:
		s.finish(m)
		return m, errEnds
	case op < OpClose && !final:
		s.partial = m
		return nil, nil
	case op < OpClose:
		s.partial = nil
	}
	s.finish(m)
	return m, nil
}

// lengthAndKey reads the rest of a frame's head, behind its second byte; no mask is a key of zeros.
func (s *socket) lengthAndKey(second byte) (length uint64, key [4]byte, ok bool) {
	var long [8]byte
	ok = true
	switch length = uint64(second & 0x7f); length {
	case 126:
		ok = s.fill(long[6:])
		length = binary.BigEndian.Uint64(long[:])
	case 127:
		ok = s.fill(long[:])
		length = binary.BigEndian.Uint64(long[:])
	}
	if ok && second&0x80 != 0 {
		ok = s.fill(key[:])
	}
	return length, key, ok
}

// check says what is wrong with a frame, "" for nothing.
func (s *socket) check(first byte, op Opcode, final bool, length uint64) string {
	switch {
	case first&0x30 != 0:
		return "a reserved bit is set"
	case op.String() == "unknown" && op != opContinuation:
		return "there is no such opcode"
	case op >= OpClose && (!final || length > 125 || first&0x40 != 0):
		return "a control frame is short, and one frame"
	case op == opContinuation && s.partial == nil:
		return "it continues nothing"
	case op == opContinuation && first&0x40 != 0:
		return "a reserved bit is set"
	case (op == OpText || op == OpBinary) && s.partial != nil:
		return "the message before it has not ended"
	case length>>63 != 0:
		return "it is too long"
	}
	return ""
}

func unmask(payload []byte, key [4]byte) {
	if key == [4]byte{} {
		return
	}
	for i := range payload {
		payload[i] ^= key[i&3]
	}
}

// finish makes of a message's bytes what they stand for.
func (s *socket) finish(m *SocketMessage) {
	switch {
	case m.Opcode == OpClose && len(m.Payload) >= 2:
		m.Code, m.Reason = binary.BigEndian.Uint16(m.Payload), string(m.Payload[2:])
	case !m.Compressed:
	case s.inflater == nil:
		m.Err = errNoDeal
	default:
		plain, cut, err := s.inflater.message(m.Payload, m.Cut)
		m.Payload, m.Cut = plain, cut
		if err != nil {
			m.Err = err
		}
	}
}

// socketText joins the text messages of a WebSocket, a line each; nil when the connection is none.
func socketText(answer, content []byte) []byte {
	if !IsWebSocket(answer) {
		return nil
	}
	var text []byte
	for m := range WebSocket(answer, bytes.NewReader(content)) {
		if m.Opcode == OpText && IsText(m.Payload) {
			text = append(append(text, m.Payload...), '\n')
		}
		if len(text) > MaxText {
			return text[:MaxText]
		}
	}
	return text
}
