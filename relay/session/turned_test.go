package session

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// strangerAt is a visitor who was turned away.
func strangerAt(path string) registry.Visitor {
	return registry.Visitor{
		Time: time.UnixMicro(1_793_613_600_123_456), Client: netip.MustParseAddr("203.0.113.9"), Method: []byte("GET"), Host: []byte("a.acme.test"),
		Path: []byte(path), Code: wire.CodeAuthRequired, Reason: "basic-auth: no user name and password (on_http_request, rule 1)",
	}
}

func TestTurnedIsTold(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok(""))
	e := a.bind(r, 7, "a")
	e.Upstream.TurnedAway(strangerAt("/admin"))
	m := a.await(wire.MsgTurned)
	got := fmt.Sprintf("%d %+v", m.ID, *m.Body.(*wire.Turned))
	want := "0 {Handle:7 Visitors:[{Time:1793613600123456 Client:203.0.113.9 Method:GET Host:a.acme.test Path:/admin Status:401 Code:ADIT-4011 AUTH_REQUIRED " +
		"Reason:basic-auth: no user name and password (on_http_request, rule 1)}] More:0}"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	e.Upstream.TurnedAway(strangerAt("/again"))
	if m := a.await(wire.MsgTurned).Body.(*wire.Turned); len(m.Visitors) != 1 || m.Visitors[0].Path != "/again" {
		t.Errorf("%+v", m)
	}
}

// TestTurnedIsBounded: strangers decide how many they are and what they ask for, but not how much the agent is told.
func TestTurnedIsBounded(t *testing.T) {
	s := &session{}
	s.turned.init()
	all := []*endpoint{{sess: s, handle: 1}, {sess: s, handle: 2}}
	v := strangerAt(strings.Repeat("<", 60_000))
	v.Method, v.Host = []byte(strings.Repeat("&", 60_000)), []byte(strings.Repeat("\xff", 60_000))
	for range 2 {
		for i := range 1000 {
			all[i%2].TurnedAway(v)
		}
		msgs := s.turned.collect()
		visitors, more := 0, int64(0)
		for i, m := range msgs {
			visitors += len(m.Visitors)
			more += m.More
			if int(m.Handle) != i+1 || int64(len(m.Visitors))+m.More != 500 {
				t.Errorf("of handle %d: %d and %d more", m.Handle, len(m.Visitors), m.More)
			}
		}
		if visitors != maxTurned || more != 1000-maxTurned || len(msgs) != 2 {
			t.Errorf("%d are told in full, %d more, in %d messages", visitors, more, len(msgs))
		}
	}
	if s.turned.collect() != nil {
		t.Error("told twice")
	}
	// As long as they can be, they fit a message.
	for range maxTurned {
		all[0].TurnedAway(v)
	}
	r := newRig(t)
	a := r.agent("good", "i1", ok(""))
	a.bind(r, 1, "a").Upstream.(*endpoint).sess.send(wire.MsgTurned, s.turned.collect()[0])
	if m := a.await(wire.MsgTurned).Body.(*wire.Turned); len(m.Visitors) != maxTurned {
		t.Errorf("%d came", len(m.Visitors))
	}
}

// jam has say called until a link that is interrupted has taken nothing for a while, and what it lets wait is more than maxUnsent.
func jam(t *testing.T, l *leg, say func()) {
	t.Helper()
	end := time.Now().Add(patience)
	for still := 0; still < 100; still++ {
		before := l.Unsent()
		say()
		if l.Lost() {
			t.Fatal("the leg has ended")
		}
		if time.Now().After(end) {
			t.Fatal("the link takes all")
		}
		time.Sleep(2 * time.Millisecond)
		if n := l.Unsent(); n <= maxUnsent || n < before {
			still = 0
		}
	}
}

