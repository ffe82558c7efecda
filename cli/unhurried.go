package cli

import (
	"bytes"
	"sync"
	"time"
)

const (
	// unread is how many bytes of lines wait for who reads a log. More are lost: neither traffic nor the local API waits for a reader that has stopped reading.
	unread = 1 << 20

	// lastLines is how long the end of the program waits until they are read.
	lastLines = time.Second
)

// unhurried writes lines behind its caller's back: a pipe that nobody reads is full at some time, a terminal may be held with Ctrl+S, and a write to either lasts
// until somebody reads on. What does not fit is counted as lost by the writer behind it.
type unhurried struct {
	w    *lossy
	wake chan struct{} // of one place
	done chan struct{} // closed when all has been written after close

	mu    sync.Mutex
	lines []byte
	lost  int
	over  bool
}

// newUnhurried starts it; close ends it.
func newUnhurried(w *lossy, start func(func())) *unhurried {
	u := &unhurried{w: w, wake: make(chan struct{}, 1), done: make(chan struct{})}
	start(u.run)
	return u
}

// Write implements io.Writer for whole lines; it never blocks.
func (u *unhurried) Write(lines []byte) (int, error) {
	u.mu.Lock()
	if u.over || len(u.lines)+len(lines) > unread {
		u.lost += bytes.Count(lines, []byte("\n"))
	} else {
		u.lines = append(u.lines, lines...)
	}
	u.mu.Unlock()
	u.hint()
	return len(lines), nil
}

func (u *unhurried) hint() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// run writes line by line, each with a Write of its own: there are readers that take what comes at once for one line.
func (u *unhurried) run() {
	defer close(u.done)
	for range u.wake {
		lines, lost, over := u.take()
		u.w.missed(lost)
		for len(lines) > 0 {
			end := bytes.IndexByte(lines, '\n') + 1
			if end == 0 {
				end = len(lines)
			}
			_, _ = u.w.Write(lines[:end]) // it says itself what it could not write
			lines = lines[end:]
		}
		if over {
			return
		}
	}
}

func (u *unhurried) take() (lines []byte, lost int, over bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	lines, lost, over = u.lines, u.lost, u.over
	u.lines, u.lost = nil, 0
	return lines, lost, over
}

// close waits until all is written, but not for ever.
func (u *unhurried) close() {
	u.mu.Lock()
	u.over = true
	u.mu.Unlock()
	u.hint()
	select {
	case <-u.done:
	case <-time.After(lastLines):
	}
}
