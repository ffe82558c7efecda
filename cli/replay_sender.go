package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/rerun"
)

// sender sends requests again through the running agents, each through the one that has its endpoint.
type sender struct {
	a      *app
	o      replayOptions
	agents []*agentAPI
	has    map[string]*agentAPI     // by endpoint
	from   map[inspect.ID]*agentAPI // who has an exchange
	body   []byte                   // that takes the place of all contents; nil: none does
	edit   *inspect.Edit            // made by hand, for the one request there is; nil: the flags say what is changed
}

var _ rerun.Source = (*sender)(nil)

func newSender(a *app, o replayOptions, agents []runningAgent, ask func(runningAgent) *agentAPI) *sender {
	s := &sender{a: a, o: o, has: map[string]*agentAPI{}, from: map[inspect.ID]*agentAPI{}}
	for _, r := range agents {
		at := ask(r)
		s.agents = append(s.agents, at)
		for _, e := range r.Endpoints {
			if s.has[e.Name] == nil {
				s.has[e.Name] = at
			}
		}
	}
	return s
}

// find returns an exchange, and the agent that has its endpoint.
func (s *sender) find(ctx context.Context, what string) (it inspect.Item, at *agentAPI, err error) {
	for _, at := range s.agents {
		if it, err = findExchange(ctx, at, what); err == nil {
			s.from[it.ID] = at
			break
		}
	}
	if err != nil {
		return it, nil, err
	}
	if at = s.has[it.Endpoint]; at == nil {
		return it, nil, noEndpoint(it)
	}
	return it, at, nil
}

// choose lists what a filter means, of all agents.
func (s *sender) choose(ctx context.Context, f *inspect.Filter) (items []inspect.Item, err error) {
	for _, at := range s.agents {
		some, err := rerun.Choose(ctx, at, f, 0)
		if err != nil {
			return nil, err
		}
		for _, it := range some {
			if s.from[it.ID] == nil {
				s.from[it.ID] = at
				items = append(items, it)
			}
		}
	}
	slices.SortStableFunc(items, func(a, b inspect.Item) int { return cmp.Compare(a.Seq, b.Seq) })
	return items[max(0, len(items)-rerun.MostChosen):], nil
}

// rules are what a comparison leaves out: those that are kept, and those of this command.
func (s *sender) rules(ctx context.Context) (diff.Rules, error) {
	own, err := diff.ParseRules(s.o.ignore)
	if err != nil {
		return nil, usage("--ignore: %w", err)
	}
	kept, err := keptRules(ctx, s.agents[0])
	return append(own, kept...), err
}

// resend is how an exchange is sent again.
func (s *sender) resend(it inspect.Item) (inspect.Resend, error) {
	edit, err := s.edit, error(nil)
	if edit == nil {
		edit, err = s.change(it)
	}
	return inspect.Resend{Edit: edit, To: s.o.to, Resign: s.o.resign, DropCookies: s.o.noCookies}, err
}

// at is the agent that has an exchange.
func (s *sender) at(id inspect.ID) *agentAPI { return cmp.Or(s.from[id], s.agents[0]) }

// Get returns an exchange, without content as long as it has not ended: it is asked for again and again until then.
func (s *sender) Get(ctx context.Context, id inspect.ID) (inspect.Item, error) {
	it, err := s.at(id).head(ctx, id)
	if err != nil || !it.Ended() {
		return it, err
	}
	return s.at(id).Get(ctx, id)
}

// Body reads content.
func (s *sender) Body(ctx context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error) {
	return s.at(id).Body(ctx, id, side)
}

// Replay sends an exchange again as the flags say.
func (s *sender) Replay(ctx context.Context, id inspect.ID, _ inspect.Resend) (inspect.ID, error) {
	it, err := s.at(id).head(ctx, id)
	if err != nil {
		return "", err
	}
	at := s.has[it.Endpoint]
	if at == nil {
		return "", fmt.Errorf("no running agent has the endpoint %q", it.Endpoint)
	}
	r, err := s.resend(it)
	if err != nil {
		return "", err
	}
	return at.Replay(ctx, id, r)
}
