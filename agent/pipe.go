package agent

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// half is one end of a connection in memory. It does what a TCP connection does, so that a server cannot tell the difference: what was
// written is buffered, either direction can be closed alone, deadlines hold, and a reset is an error at the other end, never an end that
// looks whole. Safe for concurrent use.
type half struct {
	in, out       *flow
	local, remote net.Addr
	resets        atomic.Bool // SetLinger(0)
}

// newPipe makes a connection between two addresses and returns its ends. Each is closed by who has it.
func newPipe(a, b net.Addr) (atA, atB *half) {
	p := new(struct {
		there, back flow
		a, b        half
	})
	p.there.moved.L, p.back.moved.L = &p.there.mu, &p.back.mu
	p.a.in, p.a.out, p.a.local, p.a.remote = &p.back, &p.there, a, b
	p.b.in, p.b.out, p.b.local, p.b.remote = &p.there, &p.back, b, a
	return &p.a, &p.b
}

// Read returns what has arrived, waiting for it.
func (h *half) Read(b []byte) (int, error) {
	n, err := h.in.read(b)
	return n, h.failed("read", err)
}

// Write returns when all of b is in the buffer.
func (h *half) Write(b []byte) (int, error) {
	n, err := h.out.write(b)
	return n, h.failed("write", err)
}

// CloseWrite lets the other end read what was written, and then io.EOF.
func (h *half) CloseWrite() error { return h.failed("close", h.out.end()) }

// Close ends both directions: what was written can still be read at the other end, what was not read is lost.
func (h *half) Close() error {
	if h.resets.Load() {
		h.out.reset()
		h.in.reset()
	}
	h.in.deafen()
	h.out.end()
	return nil
}

// SetLinger makes Close a reset when sec is 0: the other end's reads and writes fail at once. Other values mean nothing here.
func (h *half) SetLinger(sec int) error {
	h.resets.Store(sec == 0)
	return nil
}

// breakFor resets the connection, and tells the other end's reads why.
func (h *half) breakFor(why error) {
	h.out.breakFor(why)
	h.in.reset()
}

// LocalAddr is this end's address.
func (h *half) LocalAddr() net.Addr { return h.local }

// RemoteAddr is the other end's address.
func (h *half) RemoteAddr() net.Addr { return h.remote }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (h *half) SetDeadline(t time.Time) error {
	h.in.setDeadline(&h.in.readBy, t)
	h.out.setDeadline(&h.out.writeBy, t)
	return nil
}

// SetReadDeadline ends reads with os.ErrDeadlineExceeded from t on.
func (h *half) SetReadDeadline(t time.Time) error {
	h.in.setDeadline(&h.in.readBy, t)
	return nil
}

// SetWriteDeadline ends writes with os.ErrDeadlineExceeded from t on.
func (h *half) SetWriteDeadline(t time.Time) error {
	h.out.setDeadline(&h.out.writeBy, t)
	return nil
}

// park, quiet and take make it a watcher: a connection in memory can be looked into.

func (h *half) park() error {
	if err := h.in.await(); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) && reasonOf(err) == nil { // the end is something that has arrived
		return err
	}
	return nil
}

func (h *half) quiet() bool              { return h.in.quiet() }
func (h *half) take([]byte) (int, error) { return 0, nil }

// failed dresses an error as those of TCP connections are: net/http tells a read that failed from a request that is wrong by the type.
func (h *half) failed(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if why := reasonOf(err); why != nil {
		return why
	}
	return &net.OpError{Op: op, Net: network, Source: h.local, Addr: h.remote, Err: err}
}

// toldError is why the other end has broken the connection.
type toldError struct{ error }

// reasonOf is what the other end has said; nil when err is something else.
func reasonOf(err error) error {
	if told, ok := err.(toldError); ok {
		return told.error
	}
	return nil
}

