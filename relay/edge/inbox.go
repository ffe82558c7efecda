package edge

import "sync"

const (
	smallInbox = 4 << 10  // what an idle connection keeps
	bigInbox   = 64 << 10 // more than http1.MaxHead
)

var bigInboxes = sync.Pool{New: func() any { return new([bigInbox]byte) }}

// inbox holds what was read from a visitor and not used yet. It is one goroutine's at a time: the loop's between requests, the uploader's or the
// watcher's while one of them runs.
type inbox struct {
	b     []byte // small or *big
	r, w  int    // b[r:w] has not been used
	big   *[bigInbox]byte
	small [smallInbox]byte
}

func (in *inbox) init()         { in.b = in.small[:] }
func (in *inbox) bytes() []byte { return in.b[in.r:in.w] }
func (in *inbox) len() int      { return in.w - in.r }
func (in *inbox) space() []byte { return in.b[in.w:] }

// rest gives the big buffer back if nothing is left in it, or little.
func (in *inbox) rest() {
	if in.r == in.w {
		in.r, in.w = 0, 0
	}
	if in.big == nil || in.len() > smallInbox/2 {
		return
	}
	n := copy(in.small[:], in.bytes())
	bigInboxes.Put(in.big)
	in.big, in.b, in.r, in.w = nil, in.small[:], 0, n
}

// grow makes space for at least one more byte; false: there is none to be had.
func (in *inbox) grow() bool {
	switch {
	case in.w < len(in.b):
	case in.r > 0:
		in.w = copy(in.b, in.bytes())
		in.r = 0
	default:
		return in.widen()
	}
	return true
}

// widen changes to the big buffer, and leaves the small one as it is; false: that has been done.
func (in *inbox) widen() bool {
	if in.big != nil {
		return false
	}
	in.big = bigInboxes.Get().(*[bigInbox]byte)
	in.w = copy(in.big[:], in.bytes())
	in.b, in.r = in.big[:], 0
	return true
}

// refill replaces the content by p, which may be a slice of nothing but other memory and at most bigInbox long.
func (in *inbox) refill(p []byte) {
	in.r, in.w = 0, 0
	if len(p) > len(in.b) {
		in.widen()
	}
	in.w = copy(in.b, p)
}

// free gives everything back at the connection's end.
func (in *inbox) free() {
	if in.big != nil {
		bigInboxes.Put(in.big)
		in.big = nil
	}
	in.b = nil
}
