package edge

import (
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/relay/policy"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// way is a visitor's connection on its way to a tcp or tls endpoint.
type way struct {
	from    *conn              // what it was until its TLS was understood, whose place it takes; nil: it is new
	ep      *registry.Endpoint // nil: the one with the port of its own, which may have to come back first
	account netip.Addr         // whom it is counted for
	peer    netip.AddrPort
	port    uint16 // ours
	trusted bool   // the peer is a trusted proxy, behind which there may be many visitors
	kind    wire.Kind
	flags   uint8  // wire.ReqTLS, if its TLS has ended here
	ext     []byte // list of wire.ExtSNI …
}

// carried is such a connection under way: bytes both ways until each direction has ended, or one is broken. No limit of time applies.
type carried struct {
	s     *Server
	net   net.Conn
	sock  net.Conn // under net
	id    uint64
	extra int64 // memory that its TLS takes
	way   way
	q     registry.Request
	start time.Time

	x      registry.Exchange
	up     chan struct{} // closed when the visitor's direction is over
	out    gathered      // for the visitor
	sent   int64         // to the visitor
	flows  bool          // see conn
	space  space
	got    atomic.Int64 // from the visitor
	upEnd  upEnd        // read when up is closed
	over   <-chan struct{}
	kicked bool // the sweeper's: the read of the visitor has been ended

	reading atomic.Bool // a read of the visitor waits
	verdict atomic.Uint32
}

// upEnd is how the visitor's direction ended.
type upEnd uint8

const (
	upBroken  upEnd = iota // the visitor, or the exchange, is gone
	upFIN                  // as a whole
	upRefused              // the service takes nothing any more
)

// carry passes a connection on to a tcp or tls endpoint, and returns when it is over. nc is its own from here on; it yields all that the visitor sent. It is one of
// s.tunnels, so that no stop overlooks it.
func (s *Server) carry(nc net.Conn, w way) {
	defer s.leaveTunnel()
	c := &carried{s: s, net: nc, sock: socketOf(nc), id: s.lastConn.Add(1), way: w, start: s.now(), up: make(chan struct{})}
	if code := s.enlist(c); code != wire.CodeNone {
		s.count.failed(code)
		c.reset()
		return
	}
	defer s.strike(c)
	defer c.recover()
	c.end(c.serve())
}

// recover ends one connection for a bug that it has met.
func (c *carried) recover() {
	if p := recover(); p != nil {
		c.s.log.Error("a connection panicked", "conn", c.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		c.s.count.failed(wire.CodeInternal)
		c.cut(wire.CodeInternal)
	}
}

// serve carries the connection; nil: both directions have ended as a whole.
func (c *carried) serve() error {
	if err := c.find(); err != nil {
		return err
	}
	if err := c.judge(); err != nil {
		return err
	}
	defer c.way.ep.Upstream.Attach(c.id, true)()
	if err := c.begin(); err != nil {
		return err
	}
	linger(c.sock, 0) // until it has ended as a whole
	c.s.run(func() {
		defer close(c.up)
		defer c.recover()
		c.upEnd = c.send()
	})
	err := c.receive()
	if err != nil {
		c.part(err)
	}
	<-c.up
	if err == nil && c.upEnd != upFIN {
		err = &registry.Error{Code: wire.CodeVisitorGone, Delivered: true} // it goes on sending what nobody takes
		if c.upEnd == upRefused {
			err = &registry.Error{Code: wire.CodeLocalReset, Delivered: true}
		}
	}
	return err
}

// find looks for the endpoint that has the port, and waits a moment for one whose agent was lost.
func (c *carried) find() (err error) {
	if c.way.ep != nil {
		return nil
	}
	c.way.ep, err = c.s.registry.AwaitPort(c.s.begin, int(c.way.port))
	if err != nil {
		return err
	}
	var ok bool
	if c.way.kind, ok = carries(c.way.ep); !ok {
		return registry.ErrNoEndpoint // it has requests now
	}
	return nil
}

// carries says whether an endpoint takes connections, and of which kind.
func carries(ep *registry.Endpoint) (wire.Kind, bool) {
	switch ep.Protocol {
	case wire.ProtocolTCP:
		return wire.KindTCP, true
	case wire.ProtocolTLS:
		return wire.KindTLS, true
	}
	return wire.KindHTTP, false
}

// judge runs what of the endpoint's policy is for connections.
func (c *carried) judge() error {
	err := c.way.ep.Policy.Connect(&policy.Facts{Client: c.way.peer.Addr()})
	if r, rejected := err.(*policy.Rejection); rejected {
		c.turnedAway(rejectionCode(r), r.Reason)
	}
	return err
}

// turnedAway tells the upstream of a visitor who did not come to it.
func (c *carried) turnedAway(code wire.Code, reason string) {
	c.way.ep.Upstream.TurnedAway(registry.Visitor{Time: c.start, Client: c.way.peer.Addr(), Code: code, Reason: reason})
}

func (c *carried) begin() error {
	w := &c.way
	c.q = registry.Request{
		Kind: w.kind, ID: newID(c.start), Conn: c.id, Client: w.peer, Many: w.trusted, ServerPort: w.port, Start: c.start, Flags: w.flags,
		Body: wire.BodyUntil, Ext: w.ext,
	}
	x, err := w.ep.Upstream.Begin(c.s.begin, &c.q)
	if err != nil {
		if code, _ := codeOf(err); code == wire.CodeRateLimit {
			c.turnedAway(code, code.Info().Text)
		}
		return err
	}
	c.s.mu.Lock() // the sweeper's, and Shutdown's
	c.x, c.over = x, x.Stopped()
	c.s.mu.Unlock()
	return nil
}

// serverExt is how long what appendServer adds is.
const serverExt = 3 + 16

// appendServer adds where the visitor has connected to, which a service that wants PROXY protocol headers is told.
func appendServer(ext []byte, at netip.Addr) []byte {
	if !at.IsValid() {
		return ext
	}
	mapped := at.As16()
	return wire.AppendExt(ext, wire.ExtServerAddr, mapped[:])
}

// part ends the exchange, and makes the visitor's direction end.
func (c *carried) part(err error) {
	code := c.reason(err)
	c.verdict.CompareAndSwap(0, uint32(code)) // that the visitor's side ends now is not the reason
	c.x.Abort(code)
	deliver(c.sock, deliverWithin)
	c.reset()
}

// deliverWithin is how long what came before a cut may take to reach the visitor: RST throws the rest away.
const deliverWithin = 500 * time.Millisecond

// end closes the connection: in order when it was whole, else with RST, so that nobody takes it for that.
func (c *carried) end(err error) {
	code := wire.CodeNone
	switch x, cut := c.give(); {
	case err == nil && !cut:
		x.Finish()
		linger(c.sock, -1)
		c.net.Close()
	default:
		code = c.reason(err)
		if x != nil {
			x.Abort(code)
		}
		c.reset()
		c.s.count.failed(code)
	}
	if c.s.access.w != nil {
		c.s.access.add(c.logLine(code))
	}
}

// give takes the exchange away from who might still cut it, and says whether somebody has.
func (c *carried) give() (x registry.Exchange, cut bool) {
	c.s.mu.Lock() // the sweeper's, and Shutdown's
	defer c.s.mu.Unlock()
	x, c.x = c.x, nil
	return x, c.verdict.Load() != 0
}

// reason turns an error into a code. What made us abort the exchange is the reason, whatever the error says.
func (c *carried) reason(err error) wire.Code {
	if v := wire.Code(c.verdict.Load()); v != wire.CodeNone {
		return v
	}
	if err == errGone {
		return wire.CodeVisitorGone
	}
	code, _ := codeOf(err)
	if code == wire.CodeVisitorGone && c.s.begin.Err() != nil {
		return wire.CodeRelayStopping // who takes begin for the visitor's presence cannot know better
	}
	return code
}

// cut ends the connection whatever it does. It does not block.
func (c *carried) cut(code wire.Code) {
	c.verdict.CompareAndSwap(0, uint32(code))
	if c.x != nil {
		c.x.Abort(code)
	}
	c.reset()
}

func (c *carried) reset() { reset(c.sock) }

// socketOf is the socket under what has been put on it.
func socketOf(nc net.Conn) net.Conn {
	for {
		above, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			return nc
		}
		nc = above.NetConn()
	}
}
