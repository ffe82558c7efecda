package wire

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Run works the leg until it dies, ctx ends or Close, and returns why: a *FatalError (sent or received), a *ProtocolError, an error that wraps ErrLinkLost,
// ErrClosed, or the cause of ctx. It ends the leg, and returns when its goroutines and the last OnMessage have. Messages that came before the end
// have been handed on.
func (l *Leg) Run(ctx context.Context) error {
	var work sync.WaitGroup
	goes := func(f func()) {
		work.Add(1)
		l.goes(func() { defer work.Done(); f() })
	}
	over := make(chan error, 1) // the control stream's reader ended
	goes(l.accept)
	goes(l.dispatch)
	goes(func() {
		ctl, err := l.control()
		if err == nil {
			goes(func() { _ = l.out.write(l.writeControl, l.done, l.pulse.wrote) })
			l.Ping()
			err = l.listen(ctl)
		}
		over <- l.guard.verdict(err)
	})
	// The first round trip is that of two processes that have just started, and tells little of how near they are.
	again := time.AfterFunc(l.pulse.lim.tick, l.Ping)
	l.watch(ctx, over)
	again.Stop()
	l.in.close()
	work.Wait()
	l.in.drop() // the reader may have been the last to end
	return l.cause
}

// watch ends the leg when there is a reason to.
func (l *Leg) watch(ctx context.Context, over <-chan error) {
	tick := time.NewTicker(l.pulse.lim.tick)
	defer tick.Stop()
	broken := l.conn.broken
	var late <-chan time.Time
	for {
		select {
		case <-l.done:
			return
		case <-ctx.Done():
			l.end(context.Cause(ctx), false)
		case err := <-over:
			var bad *ProtocolError
			if !errors.As(err, &bad) {
				err = linkLost(err)
			}
			l.end(err, true)
		case <-broken:
			// Nothing can be sent any more. What has been received, a Fatal perhaps, is read first.
			broken = nil
			timer := time.NewTimer(l.pulse.lim.farewell)
			defer timer.Stop()
			late = timer.C
		case <-late:
			l.end(linkLost(l.conn.writeError()), true)
		case now := <-tick.C:
			l.rest(l.now())
			l.conn.rest()
			ping, dead := l.pulse.tick(now, l.conn.lastHeard(), l.conn.stuckSince())
			if dead != "" {
				l.end(linkLost(errors.New(dead+" for too long")), true)
			} else if ping {
				l.Ping()
			}
		}
	}
}

// control is the control stream; the agent's side waits for it.
func (l *Leg) control() (io.Reader, error) {
	if l.relay {
		return l.ctl, nil
	}
	select {
	case <-l.controlled:
		return l.ctl, nil
	case <-l.done:
		return nil, ErrClosed
	}
}

func (l *Leg) writeControl(p []byte) error { return l.conn.push(controlID, p) }

// listen reads the control stream to its end. It only decodes and queues: it never writes, dials, closes what could block, or asks anybody.
func (l *Leg) listen(ctl io.Reader) error {
	fr := frameReader{src: ctl, from: l.peer(), control: true, tally: l.guard.tally(controlID)}
	defer fr.release()
	for {
		f, err := fr.next()
		if err != nil {
			return err
		}
		if err := l.hear(f); err != nil {
			return err
		}
		if !fr.buffered() {
			fr.idle()
		}
	}
}

func (l *Leg) hear(f Frame) error {
	switch f.Type {
	case Msg:
		return l.hearMessage(f.Payload)
	case Ping:
		l.out.sendPong(f.Payload)
	case Pong:
		if rtt, ok := l.pulse.pong(time.Now(), f.Payload); ok {
			l.rtt.Store(int64(rtt))
			if least := l.least.Load(); least == 0 || int64(rtt) < least {
				l.least.Store(int64(rtt))
			}
		}
	default:
		return l.route(f.Type, decodeSignal(f.Type, f.Payload))
	}
	return nil
}

func (l *Leg) hearMessage(p []byte) error {
	m, err := decodeFrom(p, l.peer())
	if err != nil {
		return err
	}
	if f, ok := m.Body.(*Fatal); ok {
		l.setFatal(f.err())
	}
	size := len(p)
	if b, ok := m.Body.(*Bind); ok { // the only list that an agent can make long
		size += schemeCost * cap(b.Schemes)
	}
	if !l.in.put(m, size) {
		return protocolError(CodeControlFlood, "more messages than are taken")
	}
	return nil
}

// dispatch hands messages on until the inbox is closed and empty. Behind a Fatal the leg is closed at once.
func (l *Leg) dispatch() {
	for {
		m, ok := l.in.get()
		if !ok {
			return
		}
		if l.o.OnMessage != nil {
			l.o.OnMessage(m)
		}
		if _, fatal := m.Body.(*Fatal); fatal {
			l.end(ErrClosed, true) // the cause is the Fatal
		}
	}
}
