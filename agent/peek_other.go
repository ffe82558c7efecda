//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package agent

import (
	"net"
	"sync"
)

// watch tells whether bytes or the end have arrived on a connection. Without a way to peek here, park reads one byte ahead, and take hands
// it on. What arrives in the moment between that read and the next exchange's first write cannot be told from its answer.
type watch struct {
	conn *net.TCPConn

	mu   sync.Mutex
	has  bool
	one  [1]byte
	fail error
}

func (w *watch) init(c *net.TCPConn) error {
	w.conn = c
	return nil
}

// park waits until something has arrived or the connection is closed. One goroutine at a time.
func (w *watch) park() error {
	if !w.quiet() {
		return nil
	}
	var one [1]byte
	n, err := w.conn.Read(one[:])
	w.mu.Lock()
	defer w.mu.Unlock()
	w.one, w.has = one, n > 0
	if n == 0 {
		w.fail = err
	}
	return nil
}

// quiet says that nothing is known to have arrived.
func (w *watch) quiet() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.has && w.fail == nil
}

// take returns what park has read, or its error.
func (w *watch) take(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.has {
		w.has = false
		return copy(b, w.one[:]), nil
	}
	return 0, w.fail
}
