package session

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/hours"
)

// limited gives the account acme of the token "good", and the other one of "other", a plan.
func limited(l control.Limits, s control.Scopes) func(*Options) {
	return func(o *Options) {
		o.Control = control.Memory(map[string]control.Grant{
			"good": {Account: "acme", Plan: "small", Limits: l, Scopes: s}, "other": {Account: "emca", Plan: "small", Limits: l, Scopes: s},
		})
	}
}

// refusal demands that a bind is refused with the code, in words that name the limit.
func (a *agent) refusal(code wire.Code, words string, b *wire.Bind) {
	a.t.Helper()
	f, ok := a.ask(wire.MsgBind, b).Body.(*wire.Refusal)
	if !ok || f.Code != code || !strings.Contains(f.Text, words) {
		a.t.Errorf("%+v, want %v with %q", f, code, words)
	}
}

// TestEndpointsOfAPlan: they are counted over all sessions of an account; one that moves, comes back or is given up is not counted twice.
func TestEndpointsOfAPlan(t *testing.T) {
	r := newRig(t, limited(control.Limits{Endpoints: 2}, control.Scopes{}))
	a, b := r.agent("good", "i1", ok("")), r.agent("good", "i2", ok(""))
	if n := a.welcome.Limits["endpoints"]; n != 2 {
		t.Errorf("welcomed with %d endpoints", n)
	}
	a.bind(r, 1, "a")
	b.bind(r, 1, "b")
	b.refusal(wire.CodeEndpointLimit, "as many endpoints online as its plan allows: 2", http(2, "c"))
	r.agent("other", "i1", ok("")).bind(r, 1, "other's")
	young := r.agent("good", "i1", ok(""))
	young.bind(r, 1, "a") // takes its own over
	young.refusal(wire.CodeEndpointLimit, "plan", http(2, "c"))
	if m := b.ask(wire.MsgUnbind, &wire.Unbind{Handle: 1}); m.Type != wire.MsgUnbound {
		t.Fatal(m)
	}
	young.bind(r, 3, "c")
}

// TestSessionsOfAPlan: an agent has two sessions while it moves from one to the next, and they count as one.
func TestSessionsOfAPlan(t *testing.T) {
	r := newRig(t, limited(control.Limits{Sessions: 1}, control.Scopes{}))
	a := r.agent("good", "i1", ok(""))
	if _, fe := r.auth(wire.Auth{Token: "good", Instance: "i2"}); fe == nil || fe.Code != wire.CodeSessionLimit || !strings.Contains(fe.Text, "as many agents online as its plan allows: 1") {
		t.Errorf("another agent: %v", fe)
	}
	r.agent("good", "i1", ok(""))
	r.agent("other", "i2", ok(""))
	eventually(t, "three sessions are online", func() bool { return r.srv.Sessions() == 3 })
	for _, s := range r.srv.online() {
		if s.account == "acme" {
			s.legs.close()
		}
	}
	a.ended()
	eventually(t, "one session is left", func() bool { return r.srv.Sessions() == 1 })
	r.agent("good", "i2", ok(""))
}

// TestOneAgentHasTwoSessionsAtMost: who says to be the same agent again and again gets no further sessions that way, of a plan that counts them.
func TestOneAgentHasTwoSessionsAtMost(t *testing.T) {
	r := newRig(t, limited(control.Limits{Sessions: 1}, control.Scopes{}))
	var all []*agent
	for n := range 5 {
		all = append(all, r.agent("good", "i1", ok("")))
		all[n].bind(r, 1, fmt.Sprint("a", n))
	}
	for _, a := range all[:3] {
		if f := a.await(wire.MsgFatal).Body.(*wire.Fatal); f.Code != wire.CodeSessionLimit {
			t.Errorf("%+v", f)
		}
		a.ended()
	}
	eventually(t, "two are left", func() bool { return r.srv.Sessions() == 2 })
	all[3].bind(r, 2, "b")
	all[4].bind(r, 2, "c")
}

