package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/wire"
)

// granted is what the session's token gives.
func (s *session) granted() control.Grant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.grant
}

// overdue looks again at what the session's token gives, and says why the session is over; nil: it is not.
func (s *session) overdue() *wire.Fatal {
	if s.withdrawn() {
		return &wire.Fatal{Code: wire.CodeBadToken, Text: "the token was withdrawn"}
	}
	g := s.granted()
	if most := g.Limits.SessionLength(); most > 0 && time.Since(s.since) >= most {
		return &wire.Fatal{Code: wire.CodeSessionTime, Text: fmt.Sprintf("the plan %q ends sessions after %v", g.Plan, most)}
	}
	return nil
}

// dismiss ends a session that may not go on: it begins nothing more, and an agent that does not listen is cut.
func (s *session) dismiss(over *wire.Fatal) {
	s.legs.conclude()
	s.log.Info("session ended by the relay", "code", over.Code, "text", over.Text)
	s.pools.shutAll(wire.CodeAgentGone)
	limit := lastWord
	if over.Code != wire.CodeSessionTime {
		limit = lastWord / 10 // whose token was withdrawn has lived for two looks by now, and is to be gone within five seconds
	}
	s.part(context.Background(), over, limit)
}

// withdrawn renews the grant. Not to find the token once is not enough: its file may just be being written. A store that cannot be asked changes nothing.
func (s *session) withdrawn() bool {
	g, err := s.srv.o.Control.Renew(s.granted())
	switch {
	case err == nil:
		s.missed = false
		s.mu.Lock()
		s.grant = g
		s.mu.Unlock()
		s.share.set(g.Limits)
		return false
	case !errors.Is(err, control.ErrUnknownToken):
		if n, due := s.srv.unasked.Due(); due {
			s.log.Error("the control store cannot be asked; what was known before stays valid", "err", err, "times", n)
		}
		return false
	}
	again := s.missed
	s.missed = true
	return again
}
