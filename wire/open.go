package wire

import (
	"context"
	"errors"
	"fmt"

	"github.com/xtaci/smux"
)

const (
	// allIDs is how many even numbers a u32 holds, but 0.
	allIDs = 1<<31 - 1
	// wornPart of a leg's ids is left when another leg should take its place: hours, at thousands of streams a second.
	wornPart = 16
)

// Open opens a stream and writes its OPEN frame (relay). With MaxStreams open it returns a *ProtocolError with CodeTooManyStreams at once. It may block up to
// ctx's end; streams are opened one at a time, so that their ids arrive in order. The stream is the caller's to close. When no id is left the
// leg ends; Worn says so in time.
func (l *Leg) Open(ctx context.Context, o *OpenFrame) (*Stream, error) {
	if !l.relay {
		return nil, protocolError(CodeProtocol, "only the relay opens streams")
	}
	select {
	case l.opening <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-l.done:
		return nil, l.lostError(ErrClosed)
	}
	if err := l.reserve(); err != nil {
		<-l.opening
		if err == errNoIDs {
			l.end(err, true)
		}
		return nil, err
	}
	type opened struct {
		s   *Stream
		err error
	}
	c := make(chan opened, 1)
	l.goes(func() {
		mux, err := l.mux.OpenStream()
		s, err := l.opened(mux, err)
		<-l.opening
		if err == nil {
			err = s.announce(o)
		}
		c <- opened{s, err}
	})
	select {
	case r := <-c:
		if r.err != nil && r.s != nil {
			r.s.Close()
			return nil, r.err
		}
		return r.s, r.err
	case <-ctx.Done():
		// smux's part cannot be broken off: it takes 30 s at most, or the leg's end.
		l.goes(func() {
			if r := <-c; r.s != nil {
				r.s.Close()
			}
		})
		return nil, context.Cause(ctx)
	}
}

// errNoIDs ends a leg: only a new connection helps.
var errNoIDs = fmt.Errorf("%w: no stream ids are left", ErrLinkLost)

// reserve counts a stream that will be opened. Its id is known before the agent can name it.
func (l *Leg) reserve() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.shut:
		return linkLost(ErrClosed)
	case l.highest/2 >= l.o.IDs:
		return errNoIDs
	case l.open >= MaxStreams:
		return protocolError(CodeTooManyStreams, "%d streams are open", l.open)
	}
	l.open++
	l.pending = l.highest + 2
	l.highest = l.pending
	l.guard.opened(l.pending)
	return nil
}

// opened registers what smux opened, or takes the reservation back.
func (l *Leg) opened(mux *smux.Stream, err error) (*Stream, error) {
	l.mu.Lock()
	id := l.pending
	l.pending = 0
	early, reset := l.early[id]
	delete(l.early, id)
	if err != nil {
		l.mu.Unlock()
		l.guard.closed(id)
		l.release()
		err = fmt.Errorf("open: %w", err)
		if errors.Is(err, smux.ErrGoAway) {
			l.end(linkLost(err), true) // the ids have run out: only a new connection helps
		}
		return nil, l.lostError(err)
	}
	s := newStream(l, mux)
	l.streams[id] = s
	l.mu.Unlock()
	if reset {
		_ = s.onReset(early)
	}
	return s, nil
}

// accept takes streams from smux as they come, and does nothing else: a full backlog would stop everything that is received. The relay's side has none to
// take, an agent opens no streams.
func (l *Leg) accept() {
	for misses := 0; ; {
		mux, err := l.mux.AcceptStream()
		if err == nil {
			misses = 0
			err = l.take(mux)
		}
		var bad *ProtocolError
		switch {
		case err == nil:
		case errors.As(err, &bad):
			l.end(err, false)
			return
		case misses < acceptMisses:
			misses++
		default:
			if !l.hasControl() {
				l.end(linkLost(err), false)
			}
			// Otherwise it is left to the control reader, which first reads everything that came before the error.
			return
		}
	}
}

// acceptMisses: once reading has failed, smux chooses at random between that error and a stream that still waits. So many errors in a row mean that
// none does.
const acceptMisses = 64

func (l *Leg) hasControl() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ctl != nil
}

// take registers an accepted stream.
func (l *Leg) take(mux *smux.Stream) error {
	s, early, err := l.register(mux)
	if s == nil {
		return err
	}
	if early != nil { // before anybody can have it: what was given up is not begun
		_ = s.onReset(*early)
	}
	l.mu.Lock()
	if l.cause == nil {
		l.accepted = append(l.accepted, s)
	}
	l.mu.Unlock()
	if l.ended() {
		s.Close()
	}
	l.tellArrived()
	return nil
}

func (l *Leg) register(mux *smux.Stream) (s *Stream, early *signal, err error) {
	id := mux.ID()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.relay:
		return nil, nil, protocolError(CodeProtocol, "the agent opened a stream")
	case l.ctl == nil && id == controlID:
		l.ctl = mux
		close(l.controlled)
		return nil, nil, nil
	case l.ctl == nil || id <= l.highest || id%2 != 0:
		return nil, nil, protocolError(CodeBadSeq, "stream %d came out of order", id)
	case l.open >= 2*MaxStreams:
		return nil, nil, protocolError(CodeTooManyStreams, "%d streams are open", l.open)
	}
	s = newStream(l, mux)
	l.open++
	l.highest = id
	l.streams[id] = s
	if g, ok := l.early[id]; ok {
		early = &g
		delete(l.early, id)
	}
	return s, early, nil
}

func (l *Leg) tellArrived() {
	select {
	case l.arrived <- struct{}{}:
	default:
	}
}

// Accept waits for the next stream (agent); its OPEN frame has not been read yet. The stream is the caller's to close. The error says why the leg ended.
func (l *Leg) Accept() (*Stream, error) {
	for {
		l.mu.Lock()
		if len(l.accepted) > 0 {
			s := l.accepted[0]
			l.accepted[0] = nil
			l.accepted = l.accepted[1:]
			more := len(l.accepted) > 0
			l.mu.Unlock()
			if more {
				l.tellArrived()
			}
			return s, nil
		}
		l.mu.Unlock()
		select {
		case <-l.arrived:
		case <-l.done:
			return nil, l.lostError(ErrClosed)
		}
	}
}

// forget takes a stream out of the routing: control frames for it are ignored from now on.
func (l *Leg) forget(s *Stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.streams, s.id)
}

// release counts a stream whose closing is done. With the last one a lost leg's smux session ends too.
func (l *Leg) release() {
	l.mu.Lock()
	l.open--
	last := l.drain && l.open == 0
	l.drain = l.drain && !last
	l.mu.Unlock()
	if last {
		_ = l.mux.Close()
	}
}

// Streams is how many are open, those included whose closing is under way.
func (l *Leg) Streams() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// Worn says that nearly all stream ids of the leg are used up: another leg should take its place while there is time. Both sides see it.
func (l *Leg) Worn() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := uint64(l.o.IDs) - uint64(l.highest/2)
	return left <= uint64(l.o.IDs)/wornPart
}

// CloseUnused closes the leg if no stream is open and none is being opened (relay); it says whether.
func (l *Leg) CloseUnused() bool {
	l.mu.Lock()
	l.shut = l.shut || l.open == 0
	unused := l.shut
	l.mu.Unlock()
	if unused {
		l.end(ErrClosed, false)
	}
	return unused
}
