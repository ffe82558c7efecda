package session

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// slowNames is a Namer that keeps a session busy with a bind until it is freed.
type slowNames struct {
	*names
	entered, free chan struct{}
}

func (n slowNames) Place(ctx context.Context, e *registry.Endpoint, w Wish) (func(), error) {
	if w.Host == "slow.test" {
		close(n.entered)
		<-n.free
	}
	return n.names.Place(ctx, e, w)
}

// TestNothingIsSentOnALostLink: of a request that comes once the link is gone it is known that it was not delivered, idle stream or not.
func TestNothingIsSentOnALostLink(t *testing.T) {
	slow := slowNames{entered: make(chan struct{}), free: make(chan struct{})}
	r := newRig(t, func(o *Options) { slow.names = o.Namer.(*names); o.Namer = slow })
	a := r.agent("good", "i1", ok("hello"))
	e := a.bind(r, 1, "a")
	do(t, e, get(1))
	b := http(2, "")
	b.Host = "slow.test"
	if err := a.leg.Send(wire.MsgBind, 9, b); err != nil {
		t.Fatal(err)
	}
	<-slow.entered // the session cannot end before this bind has
	leg := e.Upstream.(*endpoint).sess.legs.first()
	a.leg.Close()
	<-leg.Done()
	_, err := e.Upstream.Begin(context.Background(), post("x"))
	close(slow.free)
	if re, ok := err.(*registry.Error); !ok || re.Code != wire.CodeAgentGone || re.Delivered {
		t.Fatal(err)
	}
}

// TestReasonsNameNoAddress: a visitor is not told where the agent is, which the errors of a lost link say.
func TestReasonsNameNoAddress(t *testing.T) {
	lost := fmt.Errorf("open: %w: read tcp 192.0.2.1:4443->198.51.100.7:5555: connection reset by peer", wire.ErrLinkLost)
	err := (&endpoint{life: t.Context()}).explain(&request{wait: t.Context()}, lost)
	if codeOf(err) != wire.CodeAgentGone || strings.Contains(err.Error(), "198.51.100.7") {
		t.Error(err)
	}
}

// TestNextLegServesAllWhoWait: a crowd that came before there was room for it is served as soon as there is, not one after another for as long as it may wait.
func TestNextLegServesAllWhoWait(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	r := newRig(t)
	first := r.agent("good", "i1", held(hold))
	e := first.bind(r, 1, "a")
	p := &e.Upstream.(*endpoint).sess.pools
	for n := range wire.MaxStreams {
		defer begin(t, e, get(uint64(n+1))).Abort(wire.CodeVisitorGone)
	}
	const crowd = 1000
	got := make(chan error, crowd)
	for range crowd {
		go func() {
			x, err := e.Upstream.Begin(t.Context(), get(7))
			if err == nil {
				x.Abort(wire.CodeVisitorGone)
			}
			got <- err
		}()
	}
	eventually(t, "they wait", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.waiting) == crowd
	})
	r.further(first, false, held(hold))
	refused := 0
	for range crowd {
		if <-got != nil {
			refused++
		}
	}
	if refused > 0 {
		t.Errorf("%d of %d were refused", refused, crowd)
	}
}
