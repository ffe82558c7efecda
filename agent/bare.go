package agent

import (
	"errors"
	"io"

	"github.com/adit-tunnel/adit/wire"
)

// bare is the visitor's side as it is.
type bare struct {
	l     *lane
	cost  int
	short bool // the last frame was not full: more need not be on its way
}

// errCutShort is a stream that was closed before its END: what came is not whole.
var errCutShort = errors.New("the stream has ended before the visitor's end")

func (b *bare) next() ([]byte, error) {
	l := b.l
	for !l.content.Done() {
		if b.short && !l.link.Buffered() {
			l.link.Await()
		}
		f, err := l.link.Next()
		if err == io.EOF {
			return nil, errCutShort
		}
		if err != nil {
			return nil, err
		}
		if err := l.content.Accept(f); err != nil {
			return nil, err
		}
		b.short = len(f.Payload) < wire.MaxData
		if len(f.Payload) > 0 {
			b.cost = wire.Cost(f)
			return f.Payload, nil
		}
		l.link.Took(wire.Cost(f))
	}
	return nil, io.EOF
}

func (b *bare) took() { b.l.link.Took(b.cost) }

func (b *bare) send(p []byte) error {
	n := len(p) - wire.HeaderSize
	wire.PutHeader(p, wire.Data, 0, n)
	return b.l.link.WriteContent(p, n+wire.FrameCost)
}

func (b *bare) end(before func()) error {
	before()
	return b.l.link.WriteContent(wire.AppendHeader(nil, wire.Data, wire.End, 0), wire.FrameCost)
}
