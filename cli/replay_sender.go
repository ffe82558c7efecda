package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/rerun"
	"github.com/adit-tunnel/adit/inspect/view"
)

// sender sends requests again through the running agents, each through one that has its endpoint.
type sender struct {
	a      *app
	o      replayOptions
	agents []*agentAPI
	has    map[string][]*agentAPI // by endpoint
	body   []byte                 // that takes the place of all contents; nil: none does
	edit   *inspect.Edit          // made by hand, for the one request there is; nil: the flags say what is changed

	mu   sync.Mutex
	from map[inspect.ID]*agentAPI // who has an exchange: those that are sent again, and their replays
}

var _ rerun.Source = (*sender)(nil)

// newSender reads the content that --body names, once for all.
func newSender(a *app, o replayOptions, agents []runningAgent, ask func(runningAgent) *agentAPI) (*sender, error) {
	s := &sender{a: a, o: o, has: map[string][]*agentAPI{}, from: map[inspect.ID]*agentAPI{}}
	for _, r := range agents {
		at := ask(r)
		s.agents = append(s.agents, at)
		for _, e := range r.Endpoints {
			s.has[e.Name] = append(s.has[e.Name], at)
		}
	}
	if o.hasBody {
		var err error
		if s.body, err = a.content(o.body); err != nil {
			return nil, usage("--body: %w", err)
		}
	}
	return s, nil
}

// find returns an exchange, and the agent that sends it again. The last one is the last request.
func (s *sender) find(ctx context.Context, what string) (it inspect.Item, at *agentAPI, err error) {
	for _, at := range s.agents {
		if what == newest {
			it, err = findNewest(ctx, at, func(it inspect.Item) bool { return !it.IsConnection() })
		} else {
			it, err = findExchange(ctx, at, what)
		}
		if err == nil {
			s.found(it.ID, at)
			break
		}
	}
	if err != nil {
		return it, nil, err
	}
	at, err = s.through(it)
	return it, at, err
}

// through is the agent that sends an exchange again: the one that has it, which may be in its memory only, if its endpoint is there, too.
func (s *sender) through(it inspect.Item) (*agentAPI, error) {
	all := s.has[it.Endpoint]
	if at := s.at(it.ID); slices.Contains(all, at) {
		return at, nil
	}
	if len(all) == 0 {
		return nil, &exitError{exitNo, fmt.Errorf("no running agent has the endpoint %q of this request\n  start it, and try again", view.Sanitize(it.Endpoint))}
	}
	return all[0], nil
}

// choose lists what a filter means, of all agents.
func (s *sender) choose(ctx context.Context, f *inspect.Filter) (items []inspect.Item, err error) {
	for _, at := range s.agents {
		some, err := rerun.Choose(ctx, at, f, 0)
		if err != nil {
			return nil, err
		}
		for _, it := range some {
			if s.found(it.ID, at) {
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
	kept, err := diff.KeptRules(ctx, s.agents[0])
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

// found remembers who has an exchange; false: somebody else has it, too.
func (s *sender) found(id inspect.ID, at *agentAPI) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from[id] != nil {
		return false
	}
	s.from[id] = at
	return true
}

// at is the agent that has an exchange.
func (s *sender) at(id inspect.ID) *agentAPI {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.from[id], s.agents[0])
}

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
	at, err := s.through(it)
	if err != nil {
		return "", err
	}
	r, err := s.resend(it)
	if err != nil {
		return "", err
	}
	again, err := at.Replay(ctx, id, r)
	if err == nil {
		s.found(again, at)
	}
	return again, err
}
