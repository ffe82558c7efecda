package session

import (
	"context"

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

// owe keeps what the agent of e has not acknowledged.
func (s *Server) owe(e *endpoint) {
	t := &e.sess.stats
	t.mu.Lock()
	c := &e.counts
	due := c.arrears
	if c.changed || c.onWay {
		due = append(due, arrear{e.reg.Epoch, c.opened})
	}
	c.arrears = nil
	t.mu.Unlock()
	if len(due) == 0 {
		return
	}
	key := arrearsOf(e.reg)
	s.mu.Lock()
	defer s.mu.Unlock()
	due = append(s.arrears[key], due...)
	if _, known := s.arrears[key]; !known && len(s.arrears) >= maxArrears {
		return
	}
	s.arrears[key] = due[max(0, len(due)-maxArrear):]
}

// leave keeps what the agent of e has not acknowledged when the session of e has died after the name moved on: who has the name now reports it.
func (s *Server) leave(e *endpoint) {
	s.owe(e)
	next, err := s.o.Registry.Successor(context.Background(), e.reg, false)
	if err != nil || next.Instance != e.reg.Instance {
		return
	}
	if heir := ours(next); heir != nil {
		s.settleArrears(heir)
	}
}

// settleArrears lets e report what earlier sessions of its agent owe.
func (s *Server) settleArrears(e *endpoint) {
	key := arrearsOf(e.reg)
	s.mu.Lock()
	due := s.arrears[key]
	delete(s.arrears, key)
	s.mu.Unlock()
	if len(due) == 0 {
		return
	}
	t := &e.sess.stats
	t.mu.Lock()
	defer t.mu.Unlock()
	e.counts.arrears = append(e.counts.arrears, due...)
	t.touch(e)
}
