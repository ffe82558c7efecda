package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// lookAgain is how long the agents that were found are taken for all there are.
const lookAgain = time.Second

// nearby are the agents that run with the configuration of a command, which reads their store. Without a local API there are none. It belongs to one goroutine.
type nearby struct {
	a      *app
	c      *cobra.Command
	found  []*agentAPI
	looked time.Time
}

// all returns those that answer now.
func (n *nearby) all(ctx context.Context) []*agentAPI {
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
		n.found = append(n.found, asking(r, addrs, password))
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
