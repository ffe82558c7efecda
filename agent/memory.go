package agent

import (
	"encoding/binary"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/wire"
	"github.com/google/uuid"
)

// memory is a link without a relay: it says what the relay said when the recorded request came, and forgets what is answered (the exchange's
// record is the answer).
type memory struct {
	begun chan struct{} // the exchange has begun
	over  chan struct{} // its response has ended, or the link was closed
	once  sync.Once
	start sync.Once

	// Goroutine A's.
	r     *resend
	lane  wire.Handler
	first []byte // frames still to be read in front of the content
	at    int64  // of the content
	whole bool   // END has been read
	buf   []byte // under a frame of content
}

// newMemory words r as a stream with one exchange of that id.
func newMemory(r *resend, id uuid.UUID) *memory {
	m := &memory{begun: make(chan struct{}), over: make(chan struct{}), r: r, whole: r.end != 0}
	open := wire.OpenFrame{Kind: wire.KindHTTP}
	q := r.req
	q.Seq, q.Version, q.ID, q.Start = 1, 0x11, id, time.Now()
	m.first = q.Append(open.Append(nil), r.end)
	return m
}

// Next returns the next frame of the request; behind the last it waits until the exchange is over.
func (m *memory) Next() (wire.Frame, error) {
	if len(m.first) == 0 && m.whole {
		<-m.over
		return wire.Frame{}, io.EOF
	}
	select {
	case <-m.over:
		return wire.Frame{}, io.EOF
	default:
	}
	if len(m.first) > 0 {
		f, n := splitFrame(m.first)
		m.first = m.first[n:]
		return f, nil
	}
	return m.data()
}

// data returns the next piece of content, or the trailers behind the last.
func (m *memory) data() (wire.Frame, error) {
	left := m.r.size - m.at
	if left == 0 && len(m.r.trailers) > 0 {
		m.whole = true
		return wire.Frame{Type: wire.Trailers, Flags: wire.End, Payload: m.r.trailers}, nil
	}
	if m.buf == nil {
		m.buf = make([]byte, min(m.r.size, wire.MaxData))
	}
	p := m.buf[:min(left, int64(len(m.buf)))]
	if n, _ := m.r.content.ReadAt(p, m.at); n < len(p) { // the store has forgotten it meanwhile, or its disk fails
		m.lane.OnReset(1, wire.CodeCaptureGone)
		return wire.Frame{}, io.EOF
	}
	m.at += int64(len(p))
	f := wire.Frame{Type: wire.Data, Payload: p}
	if m.at == m.r.size && len(m.r.trailers) == 0 {
		f.Flags, m.whole = wire.End, true
	}
	return f, nil
}

// Buffered says that there is more of the request.
func (m *memory) Buffered() bool { return len(m.first) > 0 || !m.whole }

// Handle tells whom to tell that the content cannot be read.
func (m *memory) Handle(h wire.Handler) { m.lane = h }

// Begin tells Replay that the exchange is on its way.
func (m *memory) Begin(uint32, netip.Addr) { m.start.Do(func() { close(m.begun) }) }

// Write takes frames of the response and looks for its end.
func (m *memory) Write(p []byte) error {
	for len(p) >= wire.HeaderSize {
		f, n := splitFrame(p)
		if f.Flags&wire.End != 0 {
			m.Close()
		}
		p = p[n:]
	}
	return nil
}

// WriteContent is Write: nobody's reader is slow here.
func (m *memory) WriteContent(p []byte, _ int) error { return m.Write(p) }

// TryCredit always has some.
func (m *memory) TryCredit(int) bool { return true }

// HasCredit is always so.
func (m *memory) HasCredit(int) bool { return true }

// AwaitCredit does not wait.
func (m *memory) AwaitCredit(int) error { return nil }

// Close ends the exchange.
func (m *memory) Close() { m.once.Do(func() { close(m.over) }) }

// Idle, Await, Took, SendStop and SendReset have nobody to tell.
func (m *memory) Idle()                       {}
func (m *memory) Await()                      {}
func (m *memory) Took(int)                    {}
func (m *memory) SendStop(uint32)             { m.Close() }
func (m *memory) SendReset(uint32, wire.Code) { m.Close() }

var _ link = (*memory)(nil)

// splitFrame reads the frame at the front of p, all of which is our own, and its length.
func splitFrame(p []byte) (wire.Frame, int) {
	v := binary.BigEndian.Uint32(p)
	n := wire.HeaderSize + int(v&0xffffff)
	return wire.Frame{Type: wire.Type(v >> 24 & 0x1f), Flags: wire.Flags(v >> 24 & 0xe0), Payload: p[wire.HeaderSize:n]}, n
}
