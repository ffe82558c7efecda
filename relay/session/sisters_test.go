package session

import (
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// offences end a leg. They are said on one that has the streams 4, 6 and 8 open, of which none has been answered.
var offences = map[string][]byte{
	"a SYN":                                  {2, 0, 0, 0, 11, 0, 0, 0},
	"another version of smux":                {1, 3, 0, 0, 0, 0, 0, 0},
	"a push of a stream that was not opened": wiretest.Push(100, []byte("x")),
	"content beyond its credit":              []byte(strings.Repeat(string(wiretest.Push(4, make([]byte, 32<<10))), 8)),
	"RESET ahead":                            wiretest.Push(wiretest.Control, wiretest.Reset(4, 9, 0)),
	"CREDIT for a stream not opened":         wiretest.Push(wiretest.Control, wiretest.Credit(100, 1, 1<<20)),
	"DATA on the control stream":             wiretest.Push(wiretest.Control, wiretest.Data("x", 0)),
	"an unknown frame":                       wiretest.Push(wiretest.Control, wire.AppendHeader(nil, 0x1f, 0, 0)),
	"a PING of 7":                            wiretest.Push(wiretest.Control, wiretest.Ping(make([]byte, 7))),
	"no JSON":                                wiretest.Push(wiretest.Control, append(wire.AppendHeader(nil, wire.Msg, 0, 1), '{')),
}

// TestOffenceCostsItsLeg: an agent that breaks the protocol on one of its legs, be it the first, loses that and what it carries. The others, their streams and
// the session's endpoints go on, and another leg may take the place of the lost one; so does another agent's session.
func TestOffenceCostsItsLeg(t *testing.T) {
	for name, offence := range offences {
		for which := range 2 {
			t.Run(fmt.Sprintf("%s on leg %d", name, which), func(t *testing.T) { offend(t, which, offence) })
		}
	}
}

func offend(t *testing.T, which int, offence []byte) {
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	r := newRig(t)
	other := r.agent("other", "i2", ok("other")).bind(r, 1, "b")
	serve := held(hold)
	first, second := r.dial(), r.dial()
	a := r.agentOn(first, "good", "i1", serve)
	e := a.bind(r, 1, "a")
	all := []*agent{a, r.furtherOn(second, a, false, serve), r.further(a, false, serve)}
	var xs []registry.Exchange
	for n := range 9 {
		xs = append(xs, begin(t, e, postOf(uint64(n+1))))
	}
	for n, a := range all {
		eventually(t, fmt.Sprint("a third on leg ", n), func() bool { return a.streams.Load() == 3 })
	}
	_, _ = []*tls.Conn{first, second}[which].Write(offence) // the leg may end before all of it is written
	all[which].ended()
	sess := e.Upstream.(*endpoint).sess
	eventually(t, "the relay knows", func() bool { return len(sess.legs.all()) == 2 })
	release()
	whole, lost := 0, 0
	for _, x := range xs {
		switch content, _, err := read(x); {
		case content == "hello":
			whole++
		case err != nil:
			lost++
		default:
			t.Errorf("%q %v", content, err)
		}
		x.Finish()
	}
	if whole != 6 || lost != 3 {
		t.Errorf("%d answers, %d lost", whole, lost)
	}
	for n, a := range all {
		select {
		case <-a.leg.Done():
			if n != which {
				t.Errorf("leg %d has ended, too", n)
			}
		default:
		}
	}
	if do(t, other, get(0)) != "other" || r.srv.Sessions() != 2 {
		t.Error("others are not what they were")
	}
	r.further(all[2], false, serve)
	if got := do(t, e, get(0)); got != "hello" {
		t.Errorf("afterwards: %q", got)
	}
}
