package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// maxLegs is how many connections a session may have at once; those with worn ids, which are about to be replaced, beside them.
	maxLegs = 4

	// calmSweeps in a row without a crowd end a leg that was made for one.
	calmSweeps = 6
)

// leg is one connection of a session. A stream belongs to its leg and is lost with it; everything else is the session's, and outlives it.
type leg struct {
	*wire.Leg
	sess    *session
	more    bool        // not the session's first
	spare   bool        // made for a crowd
	leaving atomic.Bool // no stream of it is used again: it ends when those under way have
}

// legs are a session's connections, in the order in which they came. What is said to the agent goes over the first that lives, what must not be lost with
// it over all of them.
type legs struct {
	list atomic.Pointer[[]*leg] // replaced, never changed: those who open streams take no lock
	done chan struct{}          // closed when the last has ended, and the session with it
	calm int                    // sweeps in a row without a crowd; keep's

	mu       sync.Mutex
	promised int  // places of those on their way to Welcome
	over     bool // none is added any more
}

func (k *legs) init() {
	k.list.Store(&[]*leg{})
	k.done = make(chan struct{})
}

func (k *legs) all() []*leg { return *k.list.Load() }

// promise keeps a place for another one, until add or withdraw. False: there is none.
func (k *legs) promise() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.promised
	for _, l := range k.all() {
		if !l.Worn() && !l.Lost() {
			n++
		}
	}
	if k.over || n >= maxLegs {
		return false
	}
	k.promised++
	return true
}

func (k *legs) withdraw() {
	k.mu.Lock()
	k.promised--
	k.mu.Unlock()
}

// add makes l, which had a promise, one of them; false: the session has ended.
func (k *legs) add(l *leg) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return false
	}
	k.promised--
	next := append(append([]*leg(nil), k.all()...), l)
	k.list.Store(&next)
	return true
}

// remove takes l out; last: the session has ended with it.
func (k *legs) remove(l *leg) (last bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var next []*leg
	for _, o := range k.all() {
		if o != l {
			next = append(next, o)
		}
	}
	k.list.Store(&next)
	if k.over = len(next) == 0; k.over {
		close(k.done)
	}
	return k.over
}

// best is the leg that f prefers to every other one that lives; nil: none lives.
func (k *legs) best(f func(l, than *leg) bool) *leg {
	var b *leg
	for _, l := range k.all() {
		if !l.Lost() && (b == nil || f(l, b)) {
			b = l
		}
	}
	return b
}

// first is the leg for control messages.
func (k *legs) first() *leg {
	return k.best(func(l, than *leg) bool { return than.leaving.Load() && !l.leaving.Load() })
}

// roomiest is the leg for another stream: that with the fewest. One that leaves, or has few ids left, is better than none.
func (k *legs) roomiest() *leg {
	return k.best(func(l, than *leg) bool {
		if old := than.old(); old != l.old() {
			return old
		}
		return l.Streams() < than.Streams()
	})
}

func (l *leg) old() bool { return l.leaving.Load() || l.Worn() }

// lost says that none lives.
func (k *legs) lost() bool { return k.first() == nil }

// streams is how many they carry.
func (k *legs) streams() (n int) {
	for _, l := range k.all() {
		n += l.Streams()
	}
	return n
}

// proof is when something last came on one of them.
func (k *legs) proof() (at time.Time) {
	for _, l := range k.all() {
		if p := l.Proof(); p.After(at) {
			at = p
		}
	}
	return at
}

// alive asks on all of them, and is content with the first answer.
func (k *legs) alive(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all := k.all()
	answers := make(chan bool, len(all))
	for _, l := range all {
		l.sess.srv.start(func() { answers <- l.Alive(ctx) })
	}
	for range all {
		if <-answers {
			return true
		}
	}
	return false
}

// fatal says on all of them that the session is over.
func (k *legs) fatal(f *wire.Fatal) {
	for _, l := range k.all() {
		l.Fatal(f)
	}
}

func (k *legs) close() {
	for _, l := range k.all() {
		_ = l.Close()
	}
}

// work works the leg until it dies, and ends the session with the last one, or when one side has said that it is over.
func (l *leg) work() {
	s := l.sess
	err := l.Run(context.Background())
	_ = l.Close()
	l.leaving.Store(true)
	s.pools.abandon(l)
	var told *wire.FatalError
	if errors.As(err, &told) {
		s.legs.fatal(&wire.Fatal{Code: told.Code, Text: told.Text, Wait: int(told.Wait / time.Second)})
	}
	if !s.legs.remove(l) {
		s.log.Info("leg ended", "reason", err, "left", len(s.legs.all()))
		return
	}
	s.refusals.end(s.log, refusalLine)
	s.notices.end(s.log, noticeLine)
	s.retire(errors.Is(err, wire.ErrLinkLost))
	s.srv.leave(s)
	s.log.Info("agent offline", "reason", err)
}

// hear takes a message. Those of all legs are handled one at a time.
func (l *leg) hear(m *wire.Message) {
	l.sess.hearing.Lock()
	defer l.sess.hearing.Unlock()
	l.sess.message(l, m)
}

// answer is send on the leg that asked.
func (l *leg) answer(typ string, id int64, body any) {
	if err := l.Send(typ, id, body); err != nil {
		l.sess.log.Debug("message not sent", "type", typ, "err", err)
	}
}

// prune leaves legs that another one can stand in for: worn ones, and, one a minute, those that were made for a crowd which has gone. They end by themselves.
func (s *session) prune() {
	if s.legs.calm++; s.legs.streams() >= wire.MaxStreams/4 {
		s.legs.calm = 0
	}
	for _, l := range s.legs.all() {
		surplus := l.spare && s.legs.calm >= calmSweeps
		if (surplus || l.Worn()) && !l.leaving.Load() && s.legs.others(l) {
			s.log.Info("leg is left", "worn", l.Worn(), "streams", l.Streams())
			l.leaving.Store(true)
			s.legs.calm = 0
		}
		if l.leaving.Load() {
			s.pools.abandon(l)
			l.CloseUnused()
		}
	}
}

// others says whether there is another leg to open streams on.
func (k *legs) others(l *leg) bool {
	for _, o := range k.all() {
		if o != l && !o.Lost() && !o.old() {
			return true
		}
	}
	return false
}

// abandon closes the idle streams of a leg; those that are bound to a visitor only when it is lost.
func (p *pools) abandon(l *leg) {
	var old []*stream
	p.mu.Lock()
	for _, e := range p.endpoints {
		kept := e.pool.idle[:0]
		for _, st := range e.pool.idle {
			if st.leg == l {
				old = append(old, st)
			} else {
				kept = append(kept, st)
			}
		}
		clear(e.pool.idle[len(kept):])
		e.pool.idle, e.pool.least = kept, min(e.pool.least, len(kept))
		for _, v := range e.pool.visitors {
			if v.pin != nil && v.pin.leg == l && !v.pin.lent && l.Lost() {
				old = append(old, v.pin) // it stays the visitor's, so that it learns of the end
			}
		}
	}
	p.mu.Unlock()
	closeAll(old)
}

// newStream opens a stream on the roomiest leg. One that is lost in that moment has carried nothing of the request.
func (p *pools) newStream(ctx context.Context, o *wire.OpenFrame) (*wire.Stream, *leg, error) {
	for {
		l := p.legs.roomiest()
		if l == nil {
			return nil, nil, &registry.Error{Code: wire.CodeAgentGone}
		}
		w, err := l.Open(ctx, o)
		if err == nil || ctx.Err() != nil || !errors.Is(err, wire.ErrLinkLost) {
			return w, l, err
		}
	}
}
