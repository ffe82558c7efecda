package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// upheaval is a relay whose agents' sessions are lost, moved, drained and unbound, and get and lose legs, while visitors come.
type upheaval struct {
	*rig
	next  atomic.Uint64 // request ids
	over  atomic.Bool   // nobody comes any more
	whole atomic.Int64  // answers

	mu     sync.Mutex
	posts  map[uint64]int              // how often the services got each
	seen   map[*endpoint]bool          // all that visitors have found
	came   map[string]int64            // connections by name
	told   map[string]map[string]int64 // by name and epoch, as agents were told
	houses []*house
}

// house is an agent with one name, through all its sessions.
type house struct {
	u                     *upheaval
	token, instance, name string
	rnd                   *rand.Rand
	ticket                string
	now                   *agent   // the leg that messages go over
	more                  []*agent // other legs
	handle                uint32
}

// TestUpheaval: whatever becomes of the sessions, a visitor gets the answer to its own request or an error, no POST is delivered twice, other accounts get
// no name, each connection is counted once, and in the end nothing is left under way.
func TestUpheaval(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	u := &upheaval{rig: newRig(t), posts: map[uint64]int{}, seen: map[*endpoint]bool{}, came: map[string]int64{}, told: map[string]map[string]int64{}}
	for i, name := range []string{"a", "b", "c", "d"} {
		h := &house{u: u, token: "good", instance: "i" + name, name: name, rnd: rand.New(rand.NewPCG(seed, uint64(i)))}
		if i == 3 {
			h.token = "other"
		}
		u.told[h.host()] = map[string]int64{}
		h.move(wire.HowStart)
		u.houses = append(u.houses, h)
	}
	var agents, visitors sync.WaitGroup
	for i := range 12 {
		visitors.Go(func() { u.visit(rand.New(rand.NewPCG(seed, uint64(100+i)))) })
	}
	agents.Go(u.steal)
	for _, h := range u.houses {
		agents.Go(h.live)
	}
	agents.Wait()
	u.over.Store(true)
	visitors.Wait()
	for _, h := range u.houses {
		h.move(wire.HowResume)
	}
	u.check()
}

func (h *house) host() string {
	return h.name + "." + map[string]string{"good": "acme", "other": "emca"}[h.token] + ".test"
}

// move makes a session that has the name from now on, and returns the legs of the one before.
func (h *house) move(how string) (old legsOfOne) {
	if h.now != nil {
		old = append(h.more, h.now)
	}
	h.now, h.more = h.u.agent(h.token, h.instance, h.serve), nil
	h.now.stats.Store(ptr(h.count))
	h.handle = 0
	h.bind(how)
	return old
}

// legsOfOne are those of one session.
type legsOfOne []*agent

func (k legsOfOne) close() {
	for _, a := range k {
		a.leg.Close()
	}
}

func (h *house) bind(how string) {
	h.handle++
	m := h.now.ask(wire.MsgBind, &wire.Bind{Handle: h.handle, Protocol: "http", Name: h.name, How: how, Ticket: h.ticket})
	b, ok := m.Body.(*wire.Bound)
	if !ok {
		h.u.t.Errorf("%s %s: %+v", how, h.name, m.Body)
		return
	}
	h.ticket = b.Ticket
}

// live leads a restless life for some seconds.
func (h *house) live() {
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); {
		wait(context.Background(), time.Duration(h.rnd.IntN(300))*time.Millisecond)
		switch h.rnd.IntN(9) {
		case 0: // lost, and back
			append(legsOfOne(h.more), h.now).close()
			h.move(wire.HowResume)
		case 1: // back before the loss was noticed
			h.move(wire.HowResume).close()
		case 2: // moved; the old one is ended by the relay
			old := h.move(wire.HowMove)
			for _, a := range old {
				a.await(wire.MsgFatal)
			}
			old.close()
		case 3: // drained
			_ = h.now.leg.Send(wire.MsgDrain, 0, &wire.Drain{})
			h.move(wire.HowMove).close()
		case 4, 5: // another leg
			if len(h.more) < maxLegs-2 { // the relay may not have noticed that one is lost
				a := h.u.further(h.now, h.rnd.IntN(2) == 0, h.serve)
				a.stats.Store(ptr(h.count))
				h.more = append(h.more, a)
			}
		case 6, 7: // one is lost
			if len(h.more) > 0 {
				h.now.leg.Close()
				h.now, h.more = h.more[0], h.more[1:]
			}
		case 8:
			_ = h.now.leg.Send(wire.MsgUnbind, 0, &wire.Unbind{Handle: h.handle})
			h.bind(wire.HowResume)
		}
	}
}

