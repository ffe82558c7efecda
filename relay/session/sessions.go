package session

import (
	"fmt"

	"github.com/adit-tunnel/adit/wire"
)

// enter makes l one of its session's legs, with the first of them a session that is online; false: the relay is stopping, or the session has ended.
func (s *Server) enter(l *leg) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining || !l.sess.legs.add(l) {
		return false
	}
	if s.sessions[l.sess.id] == nil {
		s.sessions[l.sess.id] = l.sess
		s.start(l.sess.keep)
	}
	return true
}

// leave takes out a session that has ended.
func (s *Server) leave(sess *session) {
	s.mu.Lock()
	delete(s.sessions, sess.id)
	s.mu.Unlock()
}

// expect makes sess one that further legs find, until arrived. The error says that its account has all the sessions it may have: those of one agent, which has
// two while it moves from one to the next, are one. When a third one comes the first is lost, or it was another agent all along: it ends.
func (s *Server) expect(sess *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if most := sess.grant.Limits.Sessions; most > 0 {
		text := fmt.Sprintf("the account %s has as many agents online as its plan allows: %d", sess.account, most)
		if n := s.others(sess); n >= most {
			return &wire.FatalError{Code: wire.CodeSessionLimit, Text: text}
		}
		if old := s.surplus(sess); old != nil {
			old.legs.conclude() // it does not count any more
			s.start(func() { old.dismiss(&wire.Fatal{Code: wire.CodeSessionLimit, Text: text}) })
		}
	}
	s.welcomed[sess.id] = sess
	return nil
}

// others counts the account's other agents that are online. s.mu is held.
func (s *Server) others(sess *session) int {
	agents := map[string]bool{}
	for _, all := range []map[string]*session{s.sessions, s.welcomed} {
		for _, o := range all {
			if o.account == sess.account && o.instance != sess.instance {
				agents[o.instance] = true
			}
		}
	}
	return len(agents)
}

// surplus is the earliest session of the agent of sess, if there are two beside sess that are not over; nil: there are not. s.mu is held.
func (s *Server) surplus(sess *session) (old *session) {
	found := map[*session]bool{}
	for _, all := range []map[string]*session{s.sessions, s.welcomed} {
		for _, o := range all {
			if o.account == sess.account && o.instance == sess.instance && !o.legs.concluded() {
				found[o] = true
				if old == nil || o.number < old.number {
					old = o
				}
			}
		}
	}
	if len(found) < 2 {
		return nil
	}
	return old
}

// arrived undoes expect: sess is among the sessions now, or has not come to be.
func (s *Server) arrived(sess *session) {
	s.mu.Lock()
	delete(s.welcomed, sess.id)
	s.mu.Unlock()
}

// session finds one by its id; nil: there is none.
func (s *Server) session(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sess := s.welcomed[id]; sess != nil {
		return sess
	}
	return s.sessions[id]
}

// online lists the sessions of this moment.
func (s *Server) online() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*session, 0, len(s.sessions))
	for _, sess := range s.sessions {
		all = append(all, sess)
	}
	return all
}

// Sessions is how many agents are online.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Grown is how far the credit windows of all sessions have grown beyond the first.
func (s *Server) Grown() int { return s.grown.Held() }

// Legs is how many connections all sessions have.
func (s *Server) Legs() int {
	n := 0
	for _, sess := range s.online() {
		n += sess.legs.count()
	}
	return n
}

// Streams is how many streams all sessions hold, idle ones too.
func (s *Server) Streams() int {
	n := 0
	for _, sess := range s.online() {
		n += sess.legs.streams()
	}
	return n
}
