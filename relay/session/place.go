package session

import (
	"errors"
	"fmt"
	"math"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/wire"
)

// A leg's place is what it takes of the files and the memory that the relay may use.

// greed is how many times the places that are free an account may have, where there are others: three quarters of all when it is alone, and each that comes three
// quarters of the rest.
const greed = 3

// takePlace takes what a leg of account needs, for givePlace to give back. The error tells the agent that there is nothing, or nothing for this account.
func (s *Server) takePlace(l *leg, account string) error {
	err := s.place(l, account, greed)
	if err == errGreedy {
		if s.o.Shared != nil && s.o.Shared() {
			return s.greedy(account)
		}
		err = s.place(l, account, math.MaxInt32)
	}
	if err != nil {
		return s.busy()
	}
	return nil
}

var (
	errGreedy = errors.New("the places that are left are for others")
	errFull   = errors.New("no place is left")
)

// place takes one for an account that has less than times what is free.
func (s *Server) place(l *leg, account string, times int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch free := s.freePlaces(); {
	case free == 0:
		return errFull
	case s.places[account] >= times*free:
		return errGreedy
	case !s.o.Files.Take(1):
		return errFull
	case !s.o.SessionMemory.Take(sessionCost):
		s.o.Files.Give(1)
		return errFull
	}
	s.places[account]++
	l.placed, l.account = true, account
	return nil
}

// freePlaces is how many are left.
func (s *Server) freePlaces() int64 {
	return min(left(s.o.Files, 1), left(s.o.SessionMemory, sessionCost))
}

// left is how often cost can be taken from b.
func left(b *budget.Budget, cost int64) int64 {
	if b == nil {
		return math.MaxInt32
	}
	return max(b.Size()-b.Held(), 0) / cost
}

func (s *Server) givePlace(l *leg) {
	if !l.placed {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.placed = false
	s.o.SessionMemory.Give(sessionCost)
	s.o.Files.Give(1)
	if s.places[l.account]--; s.places[l.account] == 0 {
		delete(s.places, l.account)
	}
}

// busy refuses a leg for which there is no place.
func (s *Server) busy() error {
	if n, due := s.full.Due(); due {
		s.o.Log.Warn("agents are refused: no memory or no connections are left", "times", n)
	}
	return &wire.FatalError{Code: wire.CodeRelayBusy, Text: wire.CodeRelayBusy.Info().Text, Wait: busyWait}
}

// greedy refuses a leg of an account that has many of the places.
func (s *Server) greedy(account string) error {
	if n, due := s.unfair.Due(); due {
		s.o.Log.Warn("agents are refused: the few connections that are left are kept for accounts with fewer of them", "account", account, "times", n)
	}
	text := fmt.Sprintf("the few connections that the relay has left for agents are kept for accounts that have fewer of them than %s", account)
	return &wire.FatalError{Code: wire.CodeRelayBusy, Text: text, Wait: busyWait}
}
