package wire

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/xtaci/smux"
)

// placeSize is up to where a write needs no place (see Leg.places).
const placeSize = 4 << 10

// Handler hears of a stream's control frames, on the goroutine that reads the control stream: it must return at once, and must not write to the link.
// Close, SendReset and SendStop are allowed. Frames with an old seq have been dropped already.
type Handler interface {
	// OnReset: at the agent, the stream is over (it has been closed already). At the relay, with code 0: the agent begins nothing above seq; with another
	// code: a protocol error was found in seq, which is over too.
	OnReset(seq uint32, code Code)
	// OnStop, at the relay only: send no more of this request's content.
	OnStop(seq uint32)
}

// Stream is one smux stream with its frames and the credit of the exchange it carries. Reading (Next, Buffered, Idle, Await, Unproven, Took) is one goroutine's and so
// is writing (TryCredit, WriteContent); whole Writes may come from anywhere; the rest is free for all.
type Stream struct {
	leg *Leg
	id  uint32
	mux *smux.Stream

	tally  *tally      // the guard's; nil at the agent
	frames frameReader // the reader's
	in     recvCredit  // likewise

	wmu sync.Mutex // one write at a time: longer ones are cut, and must not mix
	out sendCredit
	due dueCredit // the outbox's

	mu      sync.Mutex
	seq     atomic.Uint32 // written with mu held
	handler Handler
	reset   *signal // came while there was no handler
	hold    hold

	once   sync.Once
	over   atomic.Bool // closed is
	closed chan struct{}
}

func newStream(l *Leg, mux *smux.Stream) *Stream {
	s := &Stream{leg: l, id: mux.ID(), mux: mux, closed: make(chan struct{})}
	s.tally = l.guard.tally(s.id)
	s.frames = frameReader{src: mux, from: l.peer(), tally: s.tally}
	s.out.more = make(chan struct{}, 1)
	s.hold.own, s.hold.shared = l.budget, l.o.Budget
	s.in.begin()
	s.out.begin()
	return s
}

// ID is the smux id, by which control frames name the stream.
func (s *Stream) ID() uint32 { return s.id }

// Seq is the exchange that Begin started last; 0 before the first.
func (s *Stream) Seq() uint32 { return s.seq.Load() }

// Handle sets who hears of control frames; nil nobody. A RESET that came while there was nobody is handed on now.
func (s *Stream) Handle(h Handler) {
	s.mu.Lock()
	s.handler = h
	var r *signal
	if h != nil {
		r, s.reset = s.reset, nil
	}
	s.mu.Unlock()
	if r != nil {
		h.OnReset(r.seq, r.code)
	}
}

// Begin starts exchange seq: the credit of both directions is new. visitor is whose it is, so that one address cannot have all of the budgets; the zero
// Addr: not known, or one that stands for many. The relay calls it before it writes REQ, the agent when it has read REQ.
func (s *Stream) Begin(seq uint32, visitor netip.Addr) {
	s.mu.Lock()
	s.seq.Store(seq)
	s.out.begin()
	s.hold.begin(visitor)
	s.mu.Unlock()
	s.in.begin()
	s.tally.grant(s.in.open())
}

// Write writes whole frames, any number, as one smux frame (a longer p than 32 KiB is cut only there); p may be reused after. If p is
// above 4 KiB it takes one of the leg's 8 places (of a slow link: the one). It blocks while the link takes nothing; Close does not free a write that waits for the link itself,
// since its bytes lie in p, but the leg dies after 15 s of that. An error means that the stream is over.
func (s *Stream) Write(p []byte) error {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	if len(p) > placeSize {
		places := s.leg.places
		if s.leg.conn.slow.Load() {
			places = s.leg.narrow
		}
		if err := s.takePlace(places); err != nil {
			return err
		}
		defer places.give()
	}
	if s.out.state.Load() == sendReset {
		return ErrReset
	}
	if s.over.Load() {
		return s.writeError(ErrClosed)
	}
	if err := s.leg.conn.push(s.id, p); err != nil {
		return s.writeError(err)
	}
	return nil
}

// announce writes OPEN. The first request follows at once, so that it need not leave by itself.
func (s *Stream) announce(o *OpenFrame) error {
	p := o.Append(nil)
	h := pushHeader(s.id, len(p))
	if _, err := s.leg.conn.WriteBuffers([][]byte{h[:], p}); err != nil {
		return s.writeError(err)
	}
	return nil
}

func (s *Stream) takePlace(places places) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-s.closed:
	case <-s.leg.done:
	}
	return s.writeError(ErrClosed)
}

func (s *Stream) writeError(err error) error {
	select {
	case <-s.closed:
		if s.out.state.Load() == sendReset {
			return ErrReset
		}
		return ErrClosed
	default:
		return s.leg.lostError(err)
	}
}

// TryCredit takes credit without waiting; false if there is not enough, or the content is not wanted any more (then nothing was taken).
func (s *Stream) TryCredit(cost int) bool { return s.out.take(cost) }

// HasCredit says that TryCredit would take that cost now.
func (s *Stream) HasCredit(cost int) bool { return s.out.has(cost) }

// AwaitCredit waits until HasCredit, for who has something to read and nowhere to send it yet. Its errors are those of WriteContent.
func (s *Stream) AwaitCredit(cost int) error { return s.awaitCredit(cost, s.out.has) }

// WriteContent waits for credit of that cost (the sum of Cost of p's frames, at most 36,864), then writes like Write. ErrStopped after STOP of this
// exchange, ErrReset after RESET. Nothing may be held meanwhile that the other side's reading waits for.
func (s *Stream) WriteContent(p []byte, cost int) error {
	if !s.out.take(cost) {
		if err := s.awaitCredit(cost, s.out.take); err != nil {
			return err
		}
	}
	return s.Write(p)
}

func (s *Stream) awaitCredit(cost int, ready func(cost int) bool) error {
	if cost > maxCost {
		return fmt.Errorf("one write costs %d, more than the %d that are granted for sure", cost, maxCost)
	}
	for {
		switch s.out.state.Load() {
		case sendStopped:
			return ErrStopped
		case sendReset:
			return ErrReset
		}
		if ready(cost) {
			return nil
		}
		select {
		case <-s.out.more:
		case <-s.closed:
			return s.writeError(ErrClosed)
		case <-s.leg.done:
			return s.writeError(ErrClosed)
		}
	}
}

// SendStop queues STOP (agent): no more of this request's content is wanted.
func (s *Stream) SendStop(seq uint32) {
	s.leg.queue(appendStop, signal{stream: s.id, seq: seq})
}

// SendReset queues RESET: the relay's ends the stream and is followed by Close; the agent's with code 0 begins nothing above seq, with another code tells
// of a protocol error in seq.
func (s *Stream) SendReset(seq uint32, code Code) {
	s.leg.queue(appendReset, signal{stream: s.id, seq: seq, code: code})
}

// Close ends the stream in both directions: a blocked Next, a WriteContent that waits for credit and a Write that waits for a place return. It never
// blocks: smux's own Close, which can take 30 s, runs on a goroutine of its own. Each stream of Open and Accept must be closed, even after its leg has died.
func (s *Stream) Close() {
	s.once.Do(func() {
		close(s.closed)
		s.over.Store(true)
		s.mu.Lock()
		s.hold.close()
		s.mu.Unlock()
		s.leg.forget(s)
		s.leg.goes(func() {
			_ = s.mux.Close() // what it could say, the leg says
			s.leg.guard.closed(s.id)
			s.leg.release()
		})
	})
}