func TestScopes(t *testing.T) {
	from := control.Scopes{From: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("::1/128")}}
	r := newRig(t, limited(control.Limits{}, from))
	if _, fe := r.auth(wire.Auth{Token: "good", Instance: "i1"}); fe == nil || fe.Code != wire.CodeAddressScope || !strings.Contains(fe.Text, "127.0.0.1") {
		t.Errorf("from elsewhere: %v", fe)
	}
	from.From = append(from.From, netip.MustParsePrefix("127.0.0.0/8"))
	r = newRig(t, limited(control.Limits{}, from))
	r.agent("good", "i1", ok("")).bind(r, 1, "a")
	r = newRig(t, limited(control.Limits{}, control.Scopes{Protocols: []string{"tcp", "tls"}}))
	r.agent("good", "i1", ok("")).refusal(wire.CodeProtocolScope, "not for http", http(1, "a"))
}

// TestSessionLength: a session ends with its code when its time is over, and not before; so does one whose plan is changed while it is online.
func TestSessionLength(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t, limited(control.Limits{SessionFor: 7200}, control.Scopes{}))
		a, _ := r.remote("good", "i1", ok("hello"))
		e := a.bind(r, 1, "a")
		if pass(2*time.Hour - time.Second); r.srv.Sessions() != 1 {
			t.Fatal("it ended early")
		}
		do(t, e, get(1))
		r.ends("two hours", 0, 4*time.Second)
		if f := a.await(wire.MsgFatal).Body.(*wire.Fatal); f.Code != wire.CodeSessionTime || !strings.Contains(f.Text, `"small" ends sessions after 2h0m0s`) {
			t.Errorf("%+v", f)
		}
	})
}

// TestPlanIsChanged: what the relay's owner changes holds for sessions that are online.
func TestPlanIsChanged(t *testing.T) {
	store, _, err := control.Open(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if _, err := store.CreateAccount("acme", control.DefaultPlan); err != nil {
		t.Fatal(err)
	}
	token, _, err := store.CreateToken(control.Token{Account: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	r := prepare(t, func(o *Options) { o.Control = store })
	r.srv.check = 10 * time.Millisecond
	r.serve()
	a := r.agent(token, "i1", ok("hello"))
	e := a.bind(r, 1, "a")
	for range 20 {
		do(t, e, get(1))
	}
	set := func(l control.Limits) {
		if err := store.SetPlan(control.Plan{Name: control.DefaultPlan, Limits: l}); err != nil {
			t.Fatal(err)
		}
	}
	set(control.Limits{Endpoints: 1, Rate: 1})
	eventually(t, "requests are refused", func() bool {
		x, err := e.Upstream.Begin(context.Background(), get(1))
		if err == nil {
			x.Abort(wire.CodeVisitorGone)
		}
		return codeOf(err) == wire.CodeRateLimit
	})
	a.refusal(wire.CodeEndpointLimit, "plan", http(2, "b"))
	set(control.Limits{})
	eventually(t, "requests are served again", func() bool {
		for range 3 {
			x, err := e.Upstream.Begin(context.Background(), get(1))
			if err != nil {
				return false
			}
			x.Abort(wire.CodeVisitorGone)
		}
		return true
	})
}

// TestRate: an account's requests are counted together; what is one too many is refused before anything is sent, and a second later there is room again.
func TestRate(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t, limited(control.Limits{Rate: 10}, control.Scopes{}))
		a, _ := r.remote("good", "i1", ok("hello"))
		b, _ := r.remote("good", "i2", ok("hello"))
		c, _ := r.remote("other", "i1", ok("hello"))
		both, other := []*registry.Endpoint{a.bind(r, 1, "a"), b.bind(r, 1, "b")}, c.bind(r, 1, "c")
		for range 3 {
			served := 0
			for i := range 20 {
				x, err := both[i%2].Upstream.Begin(context.Background(), get(1))
				var re *registry.Error
				switch {
				case err == nil:
					if _, _, err := read(x); err != nil {
						t.Fatal(err)
					}
					x.Finish()
					served++
				case !errors.As(err, &re) || re.Code != wire.CodeRateLimit || re.Delivered:
					t.Fatal(err)
				}
			}
			if served != 10 {
				t.Errorf("%d of 20 were served", served)
			}
			do(t, other, get(1))
			pass(time.Second)
		}
	})
}

