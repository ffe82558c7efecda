package decode

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
)

// MaxPiece is the most that is kept of one piece of a stream, in bytes.
const MaxPiece = 1 << 20

// Piece is a part of a stream that the sender meant as one.
type Piece struct {
	Offset     int64  // of its first byte in the content as it was recorded; inspect.Message.PassedAt says when that was
	End        int64  // behind its last byte
	Size       int64  // of the payload as it passed, in bytes
	Payload    []byte // decoded, at most MaxPiece of it; it belongs to who gets it
	Compressed bool   // it passed compressed
	Cut        bool   // Payload is not all of it
	Err        error  // Payload is not, or not all of, what was meant: it is damaged, or the recording ends within it
}

// What is wrong with pieces.
var (
	errEnds    = errors.New("the recording ends within it")
	errTooMuch = errors.New("too much comes out of the compressed messages")
	errLost    = errors.New("it refers to an earlier message that could not be decoded")
	errNoDeal  = errors.New("it is compressed, and no agreement on that is known")
)

// source counts what is read of a recording.
type source struct {
	in *bufio.Reader
	at int64
}

func newSource(r io.Reader) source { return source{in: bufio.NewReaderSize(r, 16<<10)} }

// fill reads p to its end: false when the recording ends before.
func (s *source) fill(p []byte) bool {
	n, err := io.ReadFull(s.in, p)
	s.at += int64(n)
	return err == nil
}

// ended says that the recording has ended.
func (s *source) ended() bool {
	_, err := s.in.Peek(1)
	return err != nil
}

// take reads n bytes and keeps as many as room says: what a stranger claims is to come takes no memory. full is false when the recording ends before.
func (s *source) take(n uint64, room int) (kept []byte, full bool) {
	var b bytes.Buffer
	total := int64(min(n, math.MaxInt64))
	first := min(total, int64(max(room, 0)))
	got, _ := io.CopyN(&b, s.in, first)
	if got == first {
		more, _ := io.CopyN(io.Discard, s.in, total-first)
		got += more
	}
	s.at += got
	return b.Bytes(), got == total
}
