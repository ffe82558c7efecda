package agent_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire"
)

// TestEvents: a program hears of all that happens to its agent, in order, and nothing needs to be recorded for it.
func TestEvents(t *testing.T) {
	dir := t.TempDir()
	var where relaytest.Relay
	var a *agent.Agent
	events, ended := make(chan agent.Event), make(chan error, 1)
	ctx, leave := context.WithTimeout(t.Context(), limit)
	defer leave()
	next := func() agent.Event { t.Helper(); return soon(t, "event", events) }
	t.Run("first", func(first *testing.T) {
		r := relaytest.Start(first, func(o *relay.Options) { o.StateDir = dir })
		where = *r
		a = talkative(t, r, ctx, events, ended)
		if e, ok := next().(agent.SessionOnline); !ok || e.Account != "acme" || e.Relay != r.Agents || e.At.IsZero() {
			t.Errorf("%+v", e)
		}
		online, _ := next().(agent.EndpointOnline)
		if online.Endpoint != "web" || online.URL != a.Status().Endpoints[0].URL || online.URL == "" {
			t.Errorf("%+v", online)
		}
		g := guest{t: t, a: a, http: r.HTTP}
		g.visit("GET", "/path?q", "")
		began, _ := next().(agent.RequestBegan)
		if ended, _ := next().(agent.RequestEnded); ended.RequestBegan != began || ended.Status != 200 || ended.Failure != nil || began.Target != "/path?q" {
			t.Errorf("%+v %+v", began, ended)
		}
		if err := a.Forward(agent.Endpoint{Name: "bad", Upstream: "http://localhost:1", Host: "shop.other.test"}); err != nil {
			t.Error(err)
		}
		if e, _ := next().(agent.EndpointRefused); e.Endpoint != "bad" || e.Failure.Code != int(wire.CodeDomainUnproven) || e.Failure.Remedy == "" || !e.Final {
			t.Errorf("%+v", e)
		}
	})
	down, ok := next().(agent.SessionDown)
	if !ok || down.Err == nil || !down.NextTry.After(down.At) {
		t.Errorf("%+v", down)
	}
	t.Run("second", func(second *testing.T) {
		relaytest.Start(second, func(o *relay.Options) { o.StateDir, o.HTTP, o.Agents = dir, where.HTTP, where.Agents })
		for e := next(); ; e = next() {
			if _, down := e.(agent.SessionDown); !down {
				if _, ok := e.(agent.SessionOnline); !ok {
					t.Errorf("%+v", e)
				}
				break
			}
		}
		if e, _ := next().(agent.EndpointOnline); e.Endpoint != "web" {
			t.Errorf("%+v", e)
		}
		leave()
		if e, ok := next().(agent.Stopped); !ok || e.Err != nil {
			t.Errorf("%+v", e)
		}
		if e, more := <-events; more {
			t.Errorf("behind the last: %+v", e)
		}
	})
	if err := soon(t, "end of Run", ended); err != nil {
		t.Error(err)
	}
}

// talkative runs an agent whose events are all sent.
func talkative(t *testing.T, r *relaytest.Relay, ctx context.Context, events chan<- agent.Event, ended chan<- error) *agent.Agent {
	t.Helper()
	a, err := agent.New(agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := a.Listen(agent.Endpoint{Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	seq := a.Events(t.Context())
	go func() { http.Serve(ln, http.HandlerFunc(says)) }()
	go func() {
		defer close(events)
		for e := range seq {
			select {
			case events <- e:
			case <-t.Context().Done():
				return
			}
		}
	}()
	go func() { ended <- a.Run(ctx) }()
	return a
}
