package agent

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
	"github.com/google/uuid"
)

// ReplayError says why a recorded request cannot be sent again.
type ReplayError struct{ Failure inspect.Failure }

// Error returns what happened and what to do about it.
func (e *ReplayError) Error() string { return e.Failure.Error() }

// Unwrap returns the *inspect.Failure.
func (e *ReplayError) Unwrap() error { return &e.Failure }

// Replay is ReplayExchange of what the agent's reader has under that ID: see SetReader.
func (a *Agent) Replay(ctx context.Context, id inspect.ID, e *inspect.Edit) (inspect.ID, error) {
	if e != nil {
		return "", errors.New("replay: a request cannot be edited yet")
	}
	x, err := a.recorded(ctx, id)
	if err != nil {
		return "", err
	}
	return a.ReplayExchange(ctx, x)
}

// ReplayExchange sends a recorded request again, to its endpoint's local service or Listener and nowhere else, through the same forwarding as a
// visitor's; x is what a Recorder was given, and need not be kept. It returns as soon as the request is on its way, with the new exchange's ID;
// that exchange has ReplayOf, and is recorded and told like any other. A request that was not recorded whole, was an upgrade, or whose endpoint is
// gone is refused with a *ReplayError. It needs no session, but ends with Run. ctx bounds the call, not the exchange.
func (a *Agent) ReplayExchange(ctx context.Context, x *inspect.Exchange) (inspect.ID, error) {
	if err := replayable(x); err != nil {
		return "", err
	}
	ep := a.endpointOf(x.Endpoint)
	if ep == nil {
		return "", refusedReplay(wire.CodeNoEndpoint, x.Endpoint)
	}
	if a.eng.stopping.Load() {
		return "", refusedReplay(wire.CodeAgentStopping, "")
	}
	m, fresh, err := newMemory(x)
	if err != nil {
		return "", err
	}
	l, laneCtx := newLane(context.WithoutCancel(ctx), a.eng, m, func(uint32) *binding { return &binding{ep: ep} }, nil)
	l.replayOf = x.ID
	ended, err := a.runReplay(laneCtx, l)
	if err != nil {
		return "", err
	}
	select {
	case <-m.begun:
		return fresh, nil
	case <-ended:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	select {
	case <-m.begun: // and has ended already
		return fresh, nil
	default:
		return "", refusedReplay(wire.CodeAgentStopping, "")
	}
}

// runReplay runs the lane; ended is closed behind it.
func (a *Agent) runReplay(ctx context.Context, l *lane) (ended chan struct{}, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		l.cancel()
		return nil, refusedReplay(wire.CodeAgentStopping, "")
	}
	a.replays[l] = struct{}{}
	ended = make(chan struct{})
	a.replaying.Add(1)
	a.eng.spawn(func() {
		defer a.replaying.Done()
		defer close(ended)
		l.run(ctx)
		a.mu.Lock()
		delete(a.replays, l)
		a.mu.Unlock()
	})
	return ended, nil
}

// endReplays lets replays end within the grace, at Run's end, and then ends them.
func (a *Agent) endReplays() {
	a.eng.stopping.Store(true)
	grace := time.NewTimer(a.graceLeft())
	defer grace.Stop()
	a.eng.drained(grace.C, nil, nil)
	a.mu.Lock()
	a.closed = true
	for l := range a.replays {
		l.kill(wire.CodeAgentStopping)
	}
	a.mu.Unlock()
	a.replaying.Wait()
}

// recorded finds the exchange.
func (a *Agent) recorded(ctx context.Context, id inspect.ID) (*inspect.Exchange, error) {
	a.mu.Lock()
	reader := a.reader
	a.mu.Unlock()
	if reader == nil {
		return nil, errors.New("replay: nothing is recorded")
	}
	item, err := reader.Get(ctx, id)
	switch {
	case errors.Is(err, inspect.ErrNotFound):
		return nil, refusedReplay(wire.CodeCaptureGone, "")
	case err != nil:
		return nil, err
	}
	return item.Exchange, nil
}

// replayable says why x cannot be replayed.
func replayable(x *inspect.Exchange) error {
	switch m := &x.Request.Message; {
	case x.Upgraded:
		return refusedReplay(wire.CodeReplayPartial, "what followed an upgrade cannot be sent again")
	case len(m.Head) == 0:
		return refusedReplay(wire.CodeCaptureGone, "")
	case m.Dropped || !m.Whole || m.Size != int64(len(m.Body)):
		return refusedReplay(wire.CodeReplayPartial, "")
	}
	return nil
}

