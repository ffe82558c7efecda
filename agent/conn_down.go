package agent

import (
	"io"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// down is goroutine B. What breaks the local connection is told with ABORT, so that nobody takes what came for whole.
func (p *passage) down() {
	l := p.l
	err := p.passAll()
	switch {
	case err == nil || l.isDead():
	case isLinkError(err):
		l.kill(wire.CodeLinkLost)
	default:
		why := explain(err, l.ep)
		p.fail(why.failure())
		l.takeAway(p.local)
		if l.link.Write((&wire.AbortFrame{Seq: p.x.seq, Code: why.code}).Append(nil)) != nil {
			l.kill(wire.CodeLinkLost)
		}
	}
}

// passAll passes what the local service sends, and its end. It holds a buffer only while something is in it.
func (p *passage) passAll() error {
	var buf buffer
	defer func() { buf.release() }()
	look := newLook(p.local)
	bulk, short, passed := false, true, 0
	for {
		if err := p.ready(&buf, look, bulk, short); err != nil {
			return err
		}
		n, err := p.local.read(buf.b[wire.HeaderSize:])
		if n > 0 {
			if passed += n; passed > flowing {
				p.local.widen()
			}
			p.link.Passed(inspect.ResponseSide, n)
			if err := p.side.send(buf.b[:wire.HeaderSize+n]); err != nil {
				buf.drop()
				return &linkError{err}
			}
		}
		if err == io.EOF {
			if err := p.side.end(func() { p.done(&p.downDone) }); err != nil {
				return &linkError{err}
			}
			return nil
		}
		if err != nil {
			return err
		}
		bulk, short = n >= len(page{})-wire.HeaderSize, n < len(buf.b)-wire.HeaderSize
	}
}

// ready waits until something may be read, and passed on if it is much, and takes the room for it. bulk says that the last read brought much, short that it
// took all there was.
func (p *passage) ready(buf *buffer, look *look, bulk, short bool) error {
	if short {
		buf.release()
		if err := look.await(); err != nil {
			return err
		}
	}
	if bulk && !p.l.link.HasCredit(blockCost) { // the visitor takes nothing: what comes waits in the socket
		buf.release()
		if err := p.l.link.AwaitCredit(blockCost); err != nil {
			return &linkError{err}
		}
	}
	if bulk && buf.block == nil {
		buf.release()
		buf.takeBlock()
	} else if buf.b == nil {
		buf.takePage()
	}
	return nil
}
