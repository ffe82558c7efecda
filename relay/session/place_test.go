package session

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/wire"
)

// fill is how many agents with the token come in, of those that there are places for.
func (r *rig) fill(token string, want, places int) (in []*agent) {
	r.t.Helper()
	for i := range want {
		in = append(in, r.agent(token, fmt.Sprint(token, i), ok("")))
	}
	for range 3 {
		_, fe := r.auth(wire.Auth{Token: token, Instance: "one-more"})
		if fe == nil || fe.Code != wire.CodeRelayBusy || fe.Wait != busyWait {
			r.t.Fatalf("%s: one more than %d of %d: %+v", token, want, places, fe)
		}
		if kept := strings.Contains(fe.Text, "are kept for accounts that have fewer"); kept != (want < places) {
			r.t.Errorf("%s: %q", token, fe.Text)
		}
	}
	return in
}

// TestOneAccountLeavesRoom: where there are several accounts, none has all places, and the next one finds some; what its agents leave it may have again.
func TestOneAccountLeavesRoom(t *testing.T) {
	for name, limit := range map[string]func(*Options){
		"files":  func(o *Options) { o.Files = budget.New(16) },
		"memory": func(o *Options) { o.SessionMemory = budget.New(16 * sessionCost) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, limit, func(o *Options) { o.Shared = func() bool { return true } })
			all := r.fill("good", 12, 16)
			r.fill("other", 3, 16)
			all[0].leg.Close()
			eventually(t, "its place is free", func() bool {
				r.srv.mu.Lock()
				defer r.srv.mu.Unlock()
				return r.srv.freePlaces() == 2
			})
			r.agent("other", "next", ok(""))
		})
	}
}

// TestAccountAloneHasAll: where there is one account, nothing is kept for others.
func TestAccountAloneHasAll(t *testing.T) {
	for name, shared := range map[string]func() bool{"embedded": nil, "a store": func() bool { return false }} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Files, o.Shared = budget.New(16), shared })
			r.fill("good", 16, 16)
		})
	}
}

// TestLegsAreCounted: a session's further connections are places, too.
func TestLegsAreCounted(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Files, o.Shared = budget.New(4), func() bool { return true } })
	a := r.agent("good", "i1", ok(""))
	r.further(a, false, ok(""))
	r.further(a, false, ok(""))
	if _, err := wire.ClientJoin(r.dial(), &wire.Join{Session: a.welcome.Session, Secret: a.welcome.Secret}); err == nil || !strings.Contains(err.Error(), wire.CodeRelayBusy.String()) {
		t.Errorf("the last place: %v", err)
	}
	r.agent("other", "i1", ok(""))
}
