package agent_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// TestRuntimeStorm: whoever starts, replaces and removes the same names at the same time, while sessions come and go: nobody gets in without the policy, and in
// the end the relay serves what the agent says it does, and nothing when all is removed.
func TestRuntimeStorm(t *testing.T) {
	r := relaytest.Start(t)
	link := wiretest.NewCable(t, r.Agents)
	behind := *r
	behind.Agents = link.Addr
	g := newGuest(t, &behind, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Legs = 2 })
	first := g.until("first session", online).Endpoints[0]
	names := []string{"a", "b", "c"}
	var mu sync.Mutex
	hosts := map[string]bool{}
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(i)))
			for ctx.Err() == nil {
				name := names[rnd.IntN(len(names))]
				e := agent.Endpoint{Name: name, Upstream: first.Upstream, Policy: gate}
				time.Sleep(time.Duration(rnd.IntN(3)) * time.Millisecond) // so that the six meet in ever other orders
				within, cancel := context.WithTimeout(t.Context(), time.Duration(rnd.IntN(20))*time.Millisecond)
				var url string
				var err error
				switch rnd.IntN(5) {
				case 0, 1:
					url, err = g.a.Start(within, e)
				case 2, 3:
					url, err = g.a.Replace(within, e)
				default:
					err = g.a.Remove(name)
				}
				cancel()
				var refused *agent.RefusedError
				if err != nil && !errors.Is(err, inspect.ErrExists) && !errors.Is(err, inspect.ErrNoEndpoint) && !errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &refused) {
					t.Errorf("%s: %v", name, err)
				}
				if url != "" {
					mu.Lock()
					hosts[url] = true
					mu.Unlock()
				}
			}
		})
	}
	all.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(300 * time.Millisecond) // long enough for a session to come about and bind something
			link.Reset()
			g.a.Reconnect()
		}
	})
	visit := func(url string) int {
		status, _, _ := enter(r.HTTP, url[len("http://"):], "/", "") // 0 with an error
		return status
	}
	all.Go(func() {
		for ctx.Err() == nil {
			mu.Lock()
			urls := slices.Collect(maps.Keys(hosts))
			mu.Unlock()
			for _, u := range urls {
				if status := visit(u); status == 200 {
					t.Errorf("a visitor got in at %s (of %d)", u, len(urls))
				}
			}
			time.Sleep(time.Millisecond) // or, as long as there is no URL, this loop keeps others from a processor
		}
	})
	all.Wait()
	g.until("session", func(s inspect.Status) bool { return s.State == inspect.Online })
	for _, name := range names {
		url, err := g.a.Replace(t.Context(), agent.Endpoint{Name: name, Upstream: first.Upstream, Policy: gate})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		hosts[url] = true // however few the storm let come about
	}
	for _, e := range g.a.Status().Endpoints[1:] {
		if status := visit(e.URL); status != 401 {
			t.Errorf("%s: %d", e.Name, status)
		}
	}
	for _, name := range names {
		if err := g.a.Remove(name); err != nil {
			t.Error(err)
		}
	}
	for u := range hosts {
		gone := false
		for late := time.Now().Add(limit); !gone && time.Now().Before(late); {
			if status := visit(u); status == 404 || status == 502 {
				gone = true
			}
		}
		if !gone {
			t.Errorf("%s is still served", u)
		}
	}
	if e := g.a.Status().Endpoints; len(e) != 1 {
		t.Errorf("%+v", e)
	}
	if status, _, err := g.visit("GET", "/", ""); status != 200 {
		t.Errorf("the one beside: %d %v", status, err)
	}
}
