package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// resend is what a replay sends.
type resend struct {
	of       inspect.ID
	edited   bool // it is not what was recorded, or what was recorded is not what had come
	resigned bool
	host     bool      // a person has written another Host than was recorded
	to       *upstream // nil: where the endpoint leads
	req      wire.Req
	end      wire.Flags // END: nothing follows the head
	content  io.ReaderAt
	size     int64 // of the content
	trailers []byte
}

// newResend makes it of a recorded request and what is to be changed of it.
func newResend(x *inspect.Exchange, o inspect.Resend) (*resend, error) {
	r, err := sent(x, o)
	if err != nil || o.To == "" {
		return r, err
	}
	r.to, err = parseTarget(o.To)
	return r, err
}

// sent is newResend, but for where it goes.
func sent(x *inspect.Exchange, o inspect.Resend) (*resend, error) {
	q, e := &x.Request, o.Edit
	if err := replayable(x, e != nil && e.Body != nil); err != nil {
		return nil, err
	}
	var old http1.Request
	old.Wire = true
	if n, err := old.Parse(q.Head); err != nil || n != len(q.Head) {
		return nil, fmt.Errorf("replay: the recorded head cannot be read: %w", errors.Join(err, io.ErrUnexpectedEOF))
	}
	if e != nil || q.Redacted || o.DropCookies && old.Get("Cookie") != nil { // what was redacted may have another length
		return editedResend(x, &old, o)
	}
	switch {
	case old.Upgrade:
		return nil, refusedReplay(wire.CodeReplayPartial, "an upgrade cannot be sent again")
	case old.Body == http1.BodyNone && q.Kept > 0, old.Body == http1.BodyLength && q.Kept != old.Length:
		return nil, refusedReplay(wire.CodeReplayPartial, "its head announces another length")
	}
	r := &resend{of: x.ID, size: q.Kept, content: bytes.NewReader(q.Body), trailers: q.Trailers}
	r.frame(&old, x.Client)
	return r, nil
}

// editedResend makes what is sent after changes.
func editedResend(x *inspect.Exchange, old *http1.Request, o inspect.Resend) (*resend, error) {
	q, e := &x.Request, o.Edit
	if e == nil {
		e = &inspect.Edit{}
	}
	r := &resend{of: x.ID, size: q.Kept, content: bytes.NewReader(q.Body)}
	if e.Body != nil {
		r.size, r.content = int64(len(e.Body)), bytes.NewReader(e.Body)
	}
	head, err := editedHead(old, e, o.DropCookies, q.Host, r.size)
	if err != nil {
		return nil, err
	}
	same := e.Body == nil || q.Kept == int64(len(q.Body)) && bytes.Equal(e.Body, q.Body)
	r.host = e.Fields != nil && string(head.Host) != string(old.Host)
	r.edited = q.Redacted || !same || !bytes.Equal(head.Raw, q.Head)
	r.frame(head, x.Client)
	return r, nil
}

// frame says what the relay would have said of the head.
func (r *resend) frame(head *http1.Request, client netip.AddrPort) {
	r.req = wire.Req{Client: client, Head: head.Raw}
	if !client.IsValid() {
		r.req.Client = netip.AddrPortFrom(netip.IPv6Loopback(), 0)
	}
	if string(head.Method) == "HEAD" {
		r.req.Flags |= wire.ReqHead
	}
	switch head.Body {
	case http1.BodyLength:
		r.req.Body, r.req.Length = wire.BodyLength, uint64(head.Length)
		r.trailers = nil
	case http1.BodyChunked:
		r.req.Body = wire.BodyUntil
	}
	if head.Body == http1.BodyNone || head.Body == http1.BodyLength && head.Length == 0 {
		r.end = wire.End
	}
}

// headFor is the head as the lane writes it to what ep leads to.
func (r *resend) headFor(ep *endpoint) ([]byte, error) {
	head := &http1.Request{Head: http1.Head{Wire: true}}
	if _, err := head.Parse(r.req.Head); err != nil {
		return nil, fmt.Errorf("replay: the head cannot be read: %w", err)
	}
	return appendHead(nil, head, ep.host, ""), nil
}

// origin is the exchange that is sent again; "" for a nil resend.
func (r *resend) origin() inspect.ID {
	if r == nil {
		return ""
	}
	return r.of
}

// outside says that the store has content which is not in memory.
func (r *resend) outside() bool {
	inside, ok := r.content.(*bytes.Reader)
	return ok && inside.Size() < r.size
}

// goes is the URL of another target than the endpoint's; "" for none.
func (r *resend) goes() string {
	if r.to == nil {
		return ""
	}
	return r.to.url()
}

// close gives the content back to the store.
func (r *resend) close() {
	if c, ok := r.content.(io.Closer); ok {
		_ = c.Close() // it was only read
	}
}

// replayable says why x cannot be sent again. replaced: its content need not be.
func replayable(x *inspect.Exchange, replaced bool) error {
	switch m := &x.Request.Message; {
	case x.Upgraded:
		return refusedReplay(wire.CodeReplayPartial, "what followed an upgrade cannot be sent again")
	case len(m.Head) == 0:
		return refusedReplay(wire.CodeCaptureGone, "")
	case m.Complete(), replaced:
		return nil
	case m.Withheld:
		return refusedReplay(wire.CodeReplayPartial, "what is to be redacted in it could not be looked for, so it was not kept")
	case m.Kept < m.Size:
		return partly(m.Kept, m.Size)
	case m.Dropped:
		return refusedReplay(wire.CodeReplayPartial, "its trailers were not kept")
	}
	return refusedReplay(wire.CodeReplayPartial, "it has not come to its end")
}

// partly refuses a request of whose content only a part is there.
func partly(kept, size int64) error {
	return refusedReplay(wire.CodeReplayPartial, fmt.Sprintf("only %s of %s were kept", inWords(kept), inWords(size)))
}

// inWords is a number of bytes for a person.
func inWords(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
