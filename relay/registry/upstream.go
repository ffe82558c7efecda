package registry

import (
	"context"
	"net/netip"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// Request is one public request on its way to an upstream. Its slices are borrowed: the upstream is through with them when Begin returns.
type Request struct {
	Kind       wire.Kind // KindHTTP; of KindTCP and KindTLS only ID, Conn, Client, Many, ServerPort, Start, Flags and Ext count, and Body is wire.BodyUntil
	ID         [16]byte  // UUIDv7
	Conn       uint64    // public connection id
	Client     netip.AddrPort
	Many       bool // Client is a trusted peer, behind which there may be many visitors
	ServerPort uint16
	Start      time.Time
	Flags      uint8 // wire.ReqTLS …
	Version    uint8 // as wire has it: 0x10, 0x11, 0x20
	Body       wire.Body
	Length     uint64 // with wire.BodyLength
	Ext        []byte // list of wire.ExtSNI …
	Head       []byte // forwarding fields spliced in
	Content    []byte // content that came with the head and is the whole of it (length body only); nil otherwise
	Idempotent bool   // GET, HEAD, OPTIONS without content
}

// Upstream is what the edge sends to: a session here, later another relay. Safe for concurrent use.
type Upstream interface {
	// Begin sends the request's head (and Content) on a stream of its own. Errors are *Error: nothing was delivered. The Exchange is the caller's,
	// to be ended by Finish or Abort.
	Begin(ctx context.Context, r *Request) (Exchange, error)
	// Attach tells that a public connection uses this endpoint; count: this is the endpoint of its first request, so it is counted (ttl, opn).
	// detach ends that (once), closing a stream that is pinned to the connection.
	Attach(conn uint64, count bool) (detach func())
	// Load is how many exchanges are under way.
	Load() int
	// TurnedAway tells of a visitor whom the endpoint's policy or a limit of its account has rejected. It never blocks, and may keep only a count.
	TurnedAway(v Visitor)
}

// Visitor is one who was turned away before the tunnel. Its slices are borrowed: the upstream is through with them when TurnedAway returns.
type Visitor struct {
	Time   time.Time
	Client netip.Addr
	Method []byte
	Host   []byte    // canonical; of an endpoint with a port of its own it may be anything
	Path   []byte    // without the query
	Code   wire.Code // of the answer
	Reason string    // what the policy says: its rule, and what was wrong
}

// Exchange is one request under way. Next, Took and Buffered belong to the goroutine that writes to the visitor; Send to the one that reads
// from the visitor; Abort to anyone.
type Exchange interface {
	// Next returns INFO, RESP, DATA, CHUNK, TRAILERS, FAIL or ABORT (of tcp and tls READY, DATA or FAIL), checked for seq, order and length (not the head's meaning). The payload is
	// valid until the next call. An error is a *Error and means the answer is not whole (link lost, protocol error, aborted, ctx of Begin ended).
	Next() (wire.Frame, error)
	// Buffered says that Next will not block.
	Buffered() bool
	// Unproven says that the visitor has not shown yet that he takes anything, and that Took may wait until there is room for more of the answer.
	Unproven() bool
	// Idle gives buffers back before a long wait; the last frame's payload is no longer valid.
	Idle()
	// Took tells that content frames of this cost (wire.Cost) were handed on or dropped.
	Took(cost int)
	// Send writes content frames upwards (one or more whole frames); it waits for credit. last: p's last frame has END. wire.ErrStopped: the agent
	// wants no more of this request.
	Send(p []byte, cost int, last bool) error
	// Stopped is closed on STOP or when the exchange is over early.
	Stopped() <-chan struct{}
	// Finish is called once, when the edge is through with a response whose END came and Send is not running any more; the stream goes back to the
	// pool if the rules allow it, else it is closed.
	Finish()
	// Abort ends the exchange now: RESET and Close. Safe after Finish (does nothing).
	Abort(code wire.Code)
}

// Error says why there is no (whole) answer, or why a bind was refused.
type Error struct {
	Code      wire.Code
	Text      string // detail behind the code's own text; may be ""
	Delivered bool   // the request may have reached the local service
}

// Error gives the code, its name, and the detail or else the code's own text.
func (e *Error) Error() string {
	if e.Text == "" {
		return e.Code.String() + ": " + e.Code.Info().Text
	}
	return e.Code.String() + ": " + e.Text
}
