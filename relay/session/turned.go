package session

import (
	"strconv"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// turnedEvery is the time from one telling of visitors who were turned away to the next.
	turnedEvery = time.Second

	// maxTurned is how many of them are told in full each time, over the session: strangers decide how many there are, and the control stream holds
	// 256 KiB. The rest is counted.
	maxTurned = 20

	// maxUnsent is how much may wait to be written to an agent that is told nonetheless: strangers must not fill what answers and figures go
	// through. With the longest message on top it is within what a leg has without asking for shared memory.
	maxUnsent = 32 << 10

	// maxMethod bounds what is told of a method, which is any word.
	maxMethod = 32
)

// turned are the visitors whom policies have turned away and of whom the agent has not heard.
type turned struct {
	dirty chan struct{} // there is something to send

	mu      sync.Mutex
	changed []*endpoint // in the order they changed
	full    int         // visitors kept
}

// rejects are one endpoint's.
type rejects struct {
	visitors []wire.TurnedVisitor
	more     int64
}

func (t *turned) init() { t.dirty = make(chan struct{}, 1) }

// TurnedAway keeps v for the agent, or counts it.
func (e *endpoint) TurnedAway(v registry.Visitor) {
	t := &e.sess.turned
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &e.rejects
	if len(r.visitors) == 0 && r.more == 0 {
		t.changed = append(t.changed, e)
		t.wake()
	}
	if t.full < maxTurned {
		t.full++
		r.visitors = append(r.visitors, told(v))
	} else {
		r.more++
	}
}

func (t *turned) wake() {
	select {
	case t.dirty <- struct{}{}:
	default:
	}
}

func told(v registry.Visitor) wire.TurnedVisitor {
	return wire.TurnedVisitor{
		Time: strconv.FormatInt(v.Time.UnixMicro(), 10), Client: v.Client.String(),
		Method: string(v.Method[:min(len(v.Method), maxMethod)]), Host: clip(string(v.Host)), Path: clip(string(v.Path[:min(len(v.Path), maxName)])),
		Status: v.Code.Info().Status, Code: v.Code, Reason: clip(v.Reason),
	}
}

// collect makes the next messages, one for each endpoint.
func (t *turned) collect() []*wire.Turned {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []*wire.Turned
	for _, e := range t.changed {
		all = append(all, &wire.Turned{Handle: e.handle, Visitors: e.rejects.visitors, More: e.rejects.more})
		e.rejects = rejects{}
	}
	clear(t.changed)
	t.changed, t.full = t.changed[:0], 0
	return all
}

// sendTurned tells of visitors who were turned away, or waits until the link has taken what was said before.
func (s *session) sendTurned() {
	l := s.legs.first()
	if l == nil || l.Unsent() > maxUnsent {
		s.turned.wake()
		return
	}
	for _, m := range s.turned.collect() {
		l.answer(wire.MsgTurned, 0, m)
	}
}
