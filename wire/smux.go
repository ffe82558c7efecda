package wire

import (
	"encoding/binary"

	"github.com/xtaci/smux"
)

// smux's own windows never decide. Streams that all stand with a full first window and an unread head, and everything that windows have grown beyond it, stay
// below maxReceive, its counter for a whole session (not memory): it would stop every stream. maxStreamBuffer is its window for a stream, which it
// acknowledges only by halves.
const (
	maxReceive      = 512 << 20
	maxStreamBuffer = 4 << 20
	smuxFrame       = 32 << 10
)

// smuxConfig: version 2 only, since with 1 one unread stream stops all. We ping ourselves.
func smuxConfig() *smux.Config {
	return &smux.Config{
		Version: 2, KeepAliveDisabled: true, MaxFrameSize: smuxFrame,
		MaxReceiveBuffer: maxReceive, MaxStreamBuffer: maxStreamBuffer,
	}
}

// pushHeader is the header of a smux frame that carries data (cmd PSH): version, command, length and stream, little-endian.
func pushHeader(stream uint32, n int) (h [muxHeader]byte) {
	h[0], h[1] = muxVersion, muxPSH
	binary.LittleEndian.PutUint16(h[2:], uint16(n))
	binary.LittleEndian.PutUint32(h[4:], stream)
	return h
}