func refusedReplay(code wire.Code, detail string) error {
	return &ReplayError{Failure: *failure(code, detail)}
}

// memory is a link without a relay: it says what the relay said when the recorded request came, and forgets what is answered (the exchange's
// record is the answer).
type memory struct {
	begun chan struct{} // the exchange has begun
	over  chan struct{} // its response has ended, or the link was closed
	once  sync.Once
	start sync.Once
	src   []byte // frames still to be read
}

// newMemory words x as the frames of a stream with one exchange, which gets a new ID.
func newMemory(x *inspect.Exchange) (*memory, inspect.ID, error) {
	var head http1.Request
	head.Wire = true
	raw := x.Request.Head
	if n, err := head.Parse(raw); err != nil || n != len(raw) {
		return nil, "", fmt.Errorf("replay: the recorded head cannot be read: %w", errors.Join(err, io.ErrUnexpectedEOF))
	}
	switch n := int64(len(x.Request.Body)); {
	case head.Upgrade:
		return nil, "", refusedReplay(wire.CodeReplayPartial, "an upgrade cannot be sent again")
	case head.Body == http1.BodyNone && n > 0, head.Body == http1.BodyLength && n != head.Length:
		return nil, "", refusedReplay(wire.CodeReplayPartial, "its head announces another length")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, "", err
	}
	m := &memory{begun: make(chan struct{}), over: make(chan struct{})}
	open := wire.OpenFrame{Kind: wire.KindHTTP}
	m.src = appendRecorded(open.Append(nil), &head, x, id)
	return m, inspect.ID(id.String()), nil
}

// appendRecorded writes the frames of the recorded request.
func appendRecorded(dst []byte, head *http1.Request, x *inspect.Exchange, id uuid.UUID) []byte {
	body := x.Request.Body
	q := wire.Req{Seq: 1, Version: 0x11, ID: id, Start: time.Now(), Client: x.Client, Head: x.Request.Head}
	if !q.Client.IsValid() {
		q.Client = netip.AddrPortFrom(netip.IPv6Loopback(), 0)
	}
	if string(head.Method) == "HEAD" {
		q.Flags |= wire.ReqHead
	}
	end := wire.Flags(0)
	switch head.Body {
	case http1.BodyLength:
		q.Body, q.Length = wire.BodyLength, uint64(head.Length)
		if head.Length == 0 {
			end = wire.End
		}
	case http1.BodyChunked:
		q.Body = wire.BodyUntil
	default:
		end = wire.End
	}
	dst = q.Append(dst, end)
	if end != 0 {
		return dst
	}
	trailers := x.Request.Trailers
	for more := true; more; {
		n := min(len(body), wire.MaxData)
		more = n < len(body)
		f := wire.Flags(0)
		if !more && len(trailers) == 0 {
			f = wire.End
		}
		if n > 0 || f != 0 {
			dst = append(wire.AppendHeader(dst, wire.Data, f, n), body[:n]...)
		}
		body = body[n:]
	}
	if len(trailers) > 0 {
		dst = append(wire.AppendHeader(dst, wire.Trailers, wire.End, len(trailers)), trailers...)
	}
	return dst
}

// splitFrame reads the frame at the front of p, all of which is our own, and its length.
func splitFrame(p []byte) (wire.Frame, int) {
	v := binary.BigEndian.Uint32(p)
	n := wire.HeaderSize + int(v&0xffffff)
	return wire.Frame{Type: wire.Type(v >> 24 & 0x1f), Flags: wire.Flags(v >> 24 & 0xe0), Payload: p[wire.HeaderSize:n]}, n
}

// Next returns the next frame of the request; behind the last it waits until the exchange is over.
func (m *memory) Next() (wire.Frame, error) {
	if len(m.src) == 0 {
		<-m.over
		return wire.Frame{}, io.EOF
	}
	select {
	case <-m.over:
		return wire.Frame{}, io.EOF
	default:
	}
	f, n := splitFrame(m.src)
	m.src = m.src[n:]
	return f, nil
}

// Buffered says that there is more of the request.
func (m *memory) Buffered() bool { return len(m.src) > 0 }

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

// Handle, Idle, Took, SendStop and SendReset have nobody to tell.
func (m *memory) Handle(wire.Handler)         {}
func (m *memory) Idle()                       {}
func (m *memory) Took(int)                    {}
func (m *memory) SendStop(uint32)             { m.Close() }
func (m *memory) SendReset(uint32, wire.Code) { m.Close() }

var _ link = (*memory)(nil)
