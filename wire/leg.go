package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/xtaci/smux"
)

const (
	controlID = 2 // the control stream: the first that the relay opens
	// maxEarly is how many streams may wait in smux's backlog, and so how many RESETs may come before their streams.
	maxEarly = 1024
	// maxPlaces is how many streams of a leg write more than 4 KiB at once; slowPlaces is that of a slow link.
	maxPlaces  = 8
	slowPlaces = 1
)

// LegOptions are what a leg needs from its owner.
type LegOptions struct {
	// Go starts goroutines; nil: plain go.
	Go func(func())
	// OnMessage is called for every MSG, in order, on a goroutine of its own. It may block, but not for ever: Run waits for it, and the queue in front
	// of it takes 256 KiB, then the leg ends. nil: messages are dropped.
	OnMessage func(*Message)
	// Log hears of what ends the leg; nil: nothing is logged.
	Log *slog.Logger
	// Budget is shared with other legs: it bounds windows beside the budget that each leg has of its own, and what queues and buffers of legs grow beyond what
	// each has in any case. nil: nothing is shared.
	Budget *Budget
	// IDs is how many stream ids the leg has; 0: all of them, 2³¹ − 1. Tests have fewer.
	IDs uint32
}

// Leg is one authenticated connection: gathering connection, smux session, control stream. It owns the connection.
type Leg struct {
	relay  bool
	o      LegOptions
	conn   *gather
	guard  *guard // the relay's
	mux    *smux.Session
	pulse  pulse
	out    outbox
	in     inbox
	places places
	narrow places           // … on a slow link
	budget *Budget          // this leg's own
	now    func() time.Time // for windows; tests have their own
	rtt    atomic.Int64
	least  atomic.Int64 // the shortest rtt so far: how far away the other side is, however busy both are; 0: not known yet

	opening chan struct{} // one place: streams are opened one at a time

	mu         sync.Mutex
	ctl        *smux.Stream
	streams    map[uint32]*Stream // but the control stream, until their Close
	open       int                // until smux's Close has returned
	highest    uint32             // id opened or accepted
	pending    uint32             // id that is being opened, 0: none
	early      map[uint32]signal  // RESETs that came before their streams
	accepted   []*Stream
	arrived    chan struct{} // of one place: accepted has grown
	controlled chan struct{} // closed when ctl is set
	fatal      *FatalError   // sent or received; why the leg will end
	farewell   *time.Timer   // runs once Fatal was sent
	cause      error         // why it has ended; set before done is closed
	done       chan struct{}
	shut       bool // no stream is opened any more
	drain      bool // the link is lost, and streams are still read: the smux session ends with the last of them
}

// places bounds how many streams write bulk at once, first come, first served (as Go's channels are). smux is fair between streams: without it a
// control frame would wait behind a frame of each of hundreds of writers.
type places chan struct{}

func (p places) give() { <-p }

// NewRelayLeg makes the relay's side over a connection whose handshake is done, and opens the control stream. It owns conn from now on, whether it
// fails or not. Run must follow, or Close.
func NewRelayLeg(conn net.Conn, o LegOptions) (*Leg, error) {
	l, err := newLeg(conn, o, true)
	if err != nil {
		return nil, err
	}
	ctl, err := l.mux.OpenStream()
	if err == nil && ctl.ID() != controlID {
		err = fmt.Errorf("control stream has id %d", ctl.ID())
	}
	if err != nil {
		l.end(err, false)
		return nil, fmt.Errorf("leg: %w", err)
	}
	l.ctl = ctl
	return l, nil
}

// NewAgentLeg makes the agent's side; Run waits for the control stream. It owns conn from now on, whether it fails or not. Run must follow, or Close.
func NewAgentLeg(conn net.Conn, o LegOptions) (*Leg, error) { return newLeg(conn, o, false) }

func newLeg(conn net.Conn, o LegOptions, relay bool) (*Leg, error) {
	l := &Leg{
		relay: relay, o: o, conn: newGather(conn), pulse: pulse{lim: defaultLimits},
		places: make(places, maxPlaces), narrow: make(places, slowPlaces), budget: NewBudget(legBudget), now: time.Now, opening: make(chan struct{}, 1),
		streams: map[uint32]*Stream{}, highest: controlID, early: map[uint32]signal{},
		arrived: make(chan struct{}, 1), controlled: make(chan struct{}), done: make(chan struct{}),
	}
	if l.o.IDs == 0 {
		l.o.IDs = allIDs
	}
	l.out.wake = make(chan struct{}, 1)
	l.in.wake = make(chan struct{}, 1)
	l.out.more = surplus{budget: o.Budget, own: ownOutbox}
	l.in.more = surplus{budget: o.Budget, own: ownInbox}
	l.conn.more = surplus{budget: o.Budget, own: 2 * gatherMin}
	l.goes(l.conn.flush)
	side, link := smux.Client, io.ReadWriteCloser(l.conn)
	if relay {
		l.guard = newGuard(l.conn, l.done)
		side, link = smux.Server, l.guard
	}
	mux, err := side(link, smuxConfig())
	if err != nil {
		_ = l.conn.Close()
		return nil, fmt.Errorf("leg: %w", err)
	}
	l.mux = mux
	return l, nil
}

