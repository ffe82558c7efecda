package session

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// reported waits until a was told so many connections of an epoch, all under handle, and acknowledges what it hears.
func (a *agent) reported(handle uint32, epoch uint64, opened int64) {
	a.t.Helper()
	for {
		m := a.await(wire.MsgStats).Body.(*wire.Stats)
		if err := a.leg.Send(wire.MsgStatsAck, 0, &wire.StatsAck{Seq: m.Seq}); err != nil {
			a.t.Fatal(err)
		}
		for _, e := range m.Endpoints {
			if e.Epoch == strconv.FormatUint(epoch, 10) && e.Handle == handle && e.Opened == opened {
				return
			}
		}
	}
}

// attach lets n visitors come to e.
func attach(e *registry.Endpoint, n int) {
	for i := range n {
		e.Upstream.Attach(uint64(1000+i), true)
	}
}

// An agent hears the last of a session that died from its next session, however the name went from the one to the other.
func TestArrears(t *testing.T) {
	dies := func(r *rig, a *agent) {
		a.leg.Close()
		eventually(r.t, "it is gone", func() bool { return r.srv.Sessions() == 0 })
	}
	for name, c := range map[string]struct {
		how           string
		before, after func(*rig, *agent)
	}{
		"resumed after its end":  {wire.HowResume, dies, func(*rig, *agent) {}},
		"resumed before its end": {wire.HowResume, func(*rig, *agent) {}, func(_ *rig, a *agent) { a.leg.Close() }},
		"moved":                  {wire.HowMove, func(*rig, *agent) {}, func(_ *rig, a *agent) { a.leg.Close() }},
		"moved, and its last words are not heard": {wire.HowMove, func(*rig, *agent) {}, func(_ *rig, a *agent) {
			a.await(wire.MsgFatal)
			a.leg.Close()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			old := r.agent("good", "i1", ok(""))
			first := old.bind(r, 1, "a")
			attach(first, 3)
			c.before(r, old)
			young := r.agent("good", "i1", ok(""))
			young.bindAs(r, &wire.Bind{Handle: 5, Protocol: "http", Name: "a", How: c.how, Ticket: r.tickets["a"]})
			c.after(r, old)
			young.reported(5, first.Epoch, 3)
		})
	}
}

// Who had found the endpoint before its session ended, and comes a moment later, is counted too.
func TestArrearsOfLateComers(t *testing.T) {
	r := newRig(t)
	old := r.agent("good", "i1", ok(""))
	first := old.bind(r, 1, "a")
	old.leg.Close()
	eventually(t, "it is gone", func() bool { return r.srv.Sessions() == 0 })
	attach(first, 2)
	young := r.agent("good", "i1", ok(""))
	young.bind(r, 5, "a")
	young.reported(5, first.Epoch, 2)
	attach(first, 1)
	young.reported(5, first.Epoch, 3)
}

// Connections that came before an Unbind are told after it.
func TestStatsOfWhatWasUnbound(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok(""))
	e := a.bind(r, 1, "a")
	attach(e, 1)
	a.reported(1, e.Epoch, 1) // the next Stats waits for its time
	attach(e, 2)
	if err := a.leg.Send(wire.MsgUnbind, 0, &wire.Unbind{Handle: 1}); err != nil {
		t.Fatal(err)
	}
	a.reported(1, e.Epoch, 3)
}

// Agents that never come back do not keep those out that do.
func TestArrearsHaveRoom(t *testing.T) {
	r := newRig(t)
	s := newSession(r.srv, "s", control.Grant{Account: "acme"}, "i1", r.srv.o.Log)
	s.stats.over = true
	for i := range maxArrears + 1 {
		e := &endpoint{sess: s, handle: 1, reg: &registry.Endpoint{Host: fmt.Sprint("h", i), Account: "acme", Instance: "i1", Epoch: 9}}
		for range 3 {
			e.sess.stats.opened(e)
			r.srv.owe(e)
		}
		key := arrearsOf(e.reg)
		if due := r.srv.arrears[key]; len(due) != 1 || due[0].opened != 3 {
			t.Fatalf("%d: %+v", i, due)
		}
	}
	if n := len(r.srv.arrears); n > maxArrears {
		t.Fatalf("%d are kept", n)
	}
}
