package edge

import "sync"

const (
	smallInbox = 4 << 10  // what an idle connection keeps
	bigInbox   = 64 << 10 // more than http1.MaxHead
)

var (
	smallInboxes = sync.Pool{New: func() any { return new([smallInbox]byte) }}
	bigInboxes   = sync.Pool{New: func() any { return new([bigInbox]byte) }}
)

// inbox holds what was read from a visitor and not used yet. It is one goroutine's at a time: the loop's between requests, the uploader's or the
// watcher's while one of them runs.
type inbox struct {
	b     []byte // *small or *big
	r, w  int    // b[r:w] has not been used
	big   *[bigInbox]byte
	small *[smallInbox]byte
}

func (in *inbox) init() {
	in.small = smallInboxes.Get().(*[smallInbox]byte)
	in.b = in.small[:]
}

func (in *inbox) bytes() []byte { return in.b[in.r:in.w] }
func (in *inbox) len() int      { return in.w - in.r }
func (in *inbox) space() []byte { return in.b[in.w:] }

// rest gives the big buffer back if nothing is left in it, or little, and says whether it did.
func (in *inbox) rest() bool {
	if in.r == in.w {
		in.r, in.w = 0, 0
	}
	if in.big == nil || in.len() > smallInbox/2 {
		return false
	}
	n := copy(in.small[:], in.bytes())
	bigInboxes.Put(in.big)
	in.big, in.b, in.r, in.w = nil, in.small[:], 0, n
	return true
}

// grow makes space for at least one more byte; false: its buffer has none.
func (in *inbox) grow() bool {
	switch {
	case in.w < len(in.b):
	case in.r > 0:
		in.w = copy(in.b, in.bytes())
		in.r = 0
	default:
		return false
	}
	return true
}

// widen changes to the big buffer, and leaves the small one as it is. Only conn.widen calls it, which counts.
func (in *inbox) widen() {
	in.big = bigInboxes.Get().(*[bigInbox]byte)
	in.w = copy(in.big[:], in.bytes())
	in.b, in.r = in.big[:], 0
}

// free gives everything back at the end of what reads from here.
func (in *inbox) free() {
	if in.big != nil {
		bigInboxes.Put(in.big)
		in.big = nil
	}
	smallInboxes.Put(in.small)
	in.small, in.b = nil, nil
}
