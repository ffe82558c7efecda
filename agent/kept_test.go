package agent

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/wire"
)

// exchangeOnce makes a first exchange, so that there is a kept connection.
func exchangeOnce(r *rig, s *service) *peer {
	r.t.Helper()
	r.get("/first")
	p := s.accept()
	p.head()
	p.say(ok)
	r.answer()
	return p
}

// TestStrayBytes: what the local service says unasked on a kept connection never becomes the next one's answer, and what it closes costs nothing.
func TestStrayBytes(t *testing.T) {
	for _, stray := range []string{"x", "HTTP/1.1 408 Request Timeout\nConnection: close\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\nContent-Length: 4\n\nevil", ""} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(method+" "+stray, func(t *testing.T) {
				s := newService(t)
				r := newRig(t, s.addr)
				p := exchangeOnce(r, s)
				if stray != "" {
					p.say(stray)
				} else {
					p.CloseWrite()
				}
				// At once: goroutine B may not have noticed yet.
				if method == "GET" {
					r.get("/second")
				} else {
					r.post("/second", "x")
				}
				p2 := s.accept()
				if h := p2.head(); !strings.HasPrefix(h, method+" /second ") {
					t.Fatalf("head %q", h)
				}
				p2.say("HTTP/1.1 201 Created\nContent-Length: 0\n\n")
				if a := r.answer(); !strings.HasPrefix(a.head, "HTTP/1.1 201 ") || a.resp.Tries != 1 {
					t.Fatalf("answer %q, %d tries", a.head, a.resp.Tries)
				}
				if got, _ := p.gone(); got != "" {
					t.Fatalf("the old connection got %q", got)
				}
			})
		}
	}
}

// TestIdleCloseRace: the local service closes the kept connection exactly when the next request comes. A GET is repeated; a POST is either
// delivered once or honestly failed, and never sent twice.
func TestIdleCloseRace(t *testing.T) {
	for range 200 {
		s := newService(t)
		r := newRig(t, s.addr)
		p := exchangeOnce(r, s)
		go p.CloseWrite()
		r.get("/again")
		// Whether the FIN was seen before the write, after it, or not yet: the answer comes from a connection that works.
		p2 := s.accept()
		p2.want("GET /again HTTP/1.1\nHost: a.example\n\n")
		p2.say(ok)
		if a := r.answer(); string(a.body) != "ok" || a.resp.Tries > 2 || !a.taken {
			t.Fatalf("answer %+v", a)
		}
		p.gone()
	}
}

// TestRepeat: a GET that meets the end of a kept connection after it was written is written once more, and only once.
func TestRepeat(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	p := exchangeOnce(r, s)
	r.get("/again")
	p.head()
	p.Close()
	p2 := s.accept()
	p2.want("GET /again HTTP/1.1\nHost: a.example\n\n")
	p2.say(ok)
	if a := r.answer(); a.resp.Tries != 2 || string(a.body) != "ok" || !a.taken {
		t.Fatalf("answer %+v", a)
	}
	if x := r.rec.nth(t, 1, inspect.Done); x.Tries != 2 {
		t.Errorf("recorded tries %d", x.Tries)
	}
	r.get("/third") // on the new connection
	p2.want("GET /third HTTP/1.1\nHost: a.example\n\n")
	p2.Close()
	p3 := s.accept()
	p3.head()
	p3.Close()
	if a := r.answer(); !strings.Contains(a.head, wire.CodeLocalReset.String()) {
		t.Fatalf("answer %q", a.head)
	}
	s.none()
}

