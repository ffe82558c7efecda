package cli

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// lookAgain is how long the agents that were found are taken for all there are.
const lookAgain = time.Second

// nearby are the running agents that write to the store which a command reads, as far as they have a local API where the command's configuration says.
type nearby struct {
	a     *app
	c     *cobra.Command
	place string // the store's file

	mu     sync.Mutex
	found  []*agentAPI
	looked time.Time
}

// all returns those that answer now.
func (n *nearby) all(ctx context.Context) []*agentAPI {
	n.mu.Lock()
	defer n.mu.Unlock()
	if time.Since(n.looked) < lookAgain {
		return n.found
	}
	n.found, n.looked = nil, time.Now()
	addrs, password, err := n.a.apiPlaces(n.c)
	if err != nil {
		return nil
	}
	agents, _ := n.a.askAll(ctx, addrs, password)
	for _, r := range agents {
		if r.Captures != nil && sameFile(r.Captures.Place, n.place) {
			n.found = append(n.found, asking(r, addrs, password))
		}
	}
	return n.found
}

// asking is a client of a running agent. Nobody but the one at the first address is shown the password.
func asking(r runningAgent, addrs []string, password string) *agentAPI {
	p := &agentAPI{base: r.API}
	if r.API == "http://"+addrs[0] {
		p.password = password
	}
	return p
}

// witness is an agent that tells of its exchanges from a place on.
type witness struct {
	*agentAPI
	run   int64
	place string
}

// witnesses are all of them, from now on.
func (n *nearby) witnesses(ctx context.Context) (all []witness) {
	for _, agent := range n.all(ctx) {
		place, err := agent.Cursor(ctx)
		first, _, _ := strings.Cut(place, ".")
		run, err2 := strconv.ParseInt(first, 10, 64)
		if err == nil && err2 == nil {
			all = append(all, witness{agent, run, place})
		}
	}
	return all
}