func (l *Leg) goes(f func()) {
	if l.o.Go != nil {
		l.o.Go(f)
		return
	}
	go f()
}

// peer is who is at the other end.
func (l *Leg) peer() side {
	if l.relay {
		return fromAgent
	}
	return fromRelay
}

// Send queues a control message; it never blocks. id is 0 for messages that want no answer, and the question's for an answer. An error means that the leg
// has ended, or that the message cannot be encoded or is longer than MaxMessage.
func (l *Leg) Send(typ string, id int64, body any) error {
	frame, err := appendMessage(nil, typ, id, body)
	if err != nil {
		return err
	}
	if l.ended() {
		return l.lostError(ErrClosed)
	}
	if !l.out.message(frame) {
		err := protocolError(CodeControlFlood, "control messages are not taken")
		l.end(err, false)
		return err
	}
	return nil
}

// Unsent is how many bytes of control frames the link has not taken: they wait, or are being written. Whoever has something to say that can wait looks here first.
func (l *Leg) Unsent() int { return l.out.waiting() }

// queue queues a RESET or STOP.
func (l *Leg) queue(enc func([]byte, signal) []byte, g signal) {
	if !l.out.signal(enc, g) {
		l.end(protocolError(CodeControlFlood, "control frames are not taken"), false)
	}
}

// Fatal tells the other side why it is over and ends the leg: when the other side has closed, or 5 s later. Run then returns the *FatalError.
func (l *Leg) Fatal(f *Fatal) {
	body := *f
	body.Text = cutText(body.Text)
	l.setFatal(body.err())
	if l.Send(MsgFatal, 0, &body) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause == nil && l.farewell == nil {
		l.farewell = time.AfterFunc(l.pulse.lim.farewell, func() { _ = l.Close() })
	}
}

// Ping asks for a sign of life now; for waking up, a changed network, an impatient person.
func (l *Leg) Ping() { l.out.sendPing(l.pulse.ping(time.Now())) }

// Alive asks for a sign of life and says whether it came before ctx ended. Only the answer to this question counts, or to a later one: bytes that were on
// their way before prove nothing.
func (l *Leg) Alive(ctx context.Context) bool {
	payload, answered := l.pulse.ask(time.Now())
	defer l.pulse.forget(answered)
	l.out.sendPing(payload)
	select {
	case <-answered:
		return true
	case <-l.done:
	case <-ctx.Done():
	}
	return false
}

// RTT is the last ping's round trip, 0 before the first.
func (l *Leg) RTT() time.Duration { return time.Duration(l.rtt.Load()) }

// Proof is when bytes last came from the other side.
func (l *Leg) Proof() time.Time { return l.conn.lastHeard() }

// Flush waits until the control frames queued so far are written to the network, or ctx ends.
func (l *Leg) Flush(ctx context.Context) error {
	if err := l.out.drain(ctx, l.done); err != nil {
		return err
	}
	return l.conn.drain(ctx)
}

// Close ends everything at once; nothing that is queued is written. Blocked reads and writes return. After the link was lost, streams may still
// be read until they are closed.
func (l *Leg) Close() error {
	l.end(ErrClosed, false)
	return nil
}

// Done is closed when the leg has ended.
func (l *Leg) Done() <-chan struct{} { return l.done }

func (l *Leg) ended() bool { return isClosed(l.done) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Lost says that the link is gone, in one direction at least: nothing that is begun now can come to an end.
func (l *Leg) Lost() bool { return l.ended() || l.conn.deaf.Load() || isClosed(l.conn.broken) }

// lostError says why the leg has ended, if it has; else err.
func (l *Leg) lostError(err error) error {
	if !l.Lost() {
		return err
	}
	if l.ended() {
		err = l.cause
	}
	return linkLost(err)
}

func linkLost(err error) error {
	if errors.Is(err, ErrLinkLost) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrLinkLost, err)
}

func (l *Leg) setFatal(e *FatalError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fatal == nil {
		l.fatal = e
	}
}

// end ends the leg, once. keep: what streams have received may still be read, so the smux session ends with the last of them.
func (l *Leg) end(cause error, keep bool) {
	l.mu.Lock()
	if l.cause != nil {
		l.mu.Unlock()
		return
	}
	l.cause = cause
	if l.fatal != nil {
		l.cause = l.fatal
	}
	if l.farewell != nil {
		l.farewell.Stop()
	}
	orphans, ctl := l.accepted, l.ctl
	l.accepted = nil
	l.drain = keep && l.open > len(orphans)
	now := !l.drain
	close(l.done)
	l.mu.Unlock()
	if l.o.Log != nil {
		l.o.Log.Debug("leg ended", "cause", l.cause)
	}
	_ = l.conn.Close()
	l.out.close()
	if ctl != nil {
		// smux frees blocked writers only when a write of its own fails: this FIN does.
		_ = ctl.Close()
	}
	for _, s := range orphans {
		s.Close()
	}
	if now {
		_ = l.mux.Close()
	}
}
