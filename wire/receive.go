package wire

import (
	"errors"
	"io"
)

// Next returns the next frame; it blocks until one is there. Its type belongs on a data stream and comes from the other side, its length and flags are
// within the type's; order and seq are the caller's to check. The payload is valid until the next Next or Idle.
//
// io.EOF: the other side closed between frames, which is an abort unless nothing was under way. A *ProtocolError: the frame is one that must not be sent,
// or is more than was granted. ErrReset, ErrClosed (this side closed), or an error that wraps ErrLinkLost: the stream is over.
func (s *Stream) Next() (Frame, error) {
	if s.overRead() {
		return Frame{}, s.readError(io.EOF)
	}
	f, err := s.read()
	if err != nil {
		s.frames.release()
		return Frame{}, s.readError(err)
	}
	if err := s.count(f); err != nil {
		return Frame{}, err
	}
	return f, nil
}

// overRead says that RESET has ended reading too.
func (s *Stream) overRead() bool { return !s.leg.relay && s.out.state.Load() == sendReset }

// readError tells why reading ended: smux cannot tell a lost link from a stream's clean end.
func (s *Stream) readError(err error) error {
	var bad *ProtocolError
	select {
	case <-s.closed:
		if s.overRead() {
			return ErrReset
		}
		return ErrClosed
	default:
	}
	switch {
	case errors.As(err, &bad):
		return err
	case s.overRead():
		return ErrReset
	case s.leg.Lost():
		return s.leg.lostError(err)
	}
	return err
}

// Buffered says that Next will not block. False may be wrong: what smux holds is not seen.
func (s *Stream) Buffered() bool { return s.frames.buffered() }

// Idle gives read buffers back to their pool; Next then waits with a small one. The last frame's payload is no longer valid. To be called before waiting
// for long.
func (s *Stream) Idle() { s.frames.idle() }

// Await is Idle, and waits until Next has something to tell, with no buffer at all. It costs a little more than to wait in Next: it is for what waits long, and
// often, as connections do.
func (s *Stream) Await() {
	if s.rest() {
		defer s.wake()
	}
	s.frames.await()
}

// Unproven says that the reader has not shown yet that it takes anything, of a sender so near that it need not be asked for more before there is room for it
// (Took). A longer way would cost a good reader too much.
func (s *Stream) Unproven() bool { return s.in.taken < proofTaken && s.leg.near() }

// Took tells that content frames of this Cost were handed on or dropped; it queues CREDIT when one is due.
func (s *Stream) Took(cost int) {
	c := &s.in
	if !c.take(cost) {
		return
	}
	s.resize(c.win.next(c.taken, s.leg.now(), s.leg.RTT(), s.leg.near()))
	limit, ok := c.grant()
	s.tally.grant(c.open())
	if ok {
		s.leg.out.credit(s, s.seq.Load(), limit)
	}
}

// resize makes the window that large, or as large as the budgets allow. They go on to hold what a window that shrinks has granted already.
func (s *Stream) resize(size uint64) {
	c := &s.in
	if held := minus(max(size, c.limit-c.taken), FirstLimit); held != c.held {
		s.mu.Lock()
		c.held = s.hold.resize(held)
		s.mu.Unlock()
	}
	c.win.size = min(size, FirstLimit+c.held)
}

// read reads the next frame.
func (s *Stream) read() (Frame, error) {
	if !s.rest() {
		return s.frames.next()
	}
	f, err := s.frames.next()
	s.wake()
	return f, err
}

// rest lets growth rest while something is waited for, until wake; false: there is none, or it is in use.
func (s *Stream) rest() bool {
	if s.in.held == 0 || s.in.got != s.in.taken || s.frames.buffered() {
		return false
	}
	s.mu.Lock()
	s.hold.quiet = s.leg.now()
	s.mu.Unlock()
	return true
}

func (s *Stream) wake() {
	s.mu.Lock()
	s.hold.wake()
	s.mu.Unlock()
}

// count holds a frame against the credit. With END nothing more can come that growth would be for.
func (s *Stream) count(f Frame) error {
	if f.Type == RespType || f.Type == Ready {
		s.in.headed = true
		s.tally.grant(s.in.open())
	}
	end := f.Flags&End != 0
	if !s.in.receive(Cost(f), end) {
		return protocolError(CodeOverCredit, "%s beyond a credit of %d", f.Type, s.in.limit)
	}
	if end {
		s.tally.grant(0)
	}
	if end && s.in.held > 0 {
		s.mu.Lock()
		s.in.held = s.hold.resize(0)
		s.mu.Unlock()
	}
	return nil
}