// TestTurnedWaitsForTheLink: while a link takes nothing, no more is put on it, and the leg does not die of it; what was kept comes when it takes again.
func TestTurnedWaitsForTheLink(t *testing.T) {
	r := newRig(t)
	a, cable := r.agentBehind("i1", ok(""))
	e := a.bind(r, 1, "a").Upstream.(*endpoint)
	l := e.sess.legs.first()
	cable.Interrupt()
	jam(t, l, func() {
		if l.Unsent() <= maxUnsent {
			l.answer(wire.MsgNotice, 0, &wire.Notice{Level: "info", Text: strings.Repeat("x", 48<<10)})
		}
	})
	e.TurnedAway(strangerAt("/"))
	before := l.Unsent()
	e.sess.sendTurned()
	if n := l.Unsent(); n > before {
		t.Errorf("%d bytes wait, %d before", n, before)
	}
	cable.Mend()
	for {
		if m := a.await(wire.MsgTurned).Body.(*wire.Turned); len(m.Visitors) == 1 {
			return
		}
	}
}

// TestTurnedWithoutMemory: however many visitors are turned away while a link takes nothing, a leg that has no more than its own does not die of them.
func TestTurnedWithoutMemory(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Grown = 1 })
	a, cable := r.agentBehind("i1", ok(""))
	e := a.bind(r, 1, "a").Upstream.(*endpoint)
	l := e.sess.legs.first()
	cable.Interrupt()
	v := strangerAt(strings.Repeat("<", 60_000))
	v.Host = []byte(strings.Repeat("\xff", 60_000))
	jam(t, l, func() {
		for range maxTurned {
			e.TurnedAway(v)
		}
		e.sess.sendTurned()
	})
	cable.Mend()
	a.await(wire.MsgTurned)
}

const (
	annOnly = `{"on_http_request":[{"actions":[{"type":"basic-auth","config":{"credentials":["ann:correct horse"]}}]}]}`
	bobOnly = `{"on_http_request":[{"actions":[{"type":"basic-auth","config":{"credentials":["bob:battery staple"]}}]}]}`
)

// guarded is a Bind with a policy.
func (r *rig) guarded(handle uint32, policy string) *wire.Bind {
	return &wire.Bind{Handle: handle, Protocol: "http", Name: "a", How: wire.HowResume, Ticket: r.tickets["a"], Policy: policy}
}

// TestBindPolicy: the registry never has the endpoint without the policy it was bound with.
func TestBindPolicy(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok(""))
	bad := r.guarded(1, `{"on_http_request":[{"actions":[{"type":"basic-auth","config":{"credentials":["ann:secret"]}}]}]}`)
	f, _ := a.ask(wire.MsgBind, bad).Body.(*wire.Refusal)
	if f == nil || f.Code != wire.CodeBadPolicy || strings.Contains(f.Text, "secret") ||
		f.Text != `on_http_request, rule 1, action 1 ("basic-auth"), credentials, entry 1: the password has 6 characters; it must have 8 to 128` {
		t.Fatalf("%+v", f)
	}
	if _, err := r.reg.Pick([]byte("a.acme.test")); err == nil || r.names.placed.Load() != 0 {
		t.Fatal("it is bound nonetheless")
	}
	first := a.bindAs(r, r.guarded(1, annOnly))
	if again := a.bindAs(r, r.guarded(1, annOnly)); again != first || first.Policy == nil {
		t.Errorf("the same Bind again: %p, then %p", first, again)
	}
	if f, _ := a.ask(wire.MsgBind, r.guarded(1, bobOnly)).Body.(*wire.Refusal); f == nil || f.Code != wire.CodeBadHandle {
		t.Errorf("another policy under one handle: %+v", f)
	}
	if f, _ := a.ask(wire.MsgBind, r.guarded(1, "")).Body.(*wire.Refusal); f == nil || f.Code != wire.CodeBadHandle {
		t.Errorf("no policy under that handle: %+v", f)
	}
	second := a.bindAs(r, r.guarded(2, bobOnly))
	if second == first || second.Policy.Same(first.Policy) {
		t.Error("the new policy is not the endpoint's")
	}
}

