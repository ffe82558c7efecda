//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package agent

import (
	"syscall"

	"github.com/adit-tunnel/adit/sock"
)

// watch tells whether bytes or the end have arrived on a connection, without taking them. So nothing is read from a kept connection until
// an exchange owns it, and what came before that is never taken for its answer; and waiting costs no buffer.
type watch struct {
	raw         syscall.RawConn
	ready       func(fd uintptr) bool
	lookControl func(fd uintptr)
	woken       bool // ready is called again: something has arrived, perhaps
	quietNow    bool
}

func (w *watch) init(c socket) (err error) {
	w.raw, err = c.SyscallConn()
	w.ready = func(fd uintptr) bool {
		done := w.woken || arrived(fd)
		w.woken = true
		return done
	}
	w.lookControl = func(fd uintptr) { w.quietNow = !arrived(fd) }
	return err
}

// arrived says whether something has come, if only the end.
func arrived(fd uintptr) bool { return sock.Peek(fd) != syscall.EAGAIN }

// park waits until something has arrived or the connection is closed; now and then it returns for nothing. One goroutine at a time.
func (w *watch) park() error {
	w.woken = false
	return w.raw.Read(w.ready)
}

// quiet says that nothing has arrived. It does not wait, not even for a goroutine in park. One goroutine at a time.
func (w *watch) quiet() bool {
	w.quietNow = false
	if err := w.raw.Control(w.lookControl); err != nil {
		return false
	}
	return w.quietNow
}

// take returns bytes that park has read: none here.
func (w *watch) take([]byte) (int, error) { return 0, nil }
