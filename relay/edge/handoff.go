package edge

import (
	"net"
	"sync"
)

// handoff is a listener whose connections are handed to it.
type handoff struct {
	conns chan net.Conn
	shut  chan struct{}
	once  sync.Once
}

// newHandoff makes one.
func newHandoff() *handoff { return &handoff{conns: make(chan net.Conn), shut: make(chan struct{})} }

// give hands a connection over; false: nobody takes any more, and the connection is the caller's.
func (h *handoff) give(nc net.Conn) bool {
	select {
	case h.conns <- nc:
		return true
	case <-h.shut:
		return false
	}
}

// Accept implements net.Listener.
func (h *handoff) Accept() (net.Conn, error) {
	select {
	case nc := <-h.conns:
		return nc, nil
	case <-h.shut:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener: nothing is taken any more.
func (h *handoff) Close() error {
	h.once.Do(func() { close(h.shut) })
	return nil
}

// Addr implements net.Listener; there is none.
func (h *handoff) Addr() net.Addr { return &net.TCPAddr{} }
