package edge

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// Phases of a connection, for the sweeper and Shutdown. What takes a connection out of a phase it waits in does so by compare-and-swap, so that a
// request that has begun to arrive and a limit that has passed cannot both win.
const (
	phaseHello   uint32 = iota // TLS's handshake
	phaseFresh                 // no byte yet
	phaseIdle                  // between requests
	phaseHead                  // a head is arriving
	phaseBusy                  // an exchange, or an error page
	phaseTunnel                // upgraded
	phaseLinger                // our side is closed, the visitor's is not
	phaseRest                  // HTTP/2, no request under way
	phaseStreams               // HTTP/2
	phaseOver                  // taken by the sweeper or Shutdown
)

// Who reads from the visitor while an answer is under way.
const (
	readerNone   uint32 = iota // nobody may start to
	readerUpload               // the uploader
	readerFree                 // nobody: the sweeper may start a watcher
	readerWatch                // a watcher, running or done
)

// origin is a public connection as its requests see it.
type origin struct {
	s       *Server
	id      uint64
	peer    netip.AddrPort
	trusted bool       // the peer's forwarding fields are believed
	account netip.Addr // whom it is counted for
	port    uint16     // ours
	fixed   int        // the port of the one endpoint it leads to; 0: routed by Host
	secured *secured   // nil: there is no TLS
	plain   bool       // … though it is spoken here
	ext     []byte     // what the agent is told of every request: a list of wire.ExtServerAddr …
}

// conn is one public connection and its loop.
type conn struct {
	origin
	sock   net.Conn
	net    net.Conn            // what is read and written: sock, or TLS on it
	front  *front              // below TLS; nil: there is none
	mux    atomic.Pointer[mux] // above it, when that is HTTP/2
	heir   net.Conn            // who goes on with it: not HTTP
	extra  int64               // memory that its TLS takes; guarded by s.mu
	long   bool                // it has longCost; guarded by s.mu
	server [serverExt]byte     // ext, without TLS
	torn   bool                // what was written is not whole, and must not look so

	in    inbox
	seats []seat
	stall stall // the sweeper's
	given bool  // the socket is somebody else's now
	lent  bool  // to net/http, which does without this goroutine: mux.end ends it
	left  bool  // its place, to make room; guarded by s.mu
	flows bool  // the kernel keeps flowUnsent: the visitor has taken much of an answer
	space space

	// What the sweeper reads. Times are the sweeper's clock; 0: not now.
	phase    atomic.Uint32
	since    atomic.Int64 // of the phase; stored before it
	began    atomic.Int64 // the exchange
	reading  atomic.Int64 // since when a read of content waits
	writing  atomic.Int64 // since when a write waits
	waiting  atomic.Int64 // since when the next frame is waited for
	ended    atomic.Int64 // the answer, while the upload goes on
	reader   atomic.Uint32
	answered atomic.Bool  // a final response has begun
	bare     atomic.Bool  // … whose end only the connection's end shows
	fin      atomic.Int64 // since when the visitor's side is closed; 0: it is open
	got      atomic.Bool  // content of the request has been read
	unasked  atomic.Bool  // the visitor waits to be asked for content (100-continue)

	mu      sync.Mutex
	x       registry.Exchange // the exchange under way, for those who may abort it
	verdict wire.Code         // why it was aborted; the first one stays
	kicked  bool              // the read deadline has been set

	t         *turn  // what the uploader works for
	uploader  func() // c.upload, made once
	upDone    chan struct{}
	watchDone chan struct{}
}

// seat is a use of an endpoint, told to its upstream.
type seat struct {
	upstream registry.Upstream
	detach   func()
}

// maxSeats bounds what a visitor that goes from host to host on one connection can pile up.
const maxSeats = 16

func newConn(s *Server, nc net.Conn, fixed int) *conn {
	c := &conn{
		origin: origin{
			s: s, id: s.lastConn.Add(1), fixed: fixed, peer: addrPort(nc.RemoteAddr()),
		},
		sock: nc, net: nc,
		upDone: make(chan struct{}, 1), watchDone: make(chan struct{}, 1),
	}
	at := addrPort(nc.LocalAddr())
	c.port, c.ext = at.Port(), appendServer(c.server[:0], at.Addr())
	c.trusted = s.trusts(c.peer.Addr())
	c.in.init()
	c.uploader = c.upload
	c.since.Store(s.clock.Load())
	return c
}

