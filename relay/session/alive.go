package session

import (
	"context"
	"time"
)

// aliveWithin is how long the holder of a name has to show that it lives, when another agent of its account asks for the name.
const aliveWithin = 2 * time.Second

// alive asks the agent for a sign of life. One that has failed to give it is not asked again before something was heard from it: an agent that takes over
// a hundred names of a dead one waits once.
func (s *session) alive() bool {
	s.asking.Lock()
	defer s.asking.Unlock()
	if !s.mute.IsZero() && !s.legs.proof().After(s.mute) {
		return false
	}
	asked := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), aliveWithin)
	defer cancel()
	if s.legs.alive(ctx) {
		return true
	}
	s.mute = time.Now()
	s.log.Info("agent gives no sign of life", "waited", time.Since(asked).Round(time.Millisecond))
	return false
}
