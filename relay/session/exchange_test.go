package session

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const taken = wire.End | wire.Taken

func TestExchangesShareAStream(t *testing.T) {
	r := newRig(t)
	var req wire.Req
	a := r.agent("good", "i1", func(l *lane) bool { req = l.req; return ok("hello")(l) })
	e := a.bind(r, 1, "a")
	for i := range 50 {
		if got := do(t, e, get(uint64(i))); got != "hello" {
			t.Fatalf("got %q", got)
		}
	}
	if n := a.streams.Load(); n != 1 {
		t.Fatalf("%d streams for one exchange after another", n)
	}
	if req.Seq != 50 || req.Conn != 49 || string(req.Head) != string(get(0).Head) || req.Client != get(0).Client {
		t.Fatalf("REQ came as %+v", req)
	}
	if e.Upstream.Load() != 0 {
		t.Fatal("an exchange is counted as under way")
	}
}

func TestContentComesWithTheRequest(t *testing.T) {
	for _, n := range []int{0, 1, wire.MaxData, wire.MaxData + 1, maxContent} {
		r := newRig(t)
		got := make(chan string, 1)
		a := r.agent("good", "i1", func(l *lane) bool {
			var b strings.Builder
			for end := l.ended; !end; {
				f, err := l.Next()
				if err != nil || f.Type != wire.Data {
					return false
				}
				b.Write(f.Payload)
				l.Took(wire.Cost(f))
				end = f.Flags&wire.End != 0
			}
			got <- b.String()
			return l.Write(l.response("", taken)) == nil
		})
		e := a.bind(r, 1, "a")
		want := strings.Repeat("x", n)
		do(t, e, post(want))
		if s := <-got; s != want {
			t.Fatalf("%d bytes of %d came", len(s), n)
		}
	}
}

func TestContentIsSentBehindTheRequest(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("done"))
	e := a.bind(r, 1, "a")
	for range 2 {
		q := post("")
		q.Length, q.Body = 0, wire.BodyUntil
		x := begin(t, e, q)
		for range 100 { // more than the first credit
			if err := x.Send(data(strings.Repeat("y", 4096), 0), 4096+wire.FrameCost, false); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.Send(data("", wire.End), wire.FrameCost, true); err != nil {
			t.Fatal(err)
		}
		if got, _, err := read(x); err != nil || got != "done" {
			t.Fatal(got, err)
		}
		x.Finish()
	}
	if n := a.streams.Load(); n != 1 {
		t.Fatalf("%d streams", n)
	}
}

func TestEarlyAnswerWithStop(t *testing.T) {
	r := newRig(t)
	over := make(chan reset, 1)
	a := r.agent("good", "i1", func(l *lane) bool {
		if err := l.Write(l.response("no", wire.End)); err != nil {
			return false
		}
		l.SendStop(l.req.Seq)
		for {
			if _, err := l.Next(); err != nil {
				over <- <-l.resets
				return false
			}
		}
	})
	e := a.bind(r, 1, "a")
	q := post("")
	q.Length = 1 << 30
	x := begin(t, e, q)
	if got, _, err := read(x); err != nil || got != "no" {
		t.Fatal(got, err)
	}
	<-x.Stopped()
	var err error
	for range 1000 {
		if err = x.Send(data("more", 0), 4+wire.FrameCost, false); err != nil {
			break
		}
	}
	if !errors.Is(err, wire.ErrStopped) {
		t.Fatalf("Send: %v", err)
	}
	x.Finish()
	if got := <-over; got.seq != 1 {
		t.Fatalf("the stream was not reset: %+v", got)
	}
}