// TestAnotherPolicyTakesOver: a request that one policy has let through does not go on to who serves the name behind another; behind the same one it does.
func TestAnotherPolicyTakesOver(t *testing.T) {
	for i, change := range []struct {
		before, after string
		goes          bool
	}{
		{annOnly, annOnly, true},
		{"", "", true},
		{annOnly, bobOnly, false},
		{"", annOnly, false},
		{annOnly, "", false},
	} {
		r := newRig(t)
		old := r.agent("good", "i1", ok("old")).bindAs(r, r.guarded(1, change.before))
		young := r.agent("good", "i1", ok("young"))
		heir := young.bindAs(r, r.guarded(1, change.after))
		x, err := old.Upstream.Begin(context.Background(), get(uint64(i)))
		switch {
		case change.goes && err != nil:
			t.Errorf("%d: %v", i, err)
		case change.goes:
			if o := <-finish(x); o.content != "young" || o.err != nil {
				t.Errorf("%d: %+v", i, o)
			}
		case codeOf(err) != wire.CodeAgentGone && codeOf(err) != wire.CodeNoEndpoint:
			t.Errorf("%d: %v", i, err)
		}
		idle(t, old, heir)
	}
}

// TestWaitingAcrossAPolicyChange: the same for a request that waits for an agent that was lost.
func TestWaitingAcrossAPolicyChange(t *testing.T) {
	r := newRig(t)
	before := r.agent("good", "i1", ok("old"))
	old := before.bindAs(r, r.guarded(1, ""))
	before.leg.Close()
	eventually(t, "the session is lost", func() bool { _, err := r.reg.Pick([]byte("a.acme.test")); return err != nil })
	waited := make(chan error, 1)
	go func() {
		_, err := old.Upstream.Begin(context.Background(), get(1))
		waited <- err
	}()
	eventually(t, "it waits", func() bool { return old.Upstream.Load() == 1 })
	heir := r.agent("good", "i1", ok("young")).bindAs(r, r.guarded(1, annOnly))
	select {
	case err := <-waited:
		if err == nil || codeOf(err) != wire.CodeAgentGone {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it waits for ever")
	}
	idle(t, old, heir)
}

// authority is the certificate of one, in PEM.
func authority(t *testing.T) string {
	c, _ := selfSigned(t)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
}

// TestOtherTermsTakeOver: the same for a request whose visitor was asked for no certificate, for that of another authority, or came over plain HTTP.
func TestOtherTermsTakeOver(t *testing.T) {
	one, two := authority(t), authority(t)
	for what, change := range map[string]struct {
		before, after wire.Bind
		goes          bool
	}{
		"the same authority":   {wire.Bind{ClientCAs: one}, wire.Bind{ClientCAs: one}, true},
		"the same schemes":     {wire.Bind{Schemes: []string{"http"}}, wire.Bind{Schemes: []string{"http"}}, true},
		"an authority":         {wire.Bind{}, wire.Bind{ClientCAs: one}, false},
		"another authority":    {wire.Bind{ClientCAs: one}, wire.Bind{ClientCAs: two}, false},
		"https only from here": {wire.Bind{}, wire.Bind{Schemes: []string{"https"}}, false},
	} {
		r := newRig(t)
		as := func(b wire.Bind) *wire.Bind {
			own := r.guarded(1, "")
			own.ClientCAs, own.Schemes = b.ClientCAs, b.Schemes
			return own
		}
		old := r.agent("good", "i1", ok("old")).bindAs(r, as(change.before))
		young := r.agent("good", "i1", ok("young"))
		heir := young.bindAs(r, as(change.after))
		x, err := old.Upstream.Begin(context.Background(), get(1))
		switch {
		case err == nil:
			if o := <-finish(x); !change.goes || o.content != "young" || o.err != nil {
				t.Errorf("%s: %+v", what, o)
			}
		case change.goes || codeOf(err) != wire.CodeAgentGone && codeOf(err) != wire.CodeNoEndpoint:
			t.Errorf("%s: %v", what, err)
		}
		idle(t, old, heir)
	}
}
