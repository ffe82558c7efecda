package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// Replay sends a recorded request again, to its endpoint's local service or Listener, or to where o says, through the same forwarding as a visitor's; redirects
// are answers like others, and not followed. The agent's reader
// (SetReader) has it under that ID. It returns as soon as the request is on its way, with the new exchange's ID; that exchange has ReplayOf, and is
// recorded and told like any other. o changes what is sent; its zero value sends it as it was recorded, which is Edited, too, when values were redacted.
// Content that memory does not hold is read from the store while it is sent.
//
// A request that was not recorded whole, was an upgrade, or whose endpoint is gone is refused with a *ReplayError; content that o replaces need not have
// been recorded. An *inspect.EditError says what is wrong with o. Replay needs no session, but ends with Run. ctx bounds the call, not the exchange.
func (a *Agent) Replay(ctx context.Context, id inspect.ID, o inspect.Resend) (inspect.ID, error) {
	ep, r, err := a.made(ctx, id, o)
	if err != nil {
		return "", err
	}
	return a.resend(ctx, ep, r)
}

// Prepare says what Replay would send, and to where. Its errors are those of Replay.
func (a *Agent) Prepare(ctx context.Context, id inspect.ID, o inspect.Resend) (inspect.Prepared, error) {
	ep, r, err := a.made(ctx, id, o)
	if err != nil {
		return inspect.Prepared{}, err
	}
	defer r.close()
	head, err := r.headFor(ep)
	return inspect.Prepared{To: ep.leads(), Head: head, Size: r.size}, err
}

// errNothingRecorded is what an agent without a reader says of any exchange.
var errNothingRecorded = errors.New("nothing is recorded")

func (a *Agent) readsFrom() inspect.Reader {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.reader
}

// made is what a replay sends, and the endpoint it goes through. Who gets it closes it.
func (a *Agent) made(ctx context.Context, id inspect.ID, o inspect.Resend) (*endpoint, *resend, error) {
	reader := a.readsFrom()
	if reader == nil {
		return nil, nil, fmt.Errorf("replay: %w", errNothingRecorded)
	}
	item, err := reader.Get(ctx, id)
	if err != nil {
		return nil, nil, goneReplay(err)
	}
	ep, err := a.replayedBy(item.Endpoint)
	if err != nil {
		return nil, nil, err
	}
	r, err := newResend(item.Exchange, o)
	if err != nil {
		return nil, nil, err
	}
	if r.to != nil {
		ep = ep.elsewhere(r.to, r.host)
	}
	if r.outside() {
		if r.content, err = keptContent(ctx, reader, id, r.size); err != nil {
			return nil, nil, err
		}
	}
	if o.Resign {
		if err := a.resign(ctx, reader, item.Exchange, r); err != nil {
			r.close()
			return nil, nil, err
		}
		r.resigned = true
	}
	return ep, r, nil
}

// replayedBy is the endpoint of that name.
func (a *Agent) replayedBy(name string) (*endpoint, error) {
	ep := a.endpointOf(name)
	switch {
	case ep == nil:
		return nil, refusedReplay(wire.CodeNoEndpoint, name)
	case a.eng.stopping.Load():
		return nil, refusedReplay(wire.CodeAgentStopping, "")
	}
	return ep, nil
}

// stillWriting is how long content that has just come may take to its file.
const stillWriting = 5 * time.Second

// keptContent opens the request's content in the store; size bytes of it must be there.
func keptContent(ctx context.Context, reader inspect.Reader, id inspect.ID, size int64) (inspect.Body, error) {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for begin := time.Now(); ; {
		content, err := reader.Body(context.WithoutCancel(ctx), id, inspect.RequestSide)
		if err != nil {
			return nil, goneReplay(err)
		}
		if content.Size() >= size {
			return content, nil
		}
		_ = content.Close() // it was only read
		if time.Since(begin) > stillWriting {
			return nil, refusedReplay(wire.CodeCaptureGone, "")
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ReplayExchange is Replay of an exchange that a Recorder was given and that need not be kept anywhere; all its content must be in x.
func (a *Agent) ReplayExchange(ctx context.Context, x *inspect.Exchange) (inspect.ID, error) {
	r, err := newResend(x, inspect.Resend{})
	if err != nil {
		return "", err
	}
	if r.outside() {
		return "", partly(int64(len(x.Request.Body)), x.Request.Size)
	}
	ep, err := a.replayedBy(x.Endpoint)
	if err != nil {
		return "", err
	}
	return a.resend(ctx, ep, r)
}

// resend sends r through the endpoint; r is closed when it has been sent, or could not be.
func (a *Agent) resend(ctx context.Context, ep *endpoint, r *resend) (inspect.ID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		r.close()
		return "", err
	}
	m := newMemory(r, id)
	l, laneCtx := newLane(context.WithoutCancel(ctx), a.eng, m, func(uint32) *binding { return &binding{ep: ep} }, nil)
	l.replay = r
	ended, err := a.runReplay(laneCtx, l)
	if err != nil {
		return "", err
	}
	select {
	case <-m.begun:
		return exchangeID(id), nil
	case <-ended:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	select {
	case <-m.begun: // and has ended already
		return exchangeID(id), nil
	default:
		return "", refusedReplay(wire.CodeAgentStopping, "")
	}
}

// runReplay runs the lane, and closes what it has sent; ended is closed behind it.
func (a *Agent) runReplay(ctx context.Context, l *lane) (ended chan struct{}, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		l.cancel()
		l.replay.close()
		return nil, refusedReplay(wire.CodeAgentStopping, "")
	}
	a.replays[l] = struct{}{}
	ended = make(chan struct{})
	a.replaying.Add(1)
	a.eng.spawn(func() {
		defer a.replaying.Done()
		defer close(ended)
		defer l.replay.close()
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

func refusedReplay(code wire.Code, detail string) error {
	return &ReplayError{Failure: *failure(code, detail)}
}

// goneReplay is err of a reader.
func goneReplay(err error) error {
	if errors.Is(err, inspect.ErrNotFound) {
		return refusedReplay(wire.CodeCaptureGone, "")
	}
	return err
}
