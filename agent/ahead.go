package agent

import (
	"io"
	"sync"
)

// ahead is a watcher of a connection that cannot be looked into: park reads one byte ahead, and take hands it on. What arrives in the moment between that
// read and the next exchange's first write cannot be told from its answer.
type ahead struct {
	conn io.Reader

	mu   sync.Mutex
	has  bool
	one  [1]byte
	fail error
}

// park waits until something has arrived or the connection is closed. One goroutine at a time.
func (w *ahead) park() error {
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
func (w *ahead) quiet() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.has && w.fail == nil
}

// take returns what park has read, or its error.
func (w *ahead) take(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.has {
		w.has = false
		return copy(b, w.one[:]), nil
	}
	return 0, w.fail
}