// TestNoRepeat: nothing but a GET, HEAD or OPTIONS without content, before any byte of the answer, is written twice.
func TestNoRepeat(t *testing.T) {
	t.Run("POST", func(t *testing.T) {
		s := newService(t)
		r := newRig(t, s.addr)
		p := exchangeOnce(r, s)
		r.post("/", "x")
		p.head()
		p.Close()
		if a := r.answer(); !strings.Contains(a.head, wire.CodeLocalReset.String()) {
			t.Fatalf("answer %q", a.head)
		}
		s.none()
	})
	t.Run("GET with content", func(t *testing.T) {
		s := newService(t)
		r := newRig(t, s.addr)
		p := exchangeOnce(r, s)
		r.send(r.req("GET / HTTP/1.1\nHost: a.example\nContent-Length: 1\n\n", wire.BodyLength, 1).Append(nil, 0), data("x", wire.End))
		p.head()
		p.Close()
		if a := r.answer(); !strings.Contains(a.head, wire.CodeLocalReset.String()) {
			t.Fatalf("answer %q", a.head)
		}
		s.none()
	})
	t.Run("after a byte", func(t *testing.T) {
		s := newService(t)
		r := newRig(t, s.addr)
		p := exchangeOnce(r, s)
		r.get("/")
		p.head()
		p.say("H")
		p.Close()
		if a := r.answer(); !strings.Contains(a.head, wire.CodeLocalReset.String()) {
			t.Fatalf("answer %q", a.head)
		}
		s.none()
	})
}

// TestTrust: after a second of idleness only what may be repeated goes on the kept connection.
func TestTrust(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr, func(r *rig) { r.eng.limits.trust = 0 })
	p := exchangeOnce(r, s)
	r.get("/second")
	p.want("GET /second HTTP/1.1\nHost: a.example\n\n")
	p.say(ok)
	r.answer()
	r.post("/third", "x")
	p2 := s.accept()
	p2.head()
	p.gone()
	p2.want("x")
	p2.say(ok)
	r.answer()
}

// TestPin: a connection that NTLM or Negotiate authenticated serves its own visitor only.
func TestPin(t *testing.T) {
	challenge := "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic\nwww-authenticate: NTLM\nContent-Length: 0\n\n"
	t.Run("challenge", func(t *testing.T) {
		s := newService(t)
		r := newRig(t, s.addr, func(r *rig) { r.eng.limits.trust = 0 })
		r.get("/")
		p := s.accept()
		p.head()
		p.say(challenge)
		if a := r.answer(); a.resp.Flags != wire.RespPin || !a.taken {
			t.Fatalf("answer %+v", a.resp)
		}
		r.post("/", "x") // the same visitor: the same connection, however long it was idle
		p.head()
		p.want("x")
		p.say(ok)
		r.answer()
		q := r.req("GET /other HTTP/1.1\nHost: a.example\n\n", wire.BodyNone, 0)
		q.Conn = 2
		r.send(q.Append(nil, wire.End))
		p2 := s.accept()
		p2.want("GET /other HTTP/1.1\nHost: a.example\n\n")
		p2.say(ok)
		r.answer()
		p.gone()
	})
	t.Run("credentials", func(t *testing.T) {
		s := newService(t)
		r := newRig(t, s.addr)
		r.send(r.req("GET / HTTP/1.1\nHost: a.example\nAuthorization: Negotiate abc\n\n", wire.BodyNone, 0).Append(nil, wire.End))
		p := s.accept()
		p.head()
		p.say(ok)
		if a := r.answer(); a.resp.Flags != wire.RespPin {
			t.Fatalf("answer %+v", a.resp)
		}
	})
	t.Run("basic", func(t *testing.T) {
		s := newService(t)
		r := newRig(t, s.addr)
		r.send(r.req("GET / HTTP/1.1\nHost: a.example\nAuthorization: Basic abc\n\n", wire.BodyNone, 0).Append(nil, wire.End))
		p := s.accept()
		p.head()
		p.say("HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic\nContent-Length: 0\n\n")
		if a := r.answer(); a.resp.Flags != 0 {
			t.Fatalf("answer %+v", a.resp)
		}
	})
}

// TestEarlyAnswer: a response that comes while the upload runs goes out at once, the upload goes on, and the connection is not kept.
func TestEarlyAnswer(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.send(r.req("POST / HTTP/1.1\nHost: a.example\nContent-Length: 6\n\n", wire.BodyLength, 6).Append(nil, 0), data("ab", 0))
	p := s.accept()
	p.head()
	p.want("ab")
	p.say("HTTP/1.1 413 Content Too Large\nContent-Length: 2\n\nno")
	if a := r.answer(); a.taken || string(a.body) != "no" {
		t.Fatalf("answer %+v", a)
	}
	r.rec.nth(t, 0, inspect.Open)
	r.send(data("cd", 0))
	p.want("cd")
	r.send(data("ef", wire.End))
	p.want("ef")
	p.gone()
	r.rec.nth(t, 0, inspect.Done)
	if len(r.stops) != 0 {
		t.Errorf("STOP %v", r.stops)
	}
}