func TestAbortByTheVisitor(t *testing.T) {
	r := newRig(t)
	over, at := make(chan reset, 1), make(chan struct{}, 1)
	a := r.agent("good", "i1", func(l *lane) bool {
		at <- struct{}{}
		over <- <-l.resets
		return false
	})
	e := a.bind(r, 1, "a")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, how := range []string{"abort", "context"} {
		x, err := e.Upstream.Begin(ctx, get(1))
		if err != nil {
			t.Fatal(err)
		}
		stopped := x.Stopped()
		<-at // RESET may overtake REQ
		if how == "abort" {
			x.Abort(wire.CodeReaderTimeout)
		} else {
			cancel()
		}
		<-stopped
		if got := <-over; got.seq != 1 || got.code == 0 {
			t.Fatalf("%s: %+v", how, got)
		}
		if _, err := x.Next(); codeOf(err) == 0 {
			t.Fatalf("%s: Next: %v", how, err)
		}
		if err := x.Send(data("x", 0), 65, false); err == nil {
			t.Fatalf("%s: Send goes on", how)
		}
		x.Finish()
		x.Abort(wire.CodeVisitorGone)
		if n := e.Upstream.Load(); n != 0 {
			t.Fatalf("%s: load %d", how, n)
		}
	}
	if _, err := e.Upstream.Begin(ctx, get(1)); codeOf(err) != wire.CodeVisitorGone {
		t.Fatalf("Begin with a context that has ended: %v", err)
	}
}

func TestLateAbortHitsNobody(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok("hello"))
	e := a.bind(r, 1, "a")
	x := begin(t, e, get(1))
	if _, _, err := read(x); err != nil {
		t.Fatal(err)
	}
	x.Finish()
	y := begin(t, e, get(2))
	x.Abort(wire.CodeVisitorGone)
	if got, _, err := read(y); err != nil || got != "hello" {
		t.Fatal(got, err)
	}
	y.Finish()
	if n := a.streams.Load(); n != 1 {
		t.Fatalf("%d streams", n)
	}
}

func TestAbortByTheAgent(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", func(l *lane) bool {
		_ = l.Write(join(resp(l.req.Seq, wire.BodyLength, 100, 0), data("part", 0), abort(l.req.Seq)))
		_, _ = l.Next()
		return false
	})
	e := a.bind(r, 1, "a")
	x := begin(t, e, get(1))
	got, last, err := read(x)
	if err != nil || got != "part" || last.Type != wire.Abort {
		t.Fatal(got, last.Type, err)
	}
	x.Finish()
	a.serve.Store(new(func(l *lane) bool { return ok("hello")(l) }))
	do(t, e, get(1))
	if n := a.streams.Load(); n != 2 {
		t.Fatalf("%d streams: the aborted one was used again", n)
	}
}

