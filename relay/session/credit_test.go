package session

import (
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// TestGrowthIsShared: what the windows of all sessions have grown is one sum, in which a visitor's exchanges count together, but not those of a trusted
// peer; and all of it is given back.
func TestGrowthIsShared(t *testing.T) {
	r := newRig(t)
	endless := func(l *lane) bool {
		a := wire.Resp{Seq: l.req.Seq, Body: wire.BodyUntil, Head: []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")}
		err := l.Write(a.Append(nil, 0))
		data := append(wire.AppendHeader(nil, wire.Data, 0, wire.MaxData), make([]byte, wire.MaxData)...)
		for err == nil {
			err = l.WriteContent(data, wire.MaxData+wire.FrameCost)
		}
		return false
	}
	one := r.agent("good", "i1", endless).bind(r, 1, "a")
	two := r.agent("other", "i2", endless).bind(r, 1, "b")
	var under []registry.Exchange
	begun := func(e *registry.Endpoint, n int, many bool) int {
		for range n {
			q := get(uint64(len(under)))
			q.Many = many
			x := begin(t, e, q)
			under = append(under, x)
			for got := 0; got < 3<<20; {
				f, err := x.Next()
				if err != nil {
					t.Fatal(err)
				}
				got += len(f.Payload)
				x.Took(wire.Cost(f))
			}
		}
		return r.srv.grown.Held()
	}
	const share = 6 << 20 // an eighth of a leg's budget
	if n := begun(one, 8, false); n != share {
		t.Errorf("a visitor of one session holds %d", n)
	}
	if n := begun(two, 8, false); n != 2*share {
		t.Errorf("a visitor of two sessions holds %d", n)
	}
	if n := begun(one, 2, true); n <= 2*share {
		t.Errorf("with a trusted peer it is %d", n)
	}
	for _, x := range under {
		x.Abort(wire.CodeVisitorGone)
	}
	if n := r.srv.grown.Held(); n != 0 {
		t.Errorf("%d are held by nobody", n)
	}
}
