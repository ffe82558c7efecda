package session

import (
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

func upgrade(conn uint64) *registry.Request {
	q := get(conn)
	q.Flags, q.Idempotent = wire.ReqUpgrade, false
	return q
}

func TestUpgrade(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", func(l *lane) bool {
		if l.ended {
			return false
		}
		_ = l.Write(resp(l.req.Seq, wire.BodyTunnel, 0, 0))
		for {
			f, err := l.Next()
			if err != nil {
				return false
			}
			l.Took(wire.Cost(f))
			end := f.Flags&wire.End != 0
			flags := f.Flags
			if end {
				flags = taken
			}
			if err := l.WriteContent(data(string(f.Payload), flags), len(f.Payload)+wire.FrameCost); err != nil || end {
				return err == nil
			}
		}
	})
	e := a.bind(r, 1, "a")
	for range 2 {
		x := begin(t, e, upgrade(1))
		if f, err := x.Next(); err != nil || f.Type != wire.RespType {
			t.Fatal(f.Type, err)
		}
		for _, s := range []string{"ping", "pong"} {
			if err := x.Send(data(s, 0), len(s)+wire.FrameCost, false); err != nil {
				t.Fatal(err)
			}
			f, err := x.Next()
			if err != nil || string(f.Payload) != s {
				t.Fatal(string(f.Payload), err)
			}
			x.Took(wire.Cost(f))
		}
		if err := x.Send(data("", wire.End), wire.FrameCost, true); err != nil {
			t.Fatal(err)
		}
		if f, err := x.Next(); err != nil || f.Flags&wire.End == 0 {
			t.Fatal(err)
		}
		x.Finish()
	}
	if n := a.streams.Load(); n != 2 {
		t.Fatalf("%d streams: a tunnel's stream was used again", n)
	}
}

func TestDeclinedUpgradeIsEnded(t *testing.T) {
	r := newRig(t)
	ends := make(chan bool, 1)
	a := r.agent("good", "i1", func(l *lane) bool {
		_ = l.Write(resp(l.req.Seq, wire.BodyUntil, 0, 0))
		f, err := l.Next()
		ends <- err == nil && f.Type == wire.Data && len(f.Payload) == 0 && f.Flags == wire.End
		return err == nil && l.Write(data("no", taken)) == nil
	})
	e := a.bind(r, 1, "a")
	x := begin(t, e, upgrade(1))
	if got, _, err := read(x); got != "no" || err != nil {
		t.Fatal(got, err)
	}
	if !<-ends {
		t.Fatal("no empty DATA with END came")
	}
	if err := x.Send(data("", wire.End), wire.FrameCost, true); err != nil {
		t.Fatal(err)
	}
	x.Finish()
}

func TestPin(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", func(l *lane) bool {
		p := wire.Resp{Seq: l.req.Seq, Body: wire.BodyLength, Flags: wire.RespPin, Head: []byte{byte(l.n)}}
		if l.req.Conn >= 10 {
			p.Flags = 0
		}
		return l.Write(p.Append(nil, taken)) == nil
	})
	e := a.bind(r, 1, "a")
	on := func(conn uint64) byte {
		t.Helper()
		x := begin(t, e, get(conn))
		f, err := x.Next()
		if err != nil {
			t.Fatal(err)
		}
		var p wire.Resp
		if err := p.Decode(f.Payload); err != nil {
			t.Fatal(err)
		}
		n := p.Head[0]
		x.Finish()
		return n
	}
	detach := e.Upstream.Attach(1, true)
	first := on(1)
	if n := on(10); n == first {
		t.Fatal("another visitor got the pinned stream")
	}
	if n := on(1); n != first {
		t.Fatal("the visitor lost its stream")
	}
	detach()
	detach()
	if n := on(1); n == first {
		t.Fatal("the stream outlived its visitor")
	}
	if n := on(2); n == on(2) {
		t.Fatal("a stream was pinned to somebody who is not attached")
	}
	eventually(t, "streams are closed", func() bool { return r.srv.Streams() <= 2 })
}
