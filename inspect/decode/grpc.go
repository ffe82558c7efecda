package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"iter"
)

// GRPCMessage is one message of a gRPC call.
type GRPCMessage struct {
	Piece
	Trailers bool // gRPC-Web: Payload is lines of trailers
}

// GRPC lists the messages in the content of a gRPC request or response; coding is its Grpc-Encoding. Content that is no such message ends the list with one
// that has an Err.
func GRPC(coding string, content io.Reader) iter.Seq[GRPCMessage] {
	return func(yield func(GRPCMessage) bool) {
		s := newSource(content)
		for !s.ended() {
			m, last := s.grpc(coding)
			if !yield(m) || last {
				return
			}
		}
	}
}

func (s *source) grpc(coding string) (m GRPCMessage, last bool) {
	m.Offset = s.at
	var head [5]byte
	full := s.fill(head[:])
	m.End = s.at
	switch {
	case !full:
		m.Err = errEnds
		return m, true
	case head[0]&^0x81 != 0:
		m.Err = errors.New("this is no gRPC message")
		return m, true
	}
	length := binary.BigEndian.Uint32(head[1:])
	m.Payload, full = s.take(uint64(length), MaxPiece)
	m.Size, m.End = int64(length), s.at
	m.Compressed, m.Trailers = head[0]&1 != 0, head[0]&0x80 != 0
	m.Cut = m.Size > int64(len(m.Payload))
	if m.Compressed {
		m.decompress(coding)
	}
	if !full {
		m.Err = errEnds
	}
	return m, !full
}

func (m *GRPCMessage) decompress(coding string) {
	if coding == "" {
		m.Err = errNoDeal
		return
	}
	plain, err := Content([]string{coding}, bytes.NewReader(m.Payload), MaxPiece)
	switch m.Payload = plain; {
	case err == ErrLimit:
		m.Cut = true
	case err != nil && !m.Cut:
		m.Err = err
	}
}
