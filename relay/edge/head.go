package edge

import (
	"errors"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// Why no request was read. errGone: nobody is there to be told.
var (
	errGone        = errors.New("the visitor is gone")
	errHeadTimeout = &registry.Error{Code: wire.CodeHeadTimeout}
	errNoRoom      = &registry.Error{Code: wire.CodeRelayBusy}
	errHost        = &registry.Error{Code: wire.CodeBadRequest, Text: "Host is not a host name"}
)

// readHead reads until the head is whole: it is used up then, and t.req borrows it until the inbox is filled again.
func (c *conn) readHead(t *turn) error {
	for {
		n, err := t.req.Parse(c.in.bytes())
		if n > 0 || err != nil {
			if !c.phase.CompareAndSwap(phaseHead, phaseBusy) {
				return errHeadTimeout
			}
			c.in.r += n
			return err
		}
		if !c.in.grow() {
			if err := c.widen(); err != nil {
				if err == errNoRoom {
					c.s.turnedAway()
				}
				return err
			}
		}
		m, err := c.net.Read(c.in.space())
		c.in.w += m
		if m == 0 && err != nil {
			if c.phase.Load() == phaseOver {
				return errHeadTimeout
			}
			return errGone
		}
	}
}

// prepare takes a request through all that comes before its upstream.
func (o *origin) prepare(t *turn) error {
	if o.plain {
		return plainHTTP(t)
	}
	err := o.meet(t)
	if err == nil {
		err = o.route(t)
	}
	if err == nil {
		err = o.enter(t)
	}
	if err == nil {
		err = o.forward(t)
	}
	if err == nil {
		err = o.judge(t)
	}
	return err
}

// route finds who serves the request.
func (o *origin) route(t *turn) error {
	name, _, ok := registry.CanonicalHost(t.host[:0], t.req.Host)
	if ok {
		t.host = name
	}
	var err error
	switch {
	case o.fixed != 0:
		t.ep, err = o.s.registry.PickPort(o.fixed)
	case !ok:
		return errHost
	case o.secured != nil && o.secured.name != string(name):
		return o.secured.misdirected()
	default:
		t.ep, err = o.s.registry.Pick(name)
	}
	if err == registry.ErrAway {
		t.ep, err = o.s.registry.Await(o.s.begin, name)
	}
	return err
}

// describe fills in what an upstream must know beside the head.
func (o *origin) describe(t *turn) {
	now := o.s.now()
	q := &t.q
	t.count = &o.s.count
	q.ID, q.Start = newID(now), now
	q.Conn, q.Client, q.ServerPort = o.id, o.peer, o.port
	q.Many = o.trusted
	q.Version = 0x10 | uint8(t.minor)
	q.Flags, q.Ext = 0, o.ext
	if o.secured != nil {
		q.Flags = wire.ReqTLS
	}
	if t.isHead {
		q.Flags |= wire.ReqHead
	}
	if t.expect {
		q.Flags |= wire.ReqExpect
	}
	if t.upgrade {
		q.Flags |= wire.ReqUpgrade
	}
	switch t.body {
	case http1.BodyLength:
		q.Body, q.Length = wire.BodyLength, uint64(t.length)
	case http1.BodyChunked:
		q.Body = wire.BodyUntil
	}
	q.Idempotent = !t.hasContent() && idempotent(t.req.Method)
}

// idempotent says that a request may be sent twice (RFC 9110, 9.2.2); TRACE, PUT and DELETE are left out because services get them wrong.
func idempotent(method []byte) bool {
	return string(method) == "GET" || string(method) == "HEAD" || string(method) == "OPTIONS"
}

// skipContent passes over content that has come whole with its head, so that the connection can be kept; else it is closed.
func (c *conn) skipContent(t *turn) {
	switch {
	case !t.hasContent():
	case t.body == http1.BodyLength && int64(c.in.len()) >= t.length:
		c.in.r += int(t.length)
	default:
		t.close, t.linger = true, true
	}
}

// framingNames decide where a message ends and whom it is for: an alias of one of them could make the service read another message.
var framingNames = []string{"content-length", "transfer-encoding", "host", "connection", "upgrade", "expect", "trailer"}

// forward builds the head that goes on (RFC 9110, 7.6; protocol, section 8). What is spliced in may make it too large.
func (o *origin) forward(t *turn) error {
	t.req.DropHopByHop(t.upgrade)
	t.req.DropUnderscores(framingNames...)
	o.forwardingFields(t)
	t.head = t.req.Append(t.head[:0], t.extra)
	t.q.Head = t.head
	if len(t.head) > wire.MaxHead {
		return http1.ErrTooLarge
	}
	return nil
}