// TestHostileAgents: what breaks the protocol is a 502 for its own visitor, a RESET for the agent, and nothing for anybody else.
func TestHostileAgents(t *testing.T) {
	for _, c := range []struct {
		name string
		send func(seq uint32) []byte
		code wire.Code
	}{
		{"wrong seq", func(s uint32) []byte { return resp(s+1, wire.BodyLength, 0, taken) }, wire.CodeBadSeq},
		{"two RESP", func(s uint32) []byte { return join(resp(s, wire.BodyUntil, 0, 0), resp(s, wire.BodyUntil, 0, 0)) }, wire.CodeFrameOrder},
		{"DATA before RESP", func(uint32) []byte { return data("x", 0) }, wire.CodeFrameOrder},
		{"more than the length", func(s uint32) []byte { return join(resp(s, wire.BodyLength, 1, 0), data("xy", taken)) }, wire.CodeBadFraming},
		{"empty DATA", func(s uint32) []byte { return join(resp(s, wire.BodyUntil, 0, 0), data("", 0)) }, wire.CodeFrameSize},
		{"CHUNK of 0", func(s uint32) []byte { return join(resp(s, wire.BodyUntil, 0, 0), chunk(0)) }, 0},
		{"body 3 unasked", func(s uint32) []byte { return resp(s, wire.BodyTunnel, 0, 0) }, wire.CodeBadFraming},
		{"FAIL behind RESP", func(s uint32) []byte { return join(resp(s, wire.BodyUntil, 0, 0), fail(s, wire.CodeLocalReset, false)) }, wire.CodeFrameOrder},
		{"an unknown frame", func(uint32) []byte { return wire.AppendHeader(nil, 0x1f, 0, 0) }, wire.CodeUnknownFrame},
		{"a frame of the relay", func(uint32) []byte { return wire.AppendHeader(nil, wire.Open, 0, 8) }, wire.CodeFrameOrder},
		{"END before the length", func(s uint32) []byte { return join(resp(s, wire.BodyLength, 9, 0), data("x", taken)) }, wire.CodeAgentAborted},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			over := make(chan reset, 1)
			a := r.agent("good", "i1", func(l *lane) bool {
				_ = l.Write(c.send(l.req.Seq))
				over <- <-l.resets
				return false
			})
			e := a.bind(r, 1, "a")
			x := begin(t, e, get(1))
			_, _, err := read(x)
			var re *registry.Error
			if !errors.As(err, &re) || c.code != 0 && re.Code != c.code || !re.Delivered {
				t.Fatalf("got %v", err)
			}
			if got := <-over; got.seq != 1 {
				t.Fatalf("RESET is %+v", got)
			}
			x.Abort(re.Code)
			a.serve.Store(new(func(l *lane) bool { return ok("hello")(l) }))
			if do(t, e, get(2)) != "hello" {
				t.Fatal("the session did not stay")
			}
		})
	}
}

func chunk(size byte) []byte {
	b := wire.AppendHeader(nil, wire.Chunk, 0, 8)
	return append(b, 0, 0, 0, 0, 0, 0, 0, size)
}

func TestEndOfStreamIsAnAbort(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", func(l *lane) bool {
		_ = l.Write(join(resp(l.req.Seq, wire.BodyUntil, 0, 0), data("part", 0)))
		return false
	})
	e := a.bind(r, 1, "a")
	x := begin(t, e, get(1))
	if got, _, err := read(x); got != "part" || codeOf(err) != wire.CodeAgentAborted {
		t.Fatal(got, err)
	}
	a.serve.Store(new(func(l *lane) bool { return false }))
	if _, _, err := read(begin(t, e, get(1))); codeOf(err) != wire.CodeAgentAborted {
		t.Fatal(err)
	}
}

func TestLinkLost(t *testing.T) {
	r := newRig(t)
	at := make(chan struct{}, 2)
	a := r.agent("good", "i1", func(l *lane) bool {
		if l.req.Conn == 2 {
			_ = l.Write(join(resp(l.req.Seq, wire.BodyUntil, 0, 0), data("part", 0)))
		}
		at <- struct{}{}
		_, err := l.Next()
		return err == nil
	})
	e := a.bind(r, 1, "a")
	waiting, reading := begin(t, e, get(1)), begin(t, e, get(2))
	for range 2 { // RESP, DATA
		if _, err := reading.Next(); err != nil {
			t.Fatal(err)
		}
	}
	<-at
	<-at
	a.leg.Close()
	_, err := waiting.Next()
	var re *registry.Error
	if !errors.As(err, &re) || re.Code != wire.CodeDelivery || !re.Delivered {
		t.Fatalf("waiting: %v", err)
	}
	if _, err := reading.Next(); codeOf(err) != wire.CodeLinkLost {
		t.Fatalf("reading: %v", err)
	}
	eventually(t, "the name is free", func() bool { _, err := r.reg.Pick([]byte(e.Host)); return err != nil })
	if _, err := e.Upstream.Begin(context.Background(), get(3)); codeOf(err) != wire.CodeAgentGone {
		t.Fatalf("Begin: %v", err)
	}
	eventually(t, "no session is left", func() bool { return r.srv.Sessions() == 0 && r.names.released.Load() == 1 })
}
