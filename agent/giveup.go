package agent

import (
	"errors"

	"github.com/adit-tunnel/adit/wire"
)

// errGivenUp ends a lane that begins nothing any more: the relay knows, sends elsewhere what it has sent here in the meantime, and closes the stream.
var errGivenUp = errors.New("the lane was given up")

// gaveUp in lane.begun says that no further exchange is begun.
const gaveUp = 1 << 63

// giveUp tells the relay which exchange was begun last. That one ends in order; what comes after it is never touched. Whether an exchange was begun before or
// is never begun is decided in one atomic word, so the relay may send a request again that it gets back, without delivering it twice.
func (l *lane) giveUp() {
	if last := l.begun.Or(gaveUp); last&gaveUp == 0 {
		l.link.SendReset(uint32(last), wire.CodeNone)
	}
}

// beginSeq begins an exchange; false: the lane was given up before.
func (l *lane) beginSeq(seq uint32) bool {
	for {
		last := l.begun.Load()
		if last&gaveUp != 0 {
			return false
		}
		if l.begun.CompareAndSwap(last, uint64(seq)) {
			return true
		}
	}
}
