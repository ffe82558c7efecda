package decode

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
)

const (
	window      = 32 << 10 // bytes that a compressed message may refer back to, into those before it
	maxInflated = 64 << 20 // bytes that may come out of all messages of one side,
	maxRatio    = 20       // and for each byte of them
)

// deflateEnd is what a sender leaves out at the end of a message, and an empty last block behind it.
const deflateEnd = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// inflater decompresses the messages of one side, each of which may refer to those before.
type inflater struct {
	flate  io.ReadCloser
	before []byte // the end of what came out so far, at most a window
	left   int64  // bytes that may still come out
	err    error  // why nothing can be decompressed any more
}

func newInflater() *inflater {
	return &inflater{flate: flate.NewReader(strings.NewReader("")), left: maxInflated}
}

// message decompresses one message; cut says that the end of data is missing. When something fails, plain is what came before, and the messages after it
// are lost, since they may refer to what was not decoded.
func (f *inflater) message(data []byte, cut bool) (plain []byte, cutPlain bool, err error) {
	if f.err != nil {
		return nil, true, f.err
	}
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("the decoder failed: %v", e)
		}
		if err != nil || cut {
			f.err = errLost
		}
	}()
	f.left += maxRatio * int64(len(data))
	if err := f.flate.(flate.Resetter).Reset(io.MultiReader(bytes.NewReader(data), strings.NewReader(deflateEnd)), f.before); err != nil {
		return nil, true, err
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(f.flate, min(MaxPiece, f.left)))
	plain = b.Bytes()
	f.remember(plain)
	f.left -= n
	if err == nil && n == MaxPiece {
		more, drainErr := io.Copy(remembering{f}, io.LimitReader(f.flate, f.left))
		f.left -= more
		err, cutPlain = drainErr, more > 0
	}
	switch {
	case cut:
		err = nil // it can but fail at the end of what is there
	case err == nil && f.left == 0:
		err = errTooMuch
	}
	return plain, cut || cutPlain || err != nil, err
}

// remember keeps the end of what came out.
func (f *inflater) remember(out []byte) {
	f.before = append(f.before, out[max(0, len(out)-window):]...)
	if over := len(f.before) - window; over > 0 {
		f.before = append(f.before[:0], f.before[over:]...)
	}
}

// remembering is where output goes of which only the end counts.
type remembering struct{ f *inflater }

func (r remembering) Write(p []byte) (int, error) {
	r.f.remember(p)
	return len(p), nil
}
