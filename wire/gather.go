package wire

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// How much a gathering connection holds: more on a fast link, little on a slow one, so that control frames do not queue behind it.
	gatherMin = 16 << 10
	gatherMax = 256 << 10
	// What it holds should leave within about this time.
	gatherTime = 4 * time.Millisecond
	// One write of a flush is one TLS record, so that progress shows on slow links too.
	gatherPiece = 16 << 10
	gatherRead  = 64 << 10
	// A push of up to this much writes itself out.
	pushSelf = 4 << 10
	// Writes that follow each other faster are a crowd's.
	crowdTime = 100 * time.Microsecond
	// Control frames may be so far above the limit: the writers of bulk fill every room as soon as there is some.
	controlRoom = 64 << 10

	// Below this many bytes a second a link is slow; it is judged after so many, or after a second of flushing.
	slowRate   = 512 << 10
	judgeAfter = 512 << 10
)

// gather lies between smux and the connection. smux makes one write of each frame, which would be a TLS record and a system call each; here
// writes are appended to a buffer and return, while one goroutine at a time writes out what has gathered since the last write. Nothing is delayed: a write on
// an idle connection leaves at once. Reads go through a buffer, for smux reads headers of 8 bytes.
//
// Who writes out: a small push on an idle connection does it itself, which saves waking somebody, and leaves to the flusher's goroutine what has gathered
// meanwhile; everything else is the flusher's. When several pushes left at once, or one after another, the connection is busy and all leave it to the flusher,
// since the time until it runs is when others gather.
type gather struct {
	conn   net.Conn
	below  *records // under TLS; nil: there are none
	closed sync.Once
	base   time.Time
	heard  atomic.Int64 // when bytes last came, in ns since base
	stuck  atomic.Int64 // since when a write has been under way, likewise; 0: none is
	deaf   atomic.Bool  // reading has failed
	slow   atomic.Bool  // the link takes little, or is not known yet; see judge

	rbuf []byte // the reader's alone
	r, w int

	mu       sync.Mutex
	work     sync.Cond // the flusher waits for something to write
	room     sync.Cond // writers wait for room
	pend     *gatherBuffer
	limit    int
	more     surplus         // for a limit above the least: of what gathers, and of what is being written
	most     int             // the largest flush since rest looked last
	sum      int             // flushed since the link was judged last
	busy     time.Duration   // … in this time
	flushing bool            // somebody writes out, or the flusher has been told to
	handed   bool            // … it has
	pushes   int             // in pend
	crowd    bool            // several pushes left at once, or one after another
	wrote    time.Time       // when a write began last
	err      error           // of writing
	broken   chan struct{}   // closed when err is set
	drained  []chan struct{} // closed when nothing is left to write
}

type gatherBuffer struct{ b []byte }

var gatherBuffers = sync.Pool{New: func() any { return &gatherBuffer{b: make([]byte, 0, 4<<10)} }}

// newGather takes conn over. Its flush must run on a goroutine until close.
func newGather(conn net.Conn) *gather {
	g := &gather{conn: conn, below: recordsOf(conn), base: time.Now(), rbuf: make([]byte, gatherRead), limit: gatherMin, broken: make(chan struct{})}
	g.work.L, g.room.L = &g.mu, &g.mu
	g.slow.Store(true)
	return g
}

// Read is called by smux's receive loop alone.
func (g *gather) Read(p []byte) (int, error) {
	if g.r == g.w {
		// TLS hands out at most 16 KiB at once: what asks for that much needs no buffer in between.
		if len(p) >= gatherRead/4 {
			return g.receive(p)
		}
		n, err := g.receive(g.rbuf)
		g.r, g.w = 0, n
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, g.rbuf[g.r:g.w])
	g.r += n
	return n, nil
}

func (g *gather) receive(p []byte) (int, error) {
	n, err := g.conn.Read(p)
	if n > 0 {
		g.heard.Store(int64(time.Since(g.base)))
	}
	if err != nil {
		g.deaf.Store(true)
	}
	return n, err
}

