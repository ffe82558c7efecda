package session

import "github.com/adit-tunnel/adit/wire"

// A leg's place is what it takes of the files and the memory that the relay may use.

// takePlace takes what a leg needs, for givePlace to give back; false: there is none.
func (s *Server) takePlace(l *leg) bool {
	if !s.o.Files.Take(1) {
		return false
	}
	if !s.o.SessionMemory.Take(sessionCost) {
		s.o.Files.Give(1)
		return false
	}
	l.placed = true
	return true
}

func (s *Server) givePlace(l *leg) {
	if l.placed {
		s.o.SessionMemory.Give(sessionCost)
		s.o.Files.Give(1)
		l.placed = false
	}
}

// busy refuses a leg for which there is no place.
func (s *Server) busy() error {
	if n, due := s.full.Due(); due {
		s.o.Log.Warn("agents are refused: no memory or no connections are left", "times", n)
	}
	return &wire.FatalError{Code: wire.CodeRelayBusy, Text: wire.CodeRelayBusy.Info().Text, Wait: busyWait}
}