// flow is one direction of a connection: a ring of one block, which it has only while something is in it.
type flow struct {
	writing sync.Mutex // one Write at a time

	mu              sync.Mutex
	moved           sync.Cond // anything below has changed
	ring            *block
	start, n        int
	ended           bool  // nothing more will be written
	deaf            bool  // nothing more will be read
	broken          bool  // reset
	why             error // why it was broken, for its reader; nil: reset
	readBy, writeBy deadline
}

func (f *flow) read(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	if err := f.readable(); err != nil {
		return 0, err
	}
	n := min(len(b), f.n)
	first := copy(b[:n], f.ring[f.start:])
	copy(b[first:n], f.ring[:])
	f.drop(n)
	f.moved.Broadcast()
	return n, nil
}

// await waits until a read would not.
func (f *flow) await() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readable()
}

// readable waits until there is something to read; the error says that there never will be, or not in time. f.mu is held.
func (f *flow) readable() error {
	for {
		switch {
		case f.deaf:
			return net.ErrClosed
		case f.broken && f.why != nil:
			return toldError{f.why}
		case f.broken:
			return syscall.ECONNRESET
		case f.readBy.passed:
			return os.ErrDeadlineExceeded
		case f.n > 0:
			return nil
		case f.ended:
			return io.EOF
		}
		f.moved.Wait()
	}
}

func (f *flow) write(b []byte) (n int, err error) {
	f.writing.Lock()
	defer f.writing.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.broken && !f.ended:
			return n, syscall.ECONNRESET
		case f.ended:
			return n, net.ErrClosed
		case f.deaf:
			return n, syscall.EPIPE
		case f.writeBy.passed:
			return n, os.ErrDeadlineExceeded
		case n == len(b):
			return n, nil
		}
		if k := f.put(b[n:]); k > 0 {
			n += k
			f.moved.Broadcast()
		} else {
			f.moved.Wait()
		}
	}
}

// put copies what there is room for into the ring. f.mu is held.
func (f *flow) put(b []byte) int {
	if f.ring == nil {
		f.ring = blocks.Get().(*block)
	}
	end := (f.start + f.n) % len(f.ring)
	n := min(len(b), len(f.ring)-f.n)
	first := copy(f.ring[end:], b[:n])
	copy(f.ring[:], b[first:n])
	f.n += n
	return n
}

// drop forgets the first n bytes, and an empty ring. f.mu is held.
func (f *flow) drop(n int) {
	if f.n -= n; f.n > 0 {
		f.start = (f.start + n) % len(f.ring)
		return
	}
	if f.ring != nil {
		blocks.Put(f.ring)
	}
	f.ring, f.start = nil, 0
}

func (f *flow) quiet() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n == 0 && !f.ended && !f.broken && !f.deaf
}

// end is the writer's close.
func (f *flow) end() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return net.ErrClosed
	}
	f.ended = true
	f.writeBy.stop()
	f.moved.Broadcast()
	return nil
}

// deafen is the reader's close.
func (f *flow) deafen() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deaf = true
	f.readBy.stop()
	f.drop(f.n)
	f.moved.Broadcast()
}

// reset breaks the direction: what is in it is lost.
func (f *flow) reset() { f.breakFor(nil) }

// breakFor is reset with a reason for the reader.
func (f *flow) breakFor(why error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.broken {
		f.why = why
	}
	f.broken = true
	f.drop(f.n)
	f.moved.Broadcast()
}

// deadline is a moment for reads or writes. The flow's lock guards it.
type deadline struct {
	passed bool
	timer  *time.Timer
	set    int // how often it was: an older timer that fires late means nothing
}

func (d *deadline) stop() {
	d.set++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

func (f *flow) setDeadline(d *deadline, t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d.stop()
	left := time.Until(t)
	d.passed = !t.IsZero() && left <= 0
	over := f.broken || f.deaf || f.ended && d == &f.writeBy // nobody will wait any more
	if !over && left > 0 {
		now := d.set
		d.timer = time.AfterFunc(left, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			if d.set == now {
				d.passed = true
				f.moved.Broadcast()
			}
		})
	}
	f.moved.Broadcast()
}
