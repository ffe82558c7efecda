package session

import (
	"context"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

// BenchmarkExchange is one GET on a pooled stream, both ends in this process.
func BenchmarkExchange(b *testing.B) {
	r := newRig(b)
	var answer []byte
	a := r.agent("good", "i1", func(l *lane) bool {
		p := wire.Resp{Seq: l.req.Seq, Body: wire.BodyLength, Length: 5, Head: []byte("HTTP/1.1 200 OK\r\n\r\n")}
		answer = append(wire.AppendHeader(p.Append(answer[:0], 0), wire.Data, taken, 5), "hello"...)
		return l.Write(answer) == nil
	})
	e := a.bind(r, 1, "a")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	q := get(1)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		x, err := e.Upstream.Begin(ctx, q)
		if err != nil {
			b.Fatal(err)
		}
		for {
			f, err := x.Next()
			if err != nil {
				b.Fatal(err)
			}
			x.Took(wire.Cost(f))
			if f.Flags&wire.End != 0 {
				break
			}
		}
		x.Finish()
	}
}
