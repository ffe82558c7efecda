package session

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// leg is one connection of a session. A stream belongs to its leg and is lost with it; everything else is the session's, and outlives it.
type leg struct {
	*wire.Leg
	sess    *session
	placed  bool         // it has what is counted for it; of the goroutine that serves its connection
	account string       // … for whom
	more    bool         // not the session's first
	spare   bool         // made for a crowd
	opening atomic.Int64 // streams that are being opened
	leaving atomic.Bool  // no stream of it is used again: it ends when those under way have
}

// load counts those twice that are being opened: who comes at the same time goes elsewhere.
func (l *leg) load() int { return l.Streams() + int(l.opening.Load()) }

func (l *leg) old() bool { return l.leaving.Load() || l.Worn() }

// work works the leg until it dies, and ends the session with the last one, or when one side has said that it is over.
func (l *leg) work() {
	s := l.sess
	err := l.Run(context.Background())
	_ = l.Close()
	l.leaving.Store(true)
	s.pools.abandon(l)
	var told *wire.FatalError
	if errors.As(err, &told) {
		s.legs.fatal(&wire.Fatal{Code: told.Code, Text: told.Text, Wait: int(told.Wait / time.Second)})
	}
	if !s.legs.remove(l) {
		s.log.Info("leg ended", "reason", err, "left", len(s.legs.all()))
		s.stats.retell()
		return
	}
	s.refusals.end(s.log, refusalLine)
	s.notices.end(s.log, noticeLine)
	s.retire(errors.Is(err, wire.ErrLinkLost))
	s.srv.leave(s)
	s.log.Info("agent offline", "reason", err)
}

// hear takes a message. Those of all legs are handled one at a time.
func (l *leg) hear(m *wire.Message) {
	l.sess.hearing.Lock()
	defer l.sess.hearing.Unlock()
	l.sess.message(l, m)
}

// answer is send on the leg that asked.
func (l *leg) answer(typ string, id int64, body any) {
	if err := l.Send(typ, id, body); err != nil {
		l.sess.log.Debug("message not sent", "type", typ, "err", err)
	}
}

// pick takes the roomiest leg for a stream that is about to be opened; nil: none lives.
func (p *pools) pick() *leg {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.legs.roomiest()
	if l != nil {
		l.opening.Add(1)
	}
	return l
}

// newStream opens a stream on the roomiest leg. One that is lost in that moment has carried nothing of the request.
func (p *pools) newStream(ctx context.Context, o *wire.OpenFrame) (*wire.Stream, *leg, error) {
	for {
		l := p.pick()
		if l == nil {
			return nil, nil, &registry.Error{Code: wire.CodeAgentGone}
		}
		w, err := l.Open(ctx, o)
		l.opening.Add(-1)
		if err == nil || ctx.Err() != nil || !errors.Is(err, wire.ErrLinkLost) {
			return w, l, err
		}
	}
}
