package agent_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

const locked = `{"on_http_request":[{"actions":[{"type":"basic-auth","config":{"realm":"x","credentials":["jane:correct-horse"]}}]}]}`

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
				e := agent.Endpoint{Name: name, Upstream: first.Upstream, Policy: locked}
				time.Sleep(time.Duration(rnd.IntN(3)) * time.Millisecond)
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
			time.Sleep(300 * time.Millisecond)
			link.Reset()
			g.a.Reconnect()
		}
	})
	visit := func(url string) int {
		q, _ := http.NewRequest("GET", "http://"+r.HTTP+"/", nil)
		q.Host = url[len("http://"):]
		res, err := strangers.Do(q)
		if err != nil {
			return 0
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	all.Go(func() {
		for ctx.Err() == nil {
			mu.Lock()
			list := fmt.Sprint(len(hosts))
			var urls []string
			for u := range hosts {
				urls = append(urls, u)
			}
			mu.Unlock()
			for _, u := range urls {
				if status := visit(u); status == 200 {
					t.Errorf("a visitor got in at %s (of %s)", u, list)
				}
			}
			time.Sleep(time.Millisecond)
		}
	})
	all.Wait()
	g.until("session", func(s inspect.Status) bool { return s.State == inspect.Online })
	for _, name := range names {
		if _, err := g.a.Replace(t.Context(), agent.Endpoint{Name: name, Upstream: first.Upstream, Policy: locked}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
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
