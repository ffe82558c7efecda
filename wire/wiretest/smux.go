package wiretest

import (
	"encoding/binary"
	"io"

	"github.com/adit-tunnel/adit/wire"
)

// smux version 2 as docs/protocol.md has it; its integers are little-endian.
const (
	smuxVersion = 2
	smuxHeader  = 8
	maxPush     = 32 << 10
	window      = 64 << 20 // granted to every stream
	step        = 2 << 20  // of it is used up before it is granted again

	cmdSyn  = 0
	cmdFin  = 1
	cmdPush = 2
	cmdUpd  = 4
)

// smux writes one smux frame.
func (p *Peer) smux(cmd byte, id uint32, payload []byte) { p.Raw(smuxFrame(cmd, id, payload)) }

func smuxFrame(cmd byte, id uint32, payload []byte) []byte {
	b := make([]byte, 0, smuxHeader+len(payload))
	b = append(b, smuxVersion, cmd)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, id)
	return append(b, payload...)
}

// Push is a smux frame that carries at most 32 KiB of a stream, for who writes below a Peer.
func Push(id uint32, payload []byte) []byte { return smuxFrame(cmdPush, id, payload) }

// Raw writes bytes below smux.
func (p *Peer) Raw(b []byte) {
	p.wmu.Lock()
	defer p.wmu.Unlock()
	_, _ = p.conn.Write(b)
}

// read takes smux frames until the connection ends.
func (p *Peer) read() {
	defer close(p.over)
	defer p.set(func() { p.ended = true })
	var h [smuxHeader]byte
	for {
		if _, err := io.ReadFull(p.conn, h[:]); err != nil {
			return
		}
		payload := make([]byte, binary.LittleEndian.Uint16(h[2:]))
		if _, err := io.ReadFull(p.conn, payload); err != nil {
			return
		}
		p.take(h[1], binary.LittleEndian.Uint32(h[4:]), payload)
	}
}

func (p *Peer) take(cmd byte, id uint32, payload []byte) {
	var upd uint32
	var answers [][]byte
	p.set(func() {
		s := p.of(id)
		switch cmd {
		case cmdSyn:
			s.syn = true
			if id != Control {
				p.opened = append(p.opened, id)
			}
		case cmdFin:
			s.fin = true
		case cmdPush:
			s.in = append(s.in, payload...)
			s.got += uint32(len(payload))
			if s.told == 0 || s.got-s.told >= step {
				s.told, upd = s.got, s.got
			}
			if id == Control {
				answers = p.pings(s)
			}
		}
	})
	if upd != 0 {
		b := binary.LittleEndian.AppendUint32(nil, upd)
		p.smux(cmdUpd, id, binary.LittleEndian.AppendUint32(b, window))
	}
	p.Say(answers...)
}

// pings takes PING and PONG out of what has come whole on the control stream, and returns the answers. p.mu is held.
func (p *Peer) pings(s *stream) (answers [][]byte) {
	rest := s.in
	var kept []byte
	for {
		whole := rest
		f, ok := cut(&rest)
		if !ok {
			break
		}
		switch {
		case f.Type == wire.Ping && !p.mute:
			answers = append(answers, append(wire.AppendHeader(nil, wire.Pong, 0, len(f.Payload)), f.Payload...))
		case f.Type == wire.Ping:
		case f.Type == wire.Pong && len(f.Payload) == 8:
			p.ponged = max(p.ponged, binary.BigEndian.Uint64(f.Payload))
		default:
			kept = append(kept, whole[:len(whole)-len(rest)]...)
		}
	}
	s.in = append(kept, rest...)
	return answers
}