// serve is the connection's goroutine. begin is given to every exchange.
func (c *conn) serve(begin context.Context) {
	defer c.end()
	if c.front != nil && !c.shake() {
		return
	}
	for c.await() {
		t := turns.Get().(*turn)
		more := c.turn(begin, t)
		t.release()
		if !more {
			c.in.free()
			return
		}
	}
}

// end cleans up, after a panic too: one connection's bug is that connection's end.
func (c *conn) end() {
	if p := recover(); p != nil {
		c.panicked(p)
	}
	if !c.lent {
		c.finish()
	}
}

// finish gives everything back, and the connection to who goes on with it.
func (c *conn) finish() {
	if c.heir == nil && !c.given {
		c.close()
	}
	for _, st := range c.seats {
		st.detach()
	}
	if c.heir != nil {
		c.bequeath()
		return
	}
	c.s.farewell(c)
}

// panicked is the end of an exchange by a bug of ours.
func (c *conn) panicked(p any) {
	c.s.log.Error("a connection panicked", "conn", c.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	c.s.count.failed(wire.CodeInternal)
	c.cut(wire.CodeInternal)
}

// await waits for the first byte of a request, without holding anything big.
func (c *conn) await() bool {
	c.rest()
	if c.in.len() > 0 {
		c.enter(phaseHead)
		return true
	}
	phase := c.phase.Load()
	if phase != phaseFresh {
		phase = phaseIdle
		c.enter(phase)
	}
	n, err := c.net.Read(c.in.space())
	over := c.phase.Load() == phaseOver
	if n == 0 && over {
		n = c.lastLook()
	}
	switch {
	case n == 0 && over:
		c.lingerOn()
		return false
	case n == 0 && err != nil:
		return false
	}
	c.in.w += n
	c.since.Store(c.s.clock.Load())
	if !c.phase.CompareAndSwap(phase, phaseHead) { // the request was quicker than the end of its wait
		c.unrouse()
		c.enter(phaseHead)
	}
	return true
}

// lastLook reads what came in the very moment a wait was ended: a read whose deadline passes does not look again.
func (c *conn) lastLook() int {
	c.unrouse()
	if c.front != nil {
		return c.lookAgain()
	}
	return readNow(c.sock, c.in.space())
}

// enter begins a phase.
func (c *conn) enter(phase uint32) {
	c.since.Store(c.s.clock.Load())
	c.phase.Store(phase)
}

// turn reads one request and answers it; it says whether another may follow on this connection.
func (c *conn) turn(begin context.Context, t *turn) (more bool) {
	switch err := c.readHead(t); {
	case err == nil:
	case err == errGone:
		return false
	default:
		c.refuse(t, err)
		c.lingerOn()
		return false
	}
	c.s.count.requests.Add(1)
	t.note()
	c.describe(t)
	switch err := c.prepare(t); {
	case err == nil:
		c.sit(t.ep.Upstream)
		c.exchange(begin, t)
	case c.atDoor(t, err):
		return c.handOver(t)
	default:
		c.skipContent(t)
		c.answerError(t, err)
	}
	c.record(t)
	if t.linger || t.close && c.in.len() > 0 {
		c.lingerOn()
		return false
	}
	return !t.close
}

// record writes the access log's line and counts.
func (o *origin) record(t *turn) {
	if t.code != wire.CodeNone {
		o.s.count.failed(t.code)
	}
	now := o.s.now()
	if !t.upgrade {
		o.s.count.took(now.Sub(t.q.Start))
	}
	if o.s.access.w != nil {
		o.s.access.add(t.logLine(now))
	}
}

// sit attaches the connection to an endpoint, once. The first one counts it.
func (c *conn) sit(u registry.Upstream) {
	for i := range c.seats {
		if c.seats[i].upstream == u {
			return
		}
	}
	if len(c.seats) == maxSeats {
		c.seats[1].detach()
		c.seats = append(c.seats[:1], c.seats[2:]...)
	}
	c.seats = append(c.seats, seat{u, u.Attach(c.id, len(c.seats) == 0)})
}
