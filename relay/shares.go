package relay

import (
	"fmt"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/relay/session"
)

// ownFiles is what a relay has open itself: standard files, listeners, state, the admin's visitors, those who are being turned away.
const ownFiles = 32

// ownEmbedded is that of one inside an agent, where the standard files, the state and who looks at it are the agent's, and agentEmbedded what the one agent and its
// connections on their way in may want.
const ownEmbedded, agentEmbedded = 12, 8

// shares is how the relay divides what it may use. Of the memory a quarter is for what public connections hold, a quarter for streams, an eighth for sessions
// and an eighth for credit beyond the first window, each apart, so that idle visitors leave room for requests; a thirty-second is for connections that are no
// sessions yet; the rest is the program's own, and garbage.
// Of the files a quarter is for agents, so that visitors cannot keep them out, and up to a quarter for the listeners of endpoints with ports of their own, so that
// agents cannot keep either out.
type shares struct {
	connections, streams, sessions, guests *budget.Budget // memory

	visitors *budget.Budget // connections
	agents   *budget.Budget // sessions
	ports    *budget.Budget // listeners
	lobby    int            // agents' connections that are no sessions yet
	grown    int            // credit
}

// divide divides so much memory and so many files. ports: endpoints may want so many listeners. embedded: there is one agent, in the same process.
func divide(memory, files, ports int64, embedded bool) shares {
	own, most := int64(ownFiles), files
	if embedded {
		own, most = ownEmbedded, agentEmbedded
	}
	files = max(files-own, 8)
	agents := min(max(files/4, 4), most)
	ports = min(ports, max(files/4, 4))
	lobby := min(max(agents/4, 2), session.MaxGuests)
	return shares{
		connections: budget.New(memory / 4), streams: budget.New(memory / 4), sessions: budget.New(memory / 8), guests: budget.New(memory / 32),
		visitors: budget.New(max(files-agents-ports, 4)),
		agents:   budget.New(agents - lobby),
		ports:    budget.New(ports),
		lobby:    int(lobby),
		grown:    int(min(memory/8, session.MaxGrown)),
	}
}

// gather is what the metrics page shows of them.
func (s *shares) gather(set func(name string, value float64)) {
	for of, b := range map[string]*budget.Budget{
		"connections": s.connections, "streams": s.streams, "sessions": s.sessions, "guests": s.guests, "visitors": s.visitors, "agents": s.agents, "ports": s.ports,
	} {
		set(fmt.Sprintf("adit_budget_held{of=%q}", of), float64(b.Held()))
		set(fmt.Sprintf("adit_budget_size{of=%q}", of), float64(b.Size()))
	}
}
