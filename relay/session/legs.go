package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

const (
	// maxLegs is how many connections a session may have at once; those with worn ids, which are about to be replaced, beside them.
	maxLegs = 4

	// calmSweeps in a row without a crowd end a leg that was made for one.
	calmSweeps = 6
)

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

// add makes l, which had a promise, one of them; false: the session is over.
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
	if len(next) > 0 {
		return false
	}
	k.over = true
	close(k.done)
	return true
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
		return l.load() < than.load()
	})
}

// lost says that none lives.
func (k *legs) lost() bool { return k.first() == nil }

// streams is how many they carry.
func (k *legs) streams() (n int) {
	for _, l := range k.all() {
		n += l.Streams()
	}
	return n
}

// count is how many there are.
func (k *legs) count() int { return len(k.all()) }

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

// fatal says on all of them that the session is over. None comes after it, that would not have heard.
func (k *legs) fatal(f *wire.Fatal) {
	k.conclude()
	for _, l := range k.all() {
		l.Fatal(f)
	}
}

// conclude lets no leg in any more.
func (k *legs) conclude() {
	k.mu.Lock()
	k.over = true
	k.mu.Unlock()
}

func (k *legs) concluded() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.over
}

func (k *legs) close() {
	for _, l := range k.all() {
		_ = l.Close()
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
	var lost []*stream // with an exchange: who waits for no frame of it must learn, too
	for st := range p.shares.all {
		if st.leg == l && st.granted && l.Lost() {
			lost = append(lost, st)
		}
	}
	p.mu.Unlock()
	closeAll(old)
	for _, st := range lost {
		st.lost()
	}
}
