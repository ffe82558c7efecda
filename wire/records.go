package wire

import (
	"net"
	"sync"
)

// recordsMax is how much of a flush gathers below TLS before it leaves.
const recordsMax = 64 << 10

// records is what a link's TLS writes to. TLS makes a system call of each record, 16 KiB at most; while it is corked records gather, and leave together,
// which takes the kernel a third less per byte.
type records struct {
	net.Conn

	mu     sync.Mutex
	corked bool
	buf    *[]byte // nil when nothing is in it
}

var recordBuffers = sync.Pool{New: func() any { b := make([]byte, 0, recordsMax+32<<10); return &b }}

// NetConn is the connection itself.
func (r *records) NetConn() net.Conn { return r.Conn }

func (r *records) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.corked {
		return r.Conn.Write(p)
	}
	if r.buf == nil {
		r.buf = recordBuffers.Get().(*[]byte)
	}
	*r.buf = append(*r.buf, p...)
	if len(*r.buf) < recordsMax {
		return len(p), nil
	}
	return len(p), r.flush()
}

// flush writes what has gathered. r.mu is held.
func (r *records) flush() error {
	if r.buf == nil {
		return nil
	}
	_, err := r.Conn.Write(*r.buf)
	*r.buf = (*r.buf)[:0]
	recordBuffers.Put(r.buf)
	r.buf = nil
	return err
}

// cork lets records gather until uncork. On a nil r both do nothing.
func (r *records) cork() {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.corked = true
	r.mu.Unlock()
}

// uncork writes what has gathered.
func (r *records) uncork() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.corked = false
	return r.flush()
}

// recordsOf finds the records below TLS; nil if there are none.
func recordsOf(conn net.Conn) *records {
	for {
		switch c := conn.(type) {
		case *records:
			return c
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return nil
		}
	}
}
