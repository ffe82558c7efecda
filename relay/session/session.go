// Package session is the agents' side of the relay: it accepts their connections, authenticates them, binds the endpoints they ask for, and
// carries visitors' exchanges to them.
//
// New makes a Server, Serve works one listener, Shutdown ends all of it. Each authenticated connection becomes a session; each endpoint that
// a session binds is a registry.Upstream in the registry, which is where the public side finds it. An upstream keeps a pool of idle
// streams: Begin takes one (or opens one), the Exchange reads and writes it, Finish gives it back.
package session

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/wire"
)

// session is one agent that is online: its legs, its endpoints, and the exchanges under way on its streams.
type session struct {
	srv      *Server
	id       string
	secret   string // what a further leg shows
	number   uint64 // later sessions have higher ones
	since    time.Time
	missed   bool // its token was not found at the last look; keep's
	account  string
	instance string
	log      *slog.Logger
	share    *allowance // its account's

	legs   legs
	pools  pools
	stats  stats
	turned turned
	prober prober
	busy   atomic.Int64  // exchanges under way
	idle   chan struct{} // told when busy falls to 0 while ending
	// ending is set when the session waits for its exchanges to be over: drain, or no name left.
	ending atomic.Bool

	mu        sync.Mutex
	grant     control.Grant        // as of the last look
	endpoints map[uint32]*endpoint // by handle
	used      map[uint32]struct{}  // handles that were unbound: never bound again
	over      bool                 // no endpoint is added any more
	draining  bool                 // the agent takes no new work
	owed      *leg                 // Drained, as the answer to drainID; nil: it is not
	drainID   int64
	bereft    bool // its last name went to another session, or its agent has begun to move

	refusals, notices chatter

	hearing sync.Mutex // one message at a time

	asking sync.Mutex // one question at a time
	mute   time.Time  // when a sign of life was awaited in vain; zero: never
}

// What an agent can have logged as often as it likes.
const (
	refusalLine = "bind refused"
	noticeLine  = "notice from agent"
)

func newSession(srv *Server, id string, grant control.Grant, instance string, log *slog.Logger) *session {
	account := grant.Account
	s := &session{
		srv: srv, id: id, secret: newID(), number: srv.made.Add(1), since: time.Now(), grant: grant, account: account, instance: instance,
		share:     srv.allowance(account, grant.Limits),
		log:       log.With("session", id, "account", account, "instance", instance),
		idle:      make(chan struct{}, 1),
		endpoints: map[uint32]*endpoint{},
		used:      map[uint32]struct{}{},
	}
	s.legs.init()
	s.pools.legs = &s.legs
	s.stats.init()
	s.turned.init()
	s.prober.init()
	return s
}

// keep does what is due from time to time: figures for the agent, trimming pools, leaving legs, and the end that waits for exchanges.
func (s *session) keep() {
	sweep := time.NewTicker(s.srv.sweep)
	defer sweep.Stop()
	check := time.NewTicker(s.srv.check)
	defer check.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	dirty := s.stats.dirty
	rest := time.NewTimer(0)
	defer rest.Stop()
	turned := s.turned.dirty
	for {
		select {
		case <-s.legs.done:
			return
		case <-dirty:
			s.sendStats()
			dirty = nil
			pause.Reset(statsEvery)
		case <-pause.C:
			dirty = s.stats.dirty
		case <-turned:
			s.sendTurned()
			turned = nil
			rest.Reset(turnedEvery)
		case <-rest.C:
			turned = s.turned.dirty
		case <-sweep.C:
			s.pools.trim()
			s.prune()
		case <-s.prober.timer.C:
			s.srv.start(s.probeDue)
		case <-check.C:
			if over := s.overdue(); over != nil {
				s.dismiss(over)
				return
			}
		case <-s.idle:
			s.settled()
		}
	}
}

// message routes one control message of l. It may block: legs call it on goroutines of their own.
func (s *session) message(l *leg, m *wire.Message) {
	switch b := m.Body.(type) {
	case *wire.Bind:
		s.onBind(l, m.ID, b)
	case *wire.Unbind:
		s.onUnbind(l, m.ID, b)
	case *wire.StatsAck:
		s.onStatsAck(b)
	case *wire.Drain:
		s.onDrain(l, m.ID)
	case *wire.Notice:
		s.notices.info(s.log, noticeLine, "level", clip(b.Level), "code", b.Code, "text", clip(b.Text))
	case *wire.Fatal:
		s.log.Info("agent ends the session", "code", b.Code, "text", clip(b.Text)) // the legs end by themselves
	default:
		s.log.Debug("message ignored", "type", clip(m.Type))
	}
}

// send queues a message that may be lost with its leg: it is said again, or nobody waits for it.
func (s *session) send(typ string, body any) {
	if l := s.legs.first(); l != nil {
		l.answer(typ, 0, body)
	}
}

// tell queues a message on every leg, so that it is not lost with one. To hear it twice changes nothing.
func (s *session) tell(typ string, body any) {
	for _, l := range s.legs.all() {
		l.answer(typ, 0, body)
	}
}

// done counts one exchange out.
func (s *session) done() {
	if s.busy.Add(-1) == 0 && s.ending.Load() {
		s.wake()
	}
}

// wake tells keep to look whether an awaited end has come.
func (s *session) wake() {
	select {
	case s.idle <- struct{}{}:
	default:
	}
}

// clip bounds what a stranger's text costs in the log.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