// TestBandwidth: content is slowed down to what the plan allows, both directions and all endpoints of the account together; none of it is lost, and what waits
// ends when the visitor leaves.
func TestBandwidth(t *testing.T) {
	const size, limit = 1 << 20, 128 << 10
	text := strings.Repeat("0123456789abcdef", size/16)
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t, limited(control.Limits{Bandwidth: limit}, control.Scopes{}))
		a, _ := r.remote("good", "i1", func(l *lane) bool {
			if !l.drain() {
				return false
			}
			return l.long(text)
		})
		e, other := a.bind(r, 1, "a"), a.bind(r, 2, "b")
		begin0 := time.Now()
		if got := do(t, e, get(1)); got != text {
			t.Errorf("%d bytes came", len(got))
		}
		between(t, "a download", time.Since(begin0), 7*time.Second, 8*time.Second+glance)
		begin0 = time.Now()
		if got := do(t, e, post(strings.Repeat("y", limit/2))); len(got) != size {
			t.Errorf("%d bytes came", len(got))
		}
		between(t, "an upload and a download", time.Since(begin0), 8*time.Second, 9*time.Second)

		done := make(chan string, 2)
		begin0 = time.Now()
		for _, e := range []*registry.Endpoint{e, other} {
			go func() { done <- do(t, e, get(1)) }()
		}
		for range 2 {
			if got := <-done; got != text {
				t.Errorf("%d bytes came", len(got))
			}
		}
		between(t, "two at once", time.Since(begin0), 15*time.Second, 16*time.Second+2*glance)

		x := begin(t, e, get(1))
		for range 4 {
			if f, err := x.Next(); err == nil {
				x.Took(wire.Cost(f))
			}
		}
		time.AfterFunc(50*time.Millisecond, func() { x.Abort(wire.CodeVisitorGone) })
		begin0 = time.Now()
		if _, _, err := read(x); codeOf(err) != wire.CodeVisitorGone {
			t.Errorf("the visitor has left: %v", err)
		}
		between(t, "the end of who has left", time.Since(begin0), 0, time.Second)
	})
}

// TestWhoLeavesTakesNothing: what visitors had taken of the bandwidth, and left before it was their turn, is there for who comes next.
func TestWhoLeavesTakesNothing(t *testing.T) {
	const limit = 64 << 10
	text := strings.Repeat("x", limit)
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t, limited(control.Limits{Bandwidth: limit}, control.Scopes{}))
		a, _ := r.remote("good", "i1", func(l *lane) bool { return l.drain() && l.long(text) })
		e := a.bind(r, 1, "a")
		var left sync.WaitGroup
		for n := range 20 {
			x := begin(t, e, get(uint64(n+2)))
			left.Go(func() { _, _, _ = read(x) })
			time.AfterFunc(time.Second/2, func() { x.Abort(wire.CodeVisitorGone) })
		}
		left.Wait()
		begin0 := time.Now()
		do(t, e, get(1))
		between(t, "a download", time.Since(begin0), 0, 4*time.Second)
	})
}

// long answers with content frame by frame.
func (l *lane) long(content string) bool {
	head := l.response(content, 0)
	if l.Write(head[:len(head)-len(content)-wire.HeaderSize]) != nil {
		return false
	}
	for len(content) > 0 {
		n, f := min(len(content), wire.MaxData), wire.Flags(0)
		if n == len(content) {
			f = wire.End | wire.Taken
		}
		if l.WriteContent(append(wire.AppendHeader(nil, wire.Data, f, n), content[:n]...), n+wire.FrameCost) != nil {
			return false
		}
		content = content[n:]
	}
	return true
}

func between(t *testing.T, what string, took, least, most time.Duration) {
	t.Helper()
	if took < least || took > most {
		t.Errorf("%s took %v, want %v to %v", what, took, least, most)
	}
}

// TestScopeOfAddressesHoldsForLegs: a session that began inside the token's networks is not carried on from outside.
func TestScopeOfAddressesHoldsForLegs(t *testing.T) {
	r := newRig(t, limited(control.Limits{}, control.Scopes{From: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}))
	a := r.agent("good", "i1", ok(""))
	r.further(a, false, ok(""))
	if ln, err := net.Listen("tcp", "127.0.0.2:0"); err != nil {
		t.Skip("this machine has one loopback address:", err)
	} else {
		ln.Close()
	}
	elsewhere := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	conn, err := tls.DialWithDialer(elsewhere, "tcp", r.addr, &tls.Config{RootCAs: r.roots, NextProtos: []string{wire.ALPN}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var fe *wire.FatalError
	_, err = wire.ClientJoin(conn, &wire.Join{Session: a.welcome.Session, Secret: a.welcome.Secret, Version: "t"})
	if !errors.As(err, &fe) || fe.Code != wire.CodeAddressScope {
		t.Errorf("a leg from elsewhere: %v", err)
	}
}