// serve answers with the name and the request's id, unless it gives the stream up first, or dies.
func (h *house) serve(l *lane) bool {
	id := l.req.Conn
	if id%29 == 0 && l.req.Seq > 1 {
		l.SendReset(l.req.Seq-1, wire.CodeNone)
		_, err := l.Next()
		return err == nil
	}
	if !l.drain() {
		return false
	}
	h.u.mu.Lock()
	h.u.posts[id]++
	h.u.mu.Unlock()
	if id%5 == 0 {
		select {
		case <-time.After(time.Duration(id%40) * time.Millisecond):
		case <-l.resets:
			return false
		}
	}
	return id%37 != 0 && l.Write(l.response(fmt.Sprint(h.host(), id), taken)) == nil
}

func (h *house) count(s *wire.Stats) {
	h.u.mu.Lock()
	defer h.u.mu.Unlock()
	epochs := h.u.told[h.host()]
	for _, e := range s.Endpoints {
		epochs[e.Epoch] = max(epochs[e.Epoch], e.Opened)
	}
}

// steal tries to have the names of the one account for the other.
func (u *upheaval) steal() {
	thief := u.agent("other", "thief", ok("stolen"))
	for i, end := uint32(1), time.Now().Add(4*time.Second); time.Now().Before(end); i++ {
		h := u.houses[i%3]
		thief.refusedWith(wire.CodeNameTaken, claims(1, wire.HowStart, h.host(), ""))
		wait(context.Background(), 20*time.Millisecond)
	}
}

// visit sends one request after another.
func (u *upheaval) visit(rnd *rand.Rand) {
	for !u.over.Load() {
		h := u.houses[rnd.IntN(len(u.houses))]
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		e, err := u.reg.Await(ctx, []byte(h.host()))
		if err == nil {
			u.request(ctx, e, h, rnd)
		} else if !errors.Is(err, registry.ErrAway) {
			u.t.Errorf("%s: %v", h.host(), err)
		}
		cancel()
	}
}

func (u *upheaval) request(ctx context.Context, e *registry.Endpoint, h *house, rnd *rand.Rand) {
	id := u.next.Add(1)
	q := get(id)
	post := rnd.IntN(2) == 0
	if post {
		q = postOf(id)
	}
	u.mu.Lock()
	u.seen[e.Upstream.(*endpoint)] = true
	u.came[h.host()]++
	u.mu.Unlock()
	defer e.Upstream.Attach(id, true)()
	x, err := e.Upstream.Begin(ctx, q)
	if err != nil {
		if codeOf(err) == wire.CodeNone {
			u.t.Errorf("Begin: %v", err)
		}
		return
	}
	var leaving sync.WaitGroup
	if rnd.IntN(10) == 0 {
		leaving.Go(func() { x.Abort(wire.CodeVisitorGone) })
	}
	got, last, err := read(x)
	leaving.Wait()
	switch {
	case err == nil && last.Type == wire.Data && got == fmt.Sprint(h.host(), id):
		u.whole.Add(1)
		x.Finish()
	case err == nil && last.Type == wire.FailType:
		x.Finish()
	case err == nil || codeOf(err) == wire.CodeNone:
		u.t.Errorf("request %d to %s: %s %q %v", id, h.host(), last.Type, got, err)
	}
	x.Abort(wire.CodeVisitorGone)
	u.mu.Lock()
	if n := u.posts[id]; post && n > 1 {
		u.t.Errorf("POST %d was delivered %d times", id, n)
	}
	u.mu.Unlock()
	if ctx.Err() != nil {
		u.t.Errorf("request %d did not end in time", id)
	}
}

func postOf(id uint64) *registry.Request {
	q := post("content")
	q.Conn = id
	return q
}

// check looks for what is left.
func (u *upheaval) check() {
	u.t.Logf("%d requests, %d answers", u.next.Load(), u.whole.Load())
	if u.whole.Load() < int64(u.next.Load()/2) {
		u.t.Error("too few answers")
	}
	for e := range u.seen {
		if n, busy := e.Load(), e.sess.busy.Load(); n != 0 || busy != 0 {
			u.t.Errorf("load %d, %d busy", n, busy)
		}
		e.sess.stats.mu.Lock()
		if e.counts.open != 0 {
			u.t.Errorf("%d open", e.counts.open)
		}
		e.sess.stats.mu.Unlock()
	}
	for _, h := range u.houses {
		eventually(u.t, "the agent of "+h.name+" knows of all connections", func() bool {
			u.mu.Lock()
			defer u.mu.Unlock()
			var told int64
			for _, n := range u.told[h.host()] {
				told += n
			}
			return told == u.came[h.host()]
		})
		append(legsOfOne(h.more), h.now).close()
	}
	eventually(u.t, "only the thief is left, without a stream", func() bool { return u.srv.Sessions() == 1 && u.srv.Streams() == 0 })
}
