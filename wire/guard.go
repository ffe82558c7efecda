package wire

import (
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// smux's own framing: u8 version, u8 command, u16 length, u32 stream, little-endian. An UPD is followed by u32 consumed, u32 window.
const (
	muxVersion = 2
	muxHeader  = 8
	muxUpdate  = 16 // UPD with what follows it

	muxFIN = 1
	muxPSH = 2
	muxNOP = 3
	muxUPD = 4
)

const (
	// guardSlack is what a stream may have unread beyond its credit and what that makes in pushes (see tally): frames that need no credit, and those of a later
	// version that are skipped. headOpen is what a head makes, until it has been read; controlOpen is the control stream's, which has no credit: its longest push.
	guardSlack  = 16 << 10
	headOpen    = HeaderSize + RespSize + MaxExt + MaxHead + 3*FrameCost
	controlOpen = smuxFrame + FrameCost
	// minUpdate is what smux must have consumed between two updates of a window; an agent's is every 2 MiB.
	minUpdate = 64 << 10
	// Of frames that say nothing, so many may come at once, and one more in each pause. A smux with keepalive sends one in 10 s.
	maxIdle   = 1024
	idlePause = time.Second / 16
	// maxFins is how often the end of one stream may be told: by half-closing it, and by closing it.
	maxFins = 2
)

// guard lies between smux and the relay's gathering connection, and walks the headers of what the agent sends. smux's receiving side checks nothing: it takes
// in streams that nobody asked for, and keeps whatever comes for a stream, pushes of one byte at 57 bytes of heap each.
type guard struct {
	*gather
	done <-chan struct{} // of the leg
	bad  atomic.Pointer[ProtocolError]

	// The reader's alone.
	head       [muxUpdate]byte
	have, want int           // of head
	body       int           // what is still to come of a push
	idle       time.Duration // since base: until then so many frames have said nothing

	mu      sync.Mutex // shared with who opens and closes streams, not with who reads and writes them
	open    map[uint32]*tally
	highest uint32
	late    int64 // what may still come for streams that are closed, as cost
}

// errGuard is all that smux is told.
var errGuard = errors.New("the agent broke the protocol")

// newGuard guards conn until done. The control stream is open from the start.
func newGuard(conn *gather, done <-chan struct{}) *guard {
	control := &tally{more: make(chan struct{}, 1)}
	control.grant(controlOpen)
	return &guard{gather: conn, done: done, want: muxHeader, open: map[uint32]*tally{controlID: control}, highest: controlID, late: guardSlack}
}

// Read is called by smux's receive loop alone. What is wrong is found from a push's header, before smux takes its payload in.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.gather.Read(p)
	if bad := g.walk(p[:n]); bad != nil {
		g.bad.Store(bad)
		g.deaf.Store(true)
		return 0, errGuard
	}
	return n, err
}

// verdict is what the guard has found, else err. A nil guard (the agent's) finds nothing.
func (g *guard) verdict(err error) error {
	if g != nil {
		if bad := g.bad.Load(); bad != nil {
			return bad
		}
	}
	return err
}

// opened is called before the agent can know of a stream.
func (g *guard) opened(id uint32) {
	t := &tally{}
	t.grant(FirstLimit + headOpen)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[id] = t
	g.highest = id
}

// closed is called when smux has forgotten a stream. What was on its way is dropped by smux; it is no more than what the stream might have had unread.
func (g *guard) closed(id uint32) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.open[id]; t != nil {
		g.late += int64(t.allowed())
		delete(g.open, id)
	}
}

// tally is a stream's; nil at the agent.
func (g *guard) tally(id uint32) *tally {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open[id]
}

// walk follows p, which is a part of what smux reads.
func (g *guard) walk(p []byte) *ProtocolError {
	for {
		if g.body >= len(p) {
			g.body -= len(p)
			return nil
		}
		p = p[g.body:]
		g.body = 0
		n := copy(g.head[g.have:g.want], p)
		g.have += n
		p = p[n:]
		if g.have < g.want {
			return nil
		}
		if bad := g.frame(); bad != nil {
			return bad
		}
	}
}

// frame judges a header.
func (g *guard) frame() *ProtocolError {
	cmd, n, id := g.head[1], int(binary.LittleEndian.Uint16(g.head[2:])), binary.LittleEndian.Uint32(g.head[4:])
	whole := g.have == muxUpdate
	if g.head[0] != muxVersion || cmd == 0 || cmd > muxUPD {
		return protocolError(CodeProtocol, "smux: version %d, command %d", g.head[0], cmd)
	}
	if cmd == muxUPD && n == muxUpdate-muxHeader && !whole {
		g.want = muxUpdate
		return nil
	}
	g.have, g.want = 0, muxHeader
	switch {
	case cmd == muxPSH && n > 0 && n <= smuxFrame:
		g.body = n
		return g.push(id, n)
	case n != 0 && !whole:
		return protocolError(CodeProtocol, "smux: command %d of %d bytes", cmd, n)
	case cmd == muxFIN, cmd == muxUPD:
		return g.tell(id, cmd)
	}
	return g.idles()
}

// push holds a push against what its stream may have unread. The control stream has no credit, but its reader never waits: so the link waits for that.
func (g *guard) push(id uint32, n int) *ProtocolError {
	t, bad := g.find(id, n+FrameCost)
	if t == nil {
		return bad
	}
	t.push(n)
	allowed := t.allowed() // before unread, see tally
	for t.unread() > allowed {
		if t.more == nil {
			return protocolError(CodeOverCredit, "stream %d has more unread than its credit allows", id)
		}
		select {
		case <-t.more:
		case <-g.done:
			return nil
		}
	}
	return nil
}

// tell looks whether a FIN or UPD has anything to tell.
func (g *guard) tell(id uint32, cmd byte) *ProtocolError {
	t, bad := g.find(id, FrameCost)
	if t == nil {
		return bad
	}
	if cmd == muxFIN {
		t.fins++
		if t.fins <= maxFins {
			return nil
		}
		return g.idles()
	}
	consumed := binary.LittleEndian.Uint32(g.head[muxHeader:])
	step := consumed - t.consumed
	first := !t.updated
	t.consumed, t.updated = consumed, true
	if first || step >= minUpdate {
		return nil
	}
	return g.idles()
}

// find is the tally of an open stream, or counts cost against what may come for closed ones.
func (g *guard) find(id uint32, cost int) (*tally, *ProtocolError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := g.open[id]; t != nil {
		return t, nil
	}
	if id == 0 || id%2 != 0 || id > g.highest {
		return nil, protocolError(CodeBadSeq, "smux: stream %d was not opened", id)
	}
	if g.late -= int64(cost); g.late < 0 {
		return nil, protocolError(CodeOverCredit, "more came for closed streams than was granted them")
	}
	return nil, nil
}

// idles counts a frame that says nothing.
func (g *guard) idles() *ProtocolError {
	now := time.Since(g.base)
	g.idle = max(g.idle, now) + idlePause
	if g.idle-now > maxIdle*idlePause {
		return protocolError(CodeControlFlood, "smux: more frames that say nothing than are taken")
	}
	return nil
}