// Write appends p, whatever there is already; it does not block.
func (g *gather) Write(p []byte) (int, error) { return g.WriteBuffers([][]byte{p}) }

// WriteBuffers is what smux looks for: header and payload of one frame. Data goes past it, so they are short and few: one for each stream that is opened or
// closed, and one for 2 MiB that are read. They do not wait for room, because who reads waits for them.
func (g *gather) WriteBuffers(v [][]byte) (n int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil {
		return 0, g.err
	}
	for _, p := range v {
		n += len(p)
		g.add(p)
	}
	if !g.flushing {
		g.handOver()
	}
	return n, nil
}

// push appends p as one smux frame of the stream, cut only where it is longer than smuxFrame. It blocks while the buffer is full, or while the connection
// takes nothing of a small push that it writes out itself.
func (g *gather) push(stream uint32, p []byte) error {
	above := 0
	if stream == controlID {
		above = controlRoom
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	alone := len(p) <= pushSelf && !g.crowd
	g.pushes++
	for len(p) > 0 {
		if err := g.waitRoom(above); err != nil {
			return err
		}
		n := min(len(p), smuxFrame)
		h := pushHeader(stream, n)
		g.add(h[:])
		g.add(p[:n])
		p = p[n:]
	}
	switch {
	case g.flushing:
	case alone:
		g.flushing = true
		err := g.writeOnce()
		if g.flushing = false; g.pend != nil {
			g.handOver()
		} else {
			g.tellDrained()
		}
		return err // not g.err: what has left counts, though the connection may have failed since
	default:
		g.handOver()
	}
	return g.err
}

// waitRoom waits until the buffer may grow, for some so far above its limit. g.mu is held.
func (g *gather) waitRoom(above int) error {
	for g.err == nil && g.pend != nil && len(g.pend.b) >= g.limit+above {
		if !g.flushing {
			g.handOver()
		}
		g.room.Wait()
	}
	return g.err
}

func (g *gather) add(p []byte) {
	if g.pend == nil {
		g.pend = gatherBuffers.Get().(*gatherBuffer)
	}
	g.pend.b = append(g.pend.b, p...)
}

func (g *gather) failLocked(err error) {
	if g.err != nil {
		return
	}
	g.err = err
	g.setLimit(gatherMin)
	close(g.broken)
	g.pend = nil
	g.room.Broadcast()
	g.work.Broadcast()
}

func (g *gather) tellDrained() {
	for _, c := range g.drained {
		close(c)
	}
	g.drained = nil
}

// writeError is why writing has failed; nil if it has not.
func (g *gather) writeError() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// drain waits until nothing is left to write, which is at once after an error.
func (g *gather) drain(ctx context.Context) error {
	g.mu.Lock()
	if g.err != nil || g.pend == nil && !g.flushing {
		defer g.mu.Unlock()
		return g.err
	}
	c := make(chan struct{})
	g.drained = append(g.drained, c)
	g.mu.Unlock()
	select {
	case <-c:
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close drops what has gathered and unblocks everybody. smux calls it too.
func (g *gather) Close() (err error) {
	g.closed.Do(func() {
		g.mu.Lock()
		g.failLocked(net.ErrClosed)
		g.mu.Unlock()
		err = g.conn.Close()
	})
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// lastHeard is when bytes last came, at first when the connection was taken over.
func (g *gather) lastHeard() time.Time { return g.base.Add(time.Duration(g.heard.Load())) }

// stuckSince is since when the connection has taken nothing of a flush; the zero time when no flush is under way.
func (g *gather) stuckSince() time.Time {
	if ns := g.stuck.Load(); ns != 0 {
		return g.base.Add(time.Duration(ns))
	}
	return time.Time{}
}

// LocalAddr and RemoteAddr are the connection's.
func (g *gather) LocalAddr() net.Addr  { return g.conn.LocalAddr() }
func (g *gather) RemoteAddr() net.Addr { return g.conn.RemoteAddr() }
