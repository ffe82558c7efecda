package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// backoff says how long to wait before the next try.
type backoff struct {
	down  time.Time // since when there is no session
	delay time.Duration
}

const (
	firstDelay  = 250 * time.Millisecond
	quickDelay  = time.Second
	slowDelay   = 5 * time.Second
	idleDelay   = 30 * time.Second
	quickPhase  = 10 * time.Minute
	slowPhase   = time.Hour
	deniedDelay = 5 * time.Minute  // after a proxy has refused the password: networks lock accounts that try wrong ones in a row
	steadyAfter = 10 * time.Second // a session that lived so long was a good one: the next failure starts over
)

// next returns the delay after a failure at now: 0.25 s growing to 1 s for the first ten minutes, then 5 s, after an hour 30 s; ±25 %, so that
// the agents of a relay that comes back do not come all at once. told is what the relay asked for.
func (b *backoff) next(now time.Time, told time.Duration) time.Duration {
	switch out := now.Sub(b.down); {
	case out >= slowPhase:
		b.delay = idleDelay
	case out >= quickPhase:
		b.delay = slowDelay
	case b.delay == 0:
		b.delay = firstDelay
	default:
		b.delay = min(2*b.delay, quickDelay)
	}
	d := time.Duration(float64(b.delay) * (0.75 + rand.Float64()/2))
	return max(d, told)
}

// errCut ends a try whose time is over, or that was to begin anew. It says nothing about the relay: an earlier try's error does.
var errCut = errors.New("the try was cut short")

// tellEvery is how often the log hears that there is still no session.
const tellEvery = time.Minute

// keepSession makes sessions until ctx ends or nothing helps.
func (a *Agent) keepSession(ctx context.Context) error {
	b := backoff{down: time.Now()}
	var last error
	var told time.Time // when the log last heard of it
	for {
		online, err := a.trySession(ctx, &b)
		if ctx.Err() != nil {
			return nil
		}
		if last == nil || !errors.Is(err, errCut) {
			last = err
		}
		if f := fatal(err); f != nil {
			return f
		}
		now := time.Now()
		if online >= steadyAfter {
			b.delay = 0
		}
		if online > 0 {
			b.down = now
		}
		if a.o.GiveUp > 0 && now.Sub(b.down) >= a.o.GiveUp {
			return &GaveUpError{Last: last}
		}
		wait := b.untilTry(now, err)
		if a.o.GiveUp > 0 {
			wait = min(wait, b.down.Add(a.o.GiveUp).Sub(now))
		}
		if online > 0 || now.Sub(told) >= tellEvery {
			told = now
			a.o.Log.Warn("no session; trying again", "err", err, "next", wait.Round(time.Millisecond))
		}
		if !a.pause(ctx, wait, err) {
			return nil
		}
	}
}

// trySession makes one session and works it, and those that take its place, to the end; online is how long they lived, 0 if none came to be.
func (a *Agent) trySession(ctx context.Context, b *backoff) (online time.Duration, err error) {
	dialCtx := ctx
	if a.o.GiveUp > 0 {
		var cancel context.CancelFunc
		dialCtx, cancel = context.WithDeadlineCause(ctx, b.down.Add(a.o.GiveUp), errCut)
		defer cancel()
	}
	s, err := a.tryDial(dialCtx)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	for s != nil {
		s, err = s.run(ctx)
	}
	a.trying(nil)
	return max(time.Since(begin), 1), err
}

// tryDial makes a session, unless Reconnect cuts the try: its packets may go another way than those that come through now.
func (a *Agent) tryDial(ctx context.Context) (*session, error) {
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	a.trying(cut)
	s, err := a.dialSession(ctx)
	if err != nil && context.Cause(ctx) == errCut {
		err = fmt.Errorf("%w (%w)", err, errCut)
	}
	return s, err
}

// trying notes what cuts the try that begins now; nil: a session has ended. What Reconnect has asked for before was about another state.
func (a *Agent) trying(cut context.CancelCauseFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cutTry = cut
	select {
	case <-a.tryNow:
	default:
	}
}

// untilTry is next after err, which may say what the relay asked for.
func (b *backoff) untilTry(now time.Time, err error) time.Duration {
	var told time.Duration
	var f *wire.FatalError
	if errors.As(err, &f) {
		told = f.Wait
	}
	if errors.As(err, new(denied)) {
		told = deniedDelay
	}
	return b.next(now, told)
}

// pause waits for d, or until Reconnect. False: ctx has ended.
func (a *Agent) pause(ctx context.Context, d time.Duration, why error) bool {
	a.setLink(func(k *linkState) {
		k.state, k.reason, k.nextTry = inspect.Reconnecting, why.Error(), time.Now().Add(d)
		k.why = k.reason
		if !errors.Is(why, errCut) { // it has not failed: it begins anew
			k.attempt++
		}
	})
	a.tellDown(why, d)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-a.tryNow:
	}
	return true
}
