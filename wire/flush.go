package wire

import (
	"io"
	"runtime"
	"time"
)

// handOver tells the flusher to write out. g.mu is held.
func (g *gather) handOver() {
	g.flushing, g.handed = true, true
	g.work.Signal()
}

// flush is the flusher: it writes out what it is told to, and what gathers meanwhile, until close or an error.
func (g *gather) flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.err == nil {
		if !g.handed {
			g.work.Wait()
			continue
		}
		for g.pend != nil {
			if g.crowd {
				g.giveWay()
			}
			if g.pend != nil { // it may have been closed meanwhile
				_ = g.writeOnce() // g.err tells
			}
		}
		g.handed, g.flushing = false, false
		g.tellDrained()
	}
	g.tellDrained()
}

// giveWay lets those run who are about to push. g.mu is held, but not meanwhile.
func (g *gather) giveWay() {
	g.mu.Unlock()
	runtime.Gosched()
	g.mu.Lock()
}

// writeOnce writes out what has gathered, and says whether that went. g.mu is held, but not while it writes; flushing keeps others off the connection.
func (g *gather) writeOnce() error {
	began := time.Now()
	g.crowd = g.pushes > 1 || began.Sub(g.wrote) < crowdTime
	g.wrote = began
	out := g.pend
	g.pend, g.pushes = nil, 0
	g.room.Broadcast()
	g.mu.Unlock()
	err := g.writeOut(out.b, began)
	n := len(out.b)
	took := time.Duration(0)
	if n >= gatherMin/2 {
		took = time.Since(began)
	}
	out.b = out.b[:0]
	gatherBuffers.Put(out)
	g.mu.Lock()
	if err != nil {
		g.failLocked(err)
	}
	g.most = max(g.most, n)
	g.adapt(n, took)
	return err
}

func (g *gather) writeOut(b []byte, now time.Time) error {
	defer g.stuck.Store(0)
	if len(b) > gatherPiece && !g.slow.Load() {
		g.below.cork()
	}
	for len(b) > 0 {
		g.stuck.Store(max(int64(now.Sub(g.base)), 1))
		n, err := g.conn.Write(b[:min(len(b), gatherPiece)])
		if err != nil {
			return err
		}
		if n <= 0 {
			return io.ErrShortWrite
		}
		if b = b[n:]; len(b) > 0 {
			now = time.Now()
		}
	}
	return g.below.uncork()
}

// adapt hears how long a flush has taken. On a link that is not slow it doubles the limit when half of it was needed and a full buffer would leave well within
// gatherTime, and halves it when it would take much longer.
func (g *gather) adapt(n int, took time.Duration) {
	if n < gatherMin/2 || g.err != nil {
		return
	}
	g.judge(n, took)
	if g.slow.Load() {
		g.setLimit(gatherMin)
		return
	}
	full := took * time.Duration(g.limit) / time.Duration(n)
	if n >= g.limit/2 && full < gatherTime && g.limit < gatherMax {
		g.setLimit(2 * g.limit)
	}
	if full > 4*gatherTime && g.limit > gatherMin {
		g.setLimit(g.limit / 2)
	}
}

// setLimit changes how much may gather; it stays as it is when there is no memory for more. g.mu is held.
func (g *gather) setLimit(n int) {
	if g.more.fits(2 * n) {
		g.limit = n
		g.more.shrink(2 * n)
	}
}

// rest gives half of the limit back when no flush came near it since the last look: what one burst needed is not held for what trickles afterwards.
func (g *gather) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.flushing && g.most < g.limit/4 && g.limit > gatherMin {
		g.setLimit(g.limit / 2)
	}
	g.most = 0
}

// judge decides from time to time whether the link is slow. It counts as slow until as much has left quickly as would fill every buffer on the way: then the kernel
// holds more for it, and more streams write bulk at once.
func (g *gather) judge(n int, took time.Duration) {
	g.sum += n
	g.busy += took
	if g.sum < judgeAfter && g.busy < time.Second {
		return
	}
	slow := float64(g.sum) < slowRate*g.busy.Seconds()
	g.sum, g.busy = 0, 0
	if g.slow.Swap(slow) == slow {
		return
	}
	unsent := linkUnsent
	if slow {
		unsent = slowUnsent
	}
	notSentLowat(g.conn, unsent)
}
