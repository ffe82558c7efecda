package edge

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
)

// maxLogged is how many bytes of lines may wait for the writer; what comes on top is dropped and counted.
const maxLogged = 256 << 10

// accessLog takes lines from the connections and writes them on a goroutine of its own, many at once when it falls behind. A nil *accessLog's add
// does nothing.
type accessLog struct {
	w       io.Writer
	dropped atomic.Uint64
	more    chan struct{}

	mu    sync.Mutex
	lines []byte
}

func newAccessLog(w io.Writer) *accessLog { return &accessLog{w: w, more: make(chan struct{}, 1)} }

// add queues a copy of a line, which ends in a newline; it never waits for the writer.
func (l *accessLog) add(line []byte) {
	l.mu.Lock()
	first := len(l.lines) == 0
	room := len(l.lines)+len(line) <= maxLogged
	if room {
		l.lines = append(l.lines, line...)
	}
	l.mu.Unlock()
	if !room {
		l.dropped.Add(1)
	} else if first {
		select {
		case l.more <- struct{}{}:
		default:
		}
	}
}

// write works until stop, then writes what is left. A writer's error loses the lines it was for, which are counted: there is nowhere to put them.
func (l *accessLog) write(stop <-chan struct{}) {
	var spare []byte
	for done := false; !done; {
		select {
		case <-l.more:
		case <-stop:
			done = true
		}
		l.mu.Lock()
		lines := l.lines
		l.lines = spare[:0]
		l.mu.Unlock()
		if len(lines) > 0 && l.w != nil {
			if n, err := l.w.Write(lines); err != nil {
				l.dropped.Add(uint64(bytes.Count(lines[n:], []byte("\n"))))
			}
		}
		spare = lines
	}
}
