package session

import (
	"context"
	"slices"

	"github.com/adit-tunnel/adit/relay/registry"
)

// When a session dies, its agent may not have heard of the last connections. Their count waits here for the agent to come back: its next session reports
// it under the old epoch, so that the agent's totals stay right. What was still open ended with the session, and durations of the last moment are let go.

const (
	// maxArrears is how many endpoints' counts wait; maxArrear how many of one endpoint.
	maxArrears = 4096
	maxArrear  = 8
)

// arrear is how many connections were counted in an epoch, in all.
type arrear struct {
	epoch  uint64
	opened int64
}

type arrearsKey struct{ account, instance, place string }

func arrearsOf(e *registry.Endpoint) arrearsKey { return arrearsKey{e.Account, e.Instance, e.Place()} }

// owe keeps what the agent of e may not have heard, and lets who serves the name for that agent by now report it. Counts are absolute: to owe or to report one
// twice changes nothing.
func (s *Server) owe(e *endpoint) {
	key, due := arrearsOf(e.reg), e.sess.stats.due(e)
	if len(due) == 0 {
		return
	}
	s.keepArrears(key, due)
	if next, err := s.o.Registry.Successor(context.Background(), e.reg, false); err == nil {
		if heir := ours(next); heir != nil {
			s.settleArrears(heir)
		}
	}
}

// due is what is owed to the agent of e.
func (t *stats) due(e *endpoint) []arrear {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &e.counts
	if !t.over && !c.changed && !c.onWay {
		return nil
	}
	return append(slices.Clone(c.arrears), arrear{e.reg.Epoch, c.opened})
}

func (s *Server) keepArrears(key arrearsKey, due []arrear) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.arrears[key]; !known && len(s.arrears) >= maxArrears {
		for other := range s.arrears { // whose agent has probably gone for good
			delete(s.arrears, other)
			break
		}
	}
	s.arrears[key] = merge(s.arrears[key], due)
}

// merge adds more to all, which has each epoch once.
func merge(all, more []arrear) []arrear {
	for _, m := range more {
		i := slices.IndexFunc(all, func(a arrear) bool { return a.epoch == m.epoch })
		if i < 0 {
			all = append(all, m)
		} else {
			all[i].opened = max(all[i].opened, m.opened)
		}
	}
	return all[max(0, len(all)-maxArrear):]
}

// settleArrears lets e report what earlier sessions of its agent owe.
func (s *Server) settleArrears(e *endpoint) {
	key := arrearsOf(e.reg)
	s.mu.Lock()
	due := s.arrears[key]
	delete(s.arrears, key)
	s.mu.Unlock()
	if len(due) > 0 && !e.sess.stats.settle(e, due) {
		s.keepArrears(key, due) // e is over, too
	}
}

// settle takes them up; false: the session has ended.
func (t *stats) settle(e *endpoint, due []arrear) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return false
	}
	c := &e.counts
	c.arrears = append(c.arrears[:c.told:c.told], merge(slices.Clone(c.arrears[c.told:]), due)...)
	t.touch(e)
	return true
}
