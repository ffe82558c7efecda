package errorpage

import "github.com/adit-tunnel/adit/wire"

// Hop is a part of a request's way.
type Hop string

// The hops in order; Link is between Relay and Agent.
const (
	Visitor Hop = "visitor"
	Relay   Hop = "relay"
	Link    Hop = "link"
	Agent   Hop = "agent"
	Service Hop = "service"
)

// hopOf says where a failure is; the ranges are those of the table of codes.
func hopOf(code wire.Code) Hop {
	switch code {
	case wire.CodeRelayStopping, wire.CodeRelayBusy, wire.CodeInternal:
		return Relay
	case wire.CodeAgentStopping, wire.CodeAgentAborted, wire.CodeAgentBusy, wire.CodeNoEndpoint, wire.CodeAgentGone, wire.CodeTooManyStreams, wire.CodeBadFraming:
		return Agent
	case wire.CodeDelivery:
		return Link
	}
	switch code / 1000 {
	case 2:
		return Service
	case 3:
		return Relay
	case 4:
		return Visitor
	}
	return Link
}

// Step is one part of the way as a page draws it.
type Step struct {
	Name string
	Bad  bool // it failed
	Cut  bool // the link in front of it did
}

// Way is the way with what failed on it.
func (p *Page) Way() []Step {
	return []Step{
		{Name: "you", Bad: p.Hop == Visitor},
		{Name: "relay", Bad: p.Hop == Relay},
		{Name: "agent", Bad: p.Hop == Agent, Cut: p.Hop == Link},
		{Name: "local service", Bad: p.Hop == Service},
	}
}
