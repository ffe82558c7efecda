package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

const (
	// maxLegs is how many legs a session may be asked to have.
	maxLegs = 4

	// crowdLegs is up to how many a crowd makes it have: beyond them more of the same link is no gain.
	crowdLegs = 3
)

// leg is one TLS connection of a session. Lanes belong to the leg of their stream and are lost with it; all else is the session's.
type leg struct {
	*wire.Leg
	s     *session
	spare bool // made for a crowd: the relay ends it when that has gone
	since time.Time
	from  net.Addr // of this machine
}

// legs are those that live, in the order in which they came. Messages go over the first; what must not be lost with it, over all.
type legs struct {
	look  chan struct{} // of one place: there may be one missing
	done  chan struct{} // closed when the last has ended
	hasty atomic.Bool   // one was lost as soon as it was there: the next one may be, too

	mu   sync.Mutex
	all  []*leg
	over bool // none is added any more
}

func (k *legs) list() []*leg {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]*leg(nil), k.all...)
}

// add is false when the session has ended.
func (k *legs) add(l *leg) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.over {
		k.all = append(k.all, l)
	}
	return !k.over
}

// remove takes l out; last: none is left, and none will come.
func (k *legs) remove(l *leg) (last bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, o := range k.all {
		if o == l {
			k.all = append(k.all[:i:i], k.all[i+1:]...)
		}
	}
	if time.Since(l.since) < steadyAfter {
		k.hasty.Store(true)
	}
	if len(k.all) > 0 {
		return false
	}
	k.over = true
	close(k.done)
	return true
}

// shut closes all of them, and those to come.
func (k *legs) shut() {
	k.mu.Lock()
	k.over = true
	k.mu.Unlock()
	k.close()
}

func (k *legs) close() {
	for _, l := range k.list() {
		_ = l.Close()
	}
}

// proof is when something last came on the leg that has been silent longest.
func (k *legs) proof() (at time.Time) {
	for _, l := range k.list() {
		if p := l.Proof(); at.IsZero() || p.Before(at) {
			at = p
		}
	}
	return at
}

// rtts are the round trips, and the shortest of them; 0: not measured yet.
func (k *legs) rtts() (least time.Duration, all []time.Duration) {
	for _, l := range k.list() {
		r := l.RTT()
		if all = append(all, r); least == 0 || r > 0 && r < least {
			least = r
		}
	}
	return least, all
}

func (k *legs) flush(ctx context.Context) {
	for _, l := range k.list() {
		_ = l.Flush(ctx)
	}
}

// send queues a message on the first leg that takes it. It may be lost with that: askAgain.
func (s *session) send(typ string, id int64, body any) error {
	err := error(wire.ErrLinkLost)
	for _, l := range s.legs.list() {
		if err = l.Send(typ, id, body); err == nil {
			return nil
		}
	}
	return err
}

// work works the leg to its end, and ends the session with the last one, or when one side has said that it is over.
func (l *leg) work(ctx context.Context) {
	s := l.s
	s.goes(func() { s.acceptAll(ctx, l) })
	err := l.Run(ctx)
	_ = l.Close() // nothing can be lost with it any more
	last := s.legs.remove(l)
	s.killLanes(func(of *leg) bool { return of == l })
	var told *wire.FatalError
	if last || errors.As(err, &told) {
		select {
		case s.died <- err:
		default: // another leg's end was told
		}
		s.legs.shut()
		return
	}
	s.a.o.Log.Info("leg ended", "session", s.welcome.Session, "reason", err)
	s.askAgain()
	notify(s.legs.look)
}

// askAgain says again what may have been lost with a leg, in the order in which it was said: of two binds of one name the later one counts. The relay knows by
// the handle what it has heard before.
func (s *session) askAgain() {
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, handle := range slices.Sorted(maps.Keys(s.bindings)) {
		switch b := s.bindings[handle]; {
		case b.gone:
		case b.closed.Load():
			_ = s.send(wire.MsgUnbind, 0, &wire.Unbind{Handle: handle})
		case b.epoch == "":
			_ = s.send(wire.MsgBind, int64(handle), b.wish)
		}
	}
}

// keepLegs makes the legs that are missing, until ctx ends or the relay wants no more of them.
func (s *session) keepLegs(ctx context.Context) {
	b, made := backoff{down: time.Now()}, time.Now()
	for {
		spare, wanted := s.missing()
		if !wanted {
			select {
			case <-s.legs.look:
			case <-ctx.Done():
				return
			}
			if time.Since(made) >= steadyAfter {
				b = backoff{down: time.Now()}
			}
			continue
		}
		if s.legs.hasty.Swap(false) && !sleep(ctx, b.next(time.Now(), 0)) {
			return
		}
		err := s.addLeg(ctx, spare)
		if err == nil {
			made = time.Now()
		} else if !s.tryLegAgain(ctx, &b, err) {
			return
		}
	}
}

// tryLegAgain waits for the next try; false: there is none.
func (s *session) tryLegAgain(ctx context.Context, b *backoff, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if fatal(err) != nil {
		s.a.o.Log.Warn("the session gets no further leg", "err", err)
		return false
	}
	s.a.o.Log.Debug("no leg", "err", err)
	return sleep(ctx, b.untilTry(time.Now(), err))
}

// sleep is false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// missing says whether another leg is wanted, and whether it is for a crowd only. One whose stream ids are worn does not count: the relay leaves it when there
// is another.
func (s *session) missing() (spare, wanted bool) {
	most := int(min(s.welcome.Limits["legs"], maxLegs))
	kept, all, crowded := 0, 0, true
	legs := s.legs.list()
	for _, l := range legs {
		if l.Worn() {
			continue
		}
		all++
		crowded = crowded && l.crowded()
		if !l.spare {
			kept++
		}
	}
	if len(legs) == 0 || all >= most {
		return false, false // with the last leg the session has ended
	}
	if kept < max(s.a.o.Legs, s.welcome.Legs) {
		return false, true
	}
	return true, crowded && all < crowdLegs
}

// crowded says that the leg carries more than half of the streams it may have.
func (l *leg) crowded() bool {
	most := l.s.welcome.Limits["streams"]
	if most <= 0 {
		most = wire.MaxStreams
	}
	return int64(l.Streams()) > most/2
}

// addLeg makes another leg.
func (s *session) addLeg(ctx context.Context, spare bool) error {
	conn, err := s.a.dialRelay(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	j := &wire.Join{Session: s.welcome.Session, Secret: s.welcome.Secret, Version: s.a.o.Version, Spare: spare}
	if _, err = wire.ClientJoin(conn, j); err != nil {
		return closing(conn, fmt.Errorf("a further leg: %w", err))
	}
	l, err := s.newLeg(conn)
	if err != nil {
		return err
	}
	l.spare = spare
	if !s.legs.add(l) {
		return l.Close()
	}
	s.a.o.Log.Info("leg online", "session", s.welcome.Session, "spare", spare)
	s.goes(func() { l.work(s.life) })
	return nil
}
