package edge

import (
	"net"
	"sync"
)

// Handoff is a listener whose connections are handed to it.
type Handoff struct {
	conns chan net.Conn
	shut  chan struct{}
	once  sync.Once
}

// NewHandoff makes one.
func NewHandoff() *Handoff { return &Handoff{conns: make(chan net.Conn), shut: make(chan struct{})} }

// Give hands a connection over; false: nobody takes any more, and the connection is the caller's.
func (h *Handoff) Give(nc net.Conn) bool {
	select {
	case h.conns <- nc:
		return true
	case <-h.shut:
		return false
	}
}

// Accept implements net.Listener.
func (h *Handoff) Accept() (net.Conn, error) {
	select {
	case nc := <-h.conns:
		return nc, nil
	case <-h.shut:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener: nothing is taken any more.
func (h *Handoff) Close() error {
	h.once.Do(func() { close(h.shut) })
	return nil
}

// Addr implements net.Listener; there is none.
func (h *Handoff) Addr() net.Addr { return &net.TCPAddr{} }
