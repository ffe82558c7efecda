package edge

import (
	"net"

	"github.com/adit-tunnel/adit/wire"
)

// intake reads what a visitor sends. A connection that waits holds no big buffer: a socket is waited for without one, and what cannot be waited for (TLS holds
// back what it has decrypted) is read with a small one as long as little comes.
type intake struct {
	nc    net.Conn
	peek  *peeker
	much  bool // the last read brought much
	more  bool // it filled its buffer: there may be more
	big   *upBuffer
	small *[upSmall]byte
}

const upSmall = 2 << 10

// read returns content behind room for a frame's header, valid until the next read or release; io.EOF is the visitor's FIN.
func (in *intake) read() ([]byte, error) {
	switch {
	case in.peek.can() && !in.more:
		in.release()
		if err := in.peek.wait(); err != nil {
			return nil, err
		}
	case !in.much:
		in.release()
	}
	b := in.buffer()
	n, err := in.nc.Read(b[wire.HeaderSize:])
	in.more = n == len(b)-wire.HeaderSize
	in.much = n > upBig/2 || in.small != nil && (n == upSmall-wire.HeaderSize || n > upBig/4) // a record has 16 KiB
	if n > 0 {
		return b[:wire.HeaderSize+n], nil
	}
	return nil, err
}

func (in *intake) buffer() []byte {
	if !in.peek.can() && !in.much {
		if in.small == nil {
			in.small = new([upSmall]byte)
		}
		return in.small[:]
	}
	if in.big == nil {
		in.big = upBuffers.Get().(*upBuffer)
	}
	return in.big.b[:wire.HeaderSize+wire.MaxData]
}

func (in *intake) release() {
	if in.big != nil {
		upBuffers.Put(in.big)
		in.big = nil
	}
}
