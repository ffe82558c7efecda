package agent

import (
	"context"
	"io"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/wire"
)

// passage is a visitor's connection to a tcp or tls endpoint, which has its stream for itself. Goroutine A passes what the visitor sends, B what the local
// service sends; either direction ends alone.
type passage struct {
	l     *lane
	x     *exchange
	side  visitorSide
	local *local // once it stands
	link  *capture.Link
	event *ConnectionEnded // nil: nobody listens
	taken bool             // the local service takes what is sent

	// Guarded by lane.mu.
	upDone, downDone bool
	failed           *inspect.Failure
}

// visitorSide is how the visitor's bytes come and go: as they are, or within TLS that ends here. next and took are goroutine A's, send and end B's.
type visitorSide interface {
	next() ([]byte, error)   // what came, valid until took; io.EOF: the visitor's end, as a whole
	took()                   // it was passed on or dropped
	send(p []byte) error     // p has room for a frame's header in front
	end(before func()) error // all was sent; before is called when only the last word is to be written
}

// carry is goroutine A of a connection's lane.
func (l *lane) carry(ctx context.Context) error {
	f, err := l.link.Next()
	if err != nil {
		return err
	}
	x, err := l.accept(f)
	if err != nil {
		return err
	}
	l.link.Begin(x.seq, x.client.Addr())
	if code := l.refusal(); code != wire.CodeNone {
		return l.refuse(x, code)
	}
	p := &passage{l: l, x: x, taken: true}
	l.passage = p
	p.enter()
	if l.ep.end != nil {
		err = p.startTLS(ctx)
	} else {
		p.side = &bare{l: l, short: true}
		err = p.start(ctx)
	}
	if err != nil {
		return err
	}
	if err := p.up(); err != nil {
		return err
	}
	return p.awaitEnd()
}

// enter opens the connection in the books, and starts its record if the endpoint is inspected.
func (p *passage) enter() {
	l, x := p.l, p.x
	l.eng.enter()
	l.ep.proven(x.begin)
	p.event = p.began()
	if l.ep.up.proxy != 0 {
		x.server = serverOf(&l.q)
	}
	if !l.ep.Inspect || l.eng.rec == nil {
		return
	}
	c := capture.Connection{ID: exchangeID(x.id), Endpoint: l.ep.Name, Kind: inspect.TCP, Start: x.begin, Client: x.client}
	if l.kind == wire.KindTLS {
		c.Kind = inspect.TLS
	}
	_ = wire.EachExt(l.q.Ext, func(typ uint8, v []byte) {
		if typ == wire.ExtSNI {
			c.Host = string(v)
		}
	})
	p.link = l.eng.budget.Connect(l.eng.rec, c)
}

// start connects to the local service and says so.
func (p *passage) start(ctx context.Context) error {
	if err := p.connect(ctx); err != nil {
		return p.refused(err)
	}
	if err := p.l.link.Write(wire.AppendReady(nil, p.x.seq)); err != nil {
		return err
	}
	p.passDown()
	return nil
}

// connect makes the local connection.
func (p *passage) connect(ctx context.Context) error {
	l, x := p.l, p.x
	c, err := l.dial(ctx, x)
	if err != nil {
		return err
	}
	c.arm()
	l.mu.Lock()
	dead := l.dead
	if !dead {
		l.local = c
	}
	l.mu.Unlock()
	if dead {
		c.abort()
		return errDead
	}
	l.ep.health.stands()
	p.local = c
	p.link.Stands(x.connect)
	return nil
}

// refused tells the relay that there is no local connection, and reads on until it has closed the stream.
func (p *passage) refused(cause error) error {
	l := p.l
	if l.isDead() {
		return errDead
	}
	why := p.ail(cause)
	f := wire.Fail{Seq: p.x.seq, Code: why.code, Undelivered: true, Text: why.detail}
	if err := l.link.Write(f.Append(nil, false)); err != nil {
		return err
	}
	return p.awaitEnd()
}

// ail notes why the local service cannot be had.
func (p *passage) ail(cause error) *problem {
	l := p.l
	why := explain(cause, l.ep)
	if l.ep.health.failed(why.code) {
		notify(l.eng.ailing)
	}
	f := why.failure()
	l.eng.log.Warn("no connection to the local service", "endpoint", l.ep.Name, "code", why.code.String(), "err", why.detail, "remedy", f.Remedy)
	p.fail(f)
	return why
}

// fail keeps the first reason.
func (p *passage) fail(f *inspect.Failure) {
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	if p.failed == nil {
		p.failed = f
	}
}

// passDown starts goroutine B.
func (p *passage) passDown() {
	p.l.readers.Add(1)
	p.l.eng.spawn(func() {
		defer p.l.readers.Done()
		p.down()
	})
}

// up passes what the visitor sends. A local service that takes no more is not the end: it may have something to say still.
func (p *passage) up() error {
	for {
		b, err := p.side.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		p.link.Passed(inspect.RequestSide, len(b))
		if p.taken {
			if _, err := p.local.conn.Write(b); err != nil {
				p.taken = false
				p.l.link.SendStop(p.x.seq)
			}
		}
		p.side.took()
	}
	if p.taken {
		_ = p.local.conn.CloseWrite() // a service that is gone shows when it is read from
	}
	p.done(&p.upDone)
	return nil
}

// awaitEnd reads until the relay closes the stream, which it does when both directions have ended, or one is broken.
func (p *passage) awaitEnd() error {
	l := p.l
	for {
		l.link.Await()
		f, err := l.link.Next()
		if err != nil {
			return err
		}
		if err := l.content.Accept(f); err != nil {
			return err
		}
		l.link.Took(wire.Cost(f))
	}
}

// done notes that a direction has ended as a whole.
func (p *passage) done(which *bool) {
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	*which = true
	p.x.over = p.upDone && p.downDone
}

// settle closes the books. Both goroutines have ended.
func (p *passage) settle() {
	l := p.l
	l.mu.Lock()
	failed := p.failed
	if failed == nil && !p.x.over {
		failed = failure(l.cause, "")
	}
	l.mu.Unlock()
	if failed != nil {
		p.link.Fail(failed)
		if code := wire.Code(failed.Code); code != wire.CodeVisitorGone && code != wire.CodeClientCert { // which are the visitors' own
			l.ep.errors.Add(1)
			l.eng.errors.Add(1)
		}
	} else {
		p.link.Done()
	}
	p.ended(failed)
	l.eng.leave()
}