// TestStop: when the local service has answered and reads no more, the rest is dropped and the relay is told.
func TestStop(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr, func(r *rig) { r.eng.limits.late = 50 * time.Millisecond })
	const size = 64 << 20
	r.send(r.req("POST / HTTP/1.1\nHost: a.example\nContent-Length: 67108864\n\n", wire.BodyLength, size).Append(nil, 0))
	p := s.accept()
	p.head()
	p.say("HTTP/1.1 413 Content Too Large\nContent-Length: 2\n\nno")
	if a := r.answer(); a.taken {
		t.Fatalf("answer %+v", a)
	}
	piece := data(strings.Repeat("x", wire.MaxData), 0)
	for stopped := false; !stopped; {
		r.send(piece)
		r.wait("the agent to take it", func() bool { return len(r.in) == 0 || len(r.stops) > 0 })
		r.note(func() { stopped = len(r.stops) > 0 })
	}
	if r.stops[0] != 1 {
		t.Errorf("STOP %v", r.stops)
	}
	r.end()
	r.over()
	r.rec.nth(t, 0, inspect.Done)
}

// TestLocalClosesWhileUploading: the response that the local service sent before it stopped reading is not lost.
func TestLocalClosesWhileUploading(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	const n = 40
	r.send(r.req("POST / HTTP/1.1\nHost: a.example\nTransfer-Encoding: chunked\n\n", wire.BodyUntil, 0).Append(nil, 0))
	p := s.accept()
	p.head()
	p.say("HTTP/1.1 413 Content Too Large\nConnection: close\nContent-Length: 2\n\nno")
	p.Close()
	a := r.answer()
	if string(a.body) != "no" || a.taken {
		t.Fatalf("answer %+v", a)
	}
	for range n {
		r.send(data(strings.Repeat("x", wire.MaxData), 0))
	}
	r.send(data("", wire.End))
	r.rec.nth(t, 0, inspect.Done)
}

// TestReclaimed: a kept connection that turns out to be closed belongs to the goroutine that finds it first. The other one neither answers
// nor repeats: the visitor gets one response.
func TestReclaimed(t *testing.T) {
	begin := func(t *testing.T, repeat bool) (*fakeLink, *lane, context.Context, *local, *peer) {
		s := newService(t)
		k := newFakeLink(t)
		eng := newEngine(nil, capture.NewBudget(0, 0), func(f func()) { go f() }, silent())
		l, ctx := newLane(t.Context(), eng, k, nil, nil)
		t.Cleanup(func() { l.kill(wire.CodeNone) })
		ep, err := newEndpoint(Endpoint{Name: "web", Upstream: "http://" + s.addr})
		if err != nil {
			t.Fatal(err)
		}
		l.ep = ep
		c, err := l.dial(ctx, &l.xs[0])
		if err != nil {
			t.Fatal(err)
		}
		l.xs[0] = exchange{seq: 1, reused: true, tries: 1, repeat: repeat}
		l.local, c.cur = c, &l.xs[0]
		return k, l, ctx, c, s.accept()
	}
	for _, repeat := range []bool{true, false} {
		k, l, ctx, c, p := begin(t, repeat)
		p.Close()
		if !l.reclaim(c, c.cur) {
			t.Fatal("not reclaimed")
		}
		if next := l.receive(ctx, c, &l.xs[0]); next != nil || len(k.out) > 0 {
			t.Errorf("repeat %v: goroutine B goes on with %v and has written %q", repeat, next, k.out)
		}
	}
	k, l, ctx, c, p := begin(t, false)
	p.say("HTTP/1.1 408 Request Timeout\nContent-Length: 9\n\ntoo")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.receive(ctx, c, &l.xs[0])
	}()
	k.frame()
	if l.reclaim(c, c.cur) {
		t.Error("reclaimed although goroutine B passes an answer on")
	}
	l.kill(wire.CodeNone)
	<-ended
}
