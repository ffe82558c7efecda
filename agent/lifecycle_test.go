package agent

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

const upgradeHead = "GET /ws HTTP/1.1\nHost: a.example\nConnection: Upgrade\nUpgrade: websocket\n\n"

func (r *rig) upgrade() {
	q := r.req(upgradeHead, wire.BodyNone, 0)
	q.Flags |= wire.ReqUpgrade
	r.send(q.Append(nil, 0))
}

// TestUpgrade: bytes both ways, half-close each way, the end when both have ended.
func TestUpgrade(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.upgrade()
	p := s.accept()
	p.want(upgradeHead)
	p.say("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\n\n")
	p.raw("early")
	f := r.frame()
	var resp wire.Resp
	if err := resp.Decode(f.Payload); err != nil || f.Flags != 0 || resp.Body != wire.BodyTunnel {
		t.Fatalf("RESP %+v %x %v", resp, f.Flags, err)
	}
	if f := r.frame(); string(f.Payload) != "early" {
		t.Fatalf("%q", f.Payload)
	}
	for i := range 20 {
		msg := strings.Repeat("m", i*i*5+1)
		r.send(data(msg, 0))
		p.want(msg)
		p.raw(msg)
		for n := 0; n < len(msg); {
			n += len(r.frame().Payload)
		}
	}
	p.CloseWrite()
	if f := r.frame(); f.Type != wire.Data || len(f.Payload) != 0 || f.Flags&wire.End == 0 {
		t.Fatalf("half-close: %s %x", f.Type, f.Flags)
	}
	r.send(data("late", 0))
	p.want("late")
	if x := r.rec.nth(t, 0, inspect.Open); !x.Upgraded {
		t.Error("not recorded as upgraded")
	}
	r.send(data("", wire.End))
	p.gone()
	r.rec.nth(t, 0, inspect.Done)
}

// TestUpgradeVisitorFirst: the visitor's half-close reaches the local service, which goes on.
func TestUpgradeVisitorFirst(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.upgrade()
	p := s.accept()
	p.head()
	p.say("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\n\n")
	r.frame()
	r.send(data("bye", wire.End))
	if got, err := p.gone(); got != "bye" || err != nil {
		t.Fatalf("%q %v", got, err)
	}
	p.raw("answer")
	if f := r.frame(); string(f.Payload) != "answer" {
		t.Fatalf("%q", f.Payload)
	}
	p.Close()
	if f := r.frame(); f.Flags != wire.End|wire.Taken {
		t.Fatalf("%x", f.Flags)
	}
	r.rec.nth(t, 0, inspect.Done)
}

// TestUpgradeDeclined: any other answer is an answer; the relay ends its half with an empty DATA.
func TestUpgradeDeclined(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.upgrade()
	p := s.accept()
	p.head()
	p.say("HTTP/1.1 426 Upgrade Required\nContent-Length: 2\n\nno")
	if a := r.answer(); string(a.body) != "no" || a.taken {
		t.Fatalf("%+v", a)
	}
	r.send(data("", wire.End))
	p.gone()
	r.rec.nth(t, 0, inspect.Done)
}

// TestVisitorLeaves: RESET in each phase frees the lane and the local connection, with RST.
func TestVisitorLeaves(t *testing.T) {
	big := strings.Repeat("x", wire.MaxData)
	phases := map[string]func(t *testing.T, s *service, r *rig) *peer{
		"waiting": func(t *testing.T, s *service, r *rig) *peer {
			r.get("/")
			p := s.accept()
			p.head()
			return p
		},
		"mid-upload": func(t *testing.T, s *service, r *rig) *peer {
			r.send(r.req("POST / HTTP/1.1\nHost: a.example\nTransfer-Encoding: chunked\n\n", wire.BodyUntil, 0).Append(nil, 0), data("a", 0))
			p := s.accept()
			p.head()
			p.want("1\na\n")
			return p
		},
		"blocked upload": func(t *testing.T, s *service, r *rig) *peer {
			r.send(r.req("POST / HTTP/1.1\nHost: a.example\nTransfer-Encoding: chunked\n\n", wire.BodyUntil, 0).Append(nil, 0))
			p := s.accept()
			p.head()
			for range 500 { // 16 MiB, which nobody reads
				r.send(data(big, 0))
			}
			return p
		},
		"blocked download": func(t *testing.T, s *service, r *rig) *peer {
			r.note(func() { r.credit = wire.FirstLimit })
			r.get("/")
			p := s.accept()
			p.head()
			p.say("HTTP/1.1 200 OK\nContent-Length: 10000000\n\n")
			go p.Write([]byte(strings.Repeat("x", 10000000)))
			for r.frame().Type != wire.Data {
			}
			return p
		},
		"mid-download": func(t *testing.T, s *service, r *rig) *peer {
			r.get("/")
			p := s.accept()
			p.head()
			p.say("HTTP/1.1 200 OK\nContent-Length: 100\n\nabc")
			r.frame()
			r.frame()
			return p
		},
		"upgraded": func(t *testing.T, s *service, r *rig) *peer {
			r.upgrade()
			p := s.accept()
			p.head()
			p.say("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: x\n\n")
			r.frame()
			return p
		},
	}
	for name, enter := range phases {
		for _, how := range []string{"RESET", "end of stream"} {
			if how == "end of stream" && strings.HasPrefix(name, "blocked") {
				continue // who is busy does not see it: that is why there is a RESET
			}
			t.Run(name+", "+how, func(t *testing.T) {
				s := newService(t)
				r := newRig(t, s.addr)
				p := enter(t, s, r)
				if how == "RESET" {
					r.reset(wire.CodeVisitorGone)
				} else {
					r.end()
				}
				r.over()
				if _, err := p.gone(); err == nil && name != "blocked download" {
					t.Error("the local connection ended in order, which may pass for the end of a request")
				}
				if x := r.rec.nth(t, 0, inspect.Failed); x.Failure.Code != int(wire.CodeVisitorGone) {
					t.Errorf("recorded %+v", x.Failure)
				}
			})
		}
	}
}

// TestResetWhileDialing: a dial that does not come to an end is given up.
func TestResetWhileDialing(t *testing.T) {
	ln, full := fullListener(t)
	defer ln.Close()
	if !full {
		t.Skip("this kernel's backlog could not be filled")
	}
	r := newRig(t, ln.Addr().String())
	r.get("/")
	r.rec.nth(t, 0, inspect.Pending)
	r.reset(wire.CodeVisitorGone)
	r.over()
}

// fullListener has a backlog that takes no more connections.
func fullListener(t *testing.T) (net.Listener, bool) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	setBacklog(t, ln.(*net.TCPListener))
	for range 10 {
		c, err := net.DialTimeout("tcp", ln.Addr().String(), 300*time.Millisecond)
		if err != nil {
			return ln, true
		}
		t.Cleanup(func() { c.Close() })
	}
	return ln, false
}

// TestDialTimeout is 504.
func TestDialTimeout(t *testing.T) {
	ln, full := fullListener(t)
	defer ln.Close()
	if !full {
		t.Skip("this kernel's backlog could not be filled")
	}
	r := newRig(t, ln.Addr().String(), func(r *rig) { r.eng.limits.dial = 50 * time.Millisecond })
	r.get("/")
	if a := r.answer(); !strings.HasPrefix(a.head, "HTTP/1.1 504 ") || !strings.Contains(a.head, wire.CodeLocalTimeout.String()) {
		t.Fatalf("answer %q", a.head)
	}
}

// TestRefused: the friendly page, in the form that the visitor wants; the stream is fit for another exchange.
func TestRefused(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	r := newRig(t, addr)
	for _, tt := range []struct{ accept, kind, part string }{
		{"text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8", "<dd>Start the local service"},
		{"application/json", "application/json", `"name":"LOCAL_REFUSED"`},
		{"*/*", "text/plain; charset=utf-8", "Nothing is listening"},
	} {
		r.send(r.req("GET / HTTP/1.1\nHost: a.example\nAccept: "+tt.accept+"\n\n", wire.BodyNone, 0).Append(nil, wire.End))
		a := r.answer()
		if !strings.HasPrefix(a.head, "HTTP/1.1 502 Bad Gateway\r\n") || !strings.Contains(a.head, "Content-Type: "+tt.kind+"\r\n") ||
			!strings.Contains(a.head, fmt.Sprintf("Content-Length: %d\r\n", len(a.body))) || !strings.Contains(a.head, "Adit-Error: ADIT-2001 LOCAL_REFUSED\r\n") {
			t.Errorf("head %q", a.head)
		}
		if !strings.Contains(string(a.body), tt.part) || !strings.Contains(string(a.body), addr) {
			t.Errorf("page %q", a.body)
		}
		if a.resp.Flags != wire.RespMade || !a.taken {
			t.Errorf("RESP %+v, taken %v", a.resp, a.taken)
		}
	}
	r.send(r.req("HEAD / HTTP/1.1\nHost: a.example\n\n", wire.BodyNone, 0).Append(nil, wire.End))
	if a := r.answer(); len(a.body) != 0 || a.resp.Body != wire.BodyNone || !a.taken {
		t.Errorf("HEAD: %+v", a)
	}
	r.post("/", "small") // was here whole: the stream stays
	if a := r.answer(); !a.taken {
		t.Errorf("POST: %+v", a)
	}
	r.send(r.req("POST / HTTP/1.1\nHost: a.example\nContent-Length: 9\n\n", wire.BodyLength, 9).Append(nil, 0)) // content to come
	if a := r.answer(); a.taken || a.resp.Flags != wire.RespMade {
		t.Errorf("POST: %+v", a)
	}
	r.send(data("x", 0))
	r.wait("STOP", func() bool { return len(r.stops) == 1 })
	r.rec.nth(t, 5, inspect.Failed)
}

// TestUndelivered: what comes for an endpoint that is not ours any more, or while the agent stops, is given back untouched.
func TestUndelivered(t *testing.T) {
	for name, want := range map[string]wire.Code{"unbound": wire.CodeBadHandle, "stopping": wire.CodeAgentStopping} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			r := newRig(t, s.addr)
			p := exchangeOnce(r, s)
			if name == "stopping" {
				r.eng.stopping.Store(true)
			} else {
				r.lane.bind.closed.Store(true)
			}
			r.post("/", "x")
			if a := r.answer(); a.fail == nil || a.fail.Code != want || !a.fail.Undelivered || !a.taken {
				t.Fatalf("answer %+v", a)
			}
			r.end()
			if got, _ := p.gone(); got != "" {
				t.Fatalf("the local service got %q", got)
			}
		})
	}
}

// TestProbe: answered by the agent itself, also while it stops, and nobody learns of it but who asks for the last proof. For an endpoint that
// is not ours it proves nothing.
func TestProbe(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	k := newFakeLink(t)
	b := &binding{ep: r.ep}
	l, ctx := newLane(t.Context(), r.eng, k, func(uint32) *binding { return b }, nil)
	done := make(chan struct{})
	go func() { l.run(ctx); close(done) }()
	open := wire.OpenFrame{Kind: wire.KindProbe}
	k.send(open.Append(nil))
	if !r.ep.lastProof().IsZero() {
		t.Error("proven before the first probe")
	}
	begin := time.Now().Round(0)
	var proof time.Time
	for seq := range uint32(4) {
		r.eng.stopping.Store(seq == 1)
		b.closed.Store(seq >= 2)
		q := wire.Req{Seq: seq + 1}
		k.send(q.Append(nil, wire.End))
		a := k.answer()
		switch {
		case seq < 2 && (!strings.HasPrefix(a.head, "HTTP/1.1 204 ") || !a.taken || a.resp.Flags != wire.RespMade),
			seq >= 2 && (a.fail == nil || a.fail.Code != wire.CodeBadHandle):
			t.Fatalf("answer %d: %+v", seq, a)
		}
		if seq == 2 { // what comes behind an answer is behind its proof
			proof = r.ep.lastProof()
		}
	}
	k.end()
	<-done
	s.none()
	if at := r.ep.lastProof(); proof.Before(begin) || at != proof {
		t.Errorf("the last proof is %v, was %v; begun at %v", at, proof, begin)
	}
	if r.ep.requests.Snapshot().Count != 0 || len(r.rec.order) != 0 {
		t.Error("a probe was counted")
	}
}

// TestRequestIsProof: what comes through the relay proves the way, a replay does not.
func TestRequestIsProof(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	begin := time.Now().Round(0)
	p := exchangeOnce(r, s)
	proof := r.ep.lastProof()
	if proof.Before(begin) {
		t.Errorf("last proof %v, the request came after %v", proof, begin)
	}
	r.lane.replay = &resend{of: "018f"}
	r.get("/again")
	p.head()
	p.say(ok)
	r.answer()
	if r.ep.lastProof() != proof {
		t.Error("a replay was taken for a proof")
	}
}

// TestMeters: requests are counted from REQ to both ends.
func TestMeters(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	exchangeOnce(r, s)
	r.get("/")
	r.rec.nth(t, 1, inspect.Pending)
	if m := r.ep.requests.Snapshot(); m.Count != 2 || m.Open != 1 {
		t.Errorf("%+v", m)
	}
	r.reset(wire.CodeVisitorGone)
	r.over()
	if m, all := r.ep.requests.Snapshot(), r.eng.requests.Snapshot(); m.Open != 0 || all.Count != 2 || all.Open != 0 {
		t.Errorf("%+v %+v", m, all)
	}
}

// TestHostileRelay: what the relay must not send ends the exchange with a RESET that says why, and the local service sees no whole request.
func TestHostileRelay(t *testing.T) {
	get := "GET / HTTP/1.1\nHost: a.example\n\n"
	post := "POST / HTTP/1.1\nHost: a.example\nContent-Length: 3\n\n"
	chunked := "POST / HTTP/1.1\nHost: a.example\nTransfer-Encoding: chunked\n\n"
	tests := []struct {
		name string
		send func(r *rig)
		want wire.Code
	}{
		{"wrong seq", func(r *rig) { r.seq = 4; r.get("/") }, wire.CodeBadSeq},
		{"DATA first", func(r *rig) { r.send(data("x", 0)) }, wire.CodeFrameOrder},
		{"OPEN again", func(r *rig) { r.open(wire.KindHTTP, 7) }, wire.CodeFrameOrder},
		{"two requests", func(r *rig) { r.get("/"); r.get("/") }, wire.CodeFrameOrder},
		{"too much", func(r *rig) { r.send(r.req(post, wire.BodyLength, 3).Append(nil, 0), data("abcd", wire.End)) }, wire.CodeBadFraming},
		{"empty DATA", func(r *rig) { r.send(r.req(post, wire.BodyLength, 3).Append(nil, 0), data("", 0)) }, wire.CodeFrameSize},
		{"CHUNK 0", func(r *rig) { r.send(r.req(chunked, wire.BodyUntil, 0).Append(nil, 0), wire.AppendChunk(nil, 0)) }, wire.CodeBadFraming},
		{"CHUNK in length", func(r *rig) { r.send(r.req(post, wire.BodyLength, 3).Append(nil, 0), wire.AppendChunk(nil, 3)) }, wire.CodeFrameOrder},
		{"beyond the chunk", func(r *rig) {
			r.send(r.req(chunked, wire.BodyUntil, 0).Append(nil, 0), wire.AppendChunk(nil, 1), data("ab", 0))
		}, wire.CodeBadFraming},
		{"smuggled trailers", func(r *rig) {
			r.send(r.req(chunked, wire.BodyUntil, 0).Append(nil, 0), trailers("X: 1\n\nGET / HTTP/1.1\n"))
		}, wire.CodeBadFraming},
		{"length in head only", func(r *rig) { r.send(r.req(post, wire.BodyNone, 0).Append(nil, wire.End)) }, wire.CodeBadFraming},
		{"another length", func(r *rig) { r.send(r.req(post, wire.BodyLength, 4).Append(nil, 0)) }, wire.CodeBadFraming},
		{"length for chunks", func(r *rig) { r.send(r.req(chunked, wire.BodyLength, 4).Append(nil, 0)) }, wire.CodeBadFraming},
		{"two heads", func(r *rig) { r.send(r.req(get+get, wire.BodyNone, 0).Append(nil, wire.End)) }, wire.CodeBadFraming},
		{"half a head", func(r *rig) { r.send(r.req("GET / HTTP/1.1\nHost: a\n", wire.BodyNone, 0).Append(nil, wire.End)) }, wire.CodeBadFraming},
		{"bare LF", func(r *rig) {
			q := r.req(get, wire.BodyNone, 0)
			q.Head = []byte("GET / HTTP/1.1\nHost: a\n\n")
			r.send(q.Append(nil, wire.End))
		}, wire.CodeBadFraming},
		{"HEAD unsaid", func(r *rig) {
			q := r.req("HEAD / HTTP/1.1\nHost: a.example\n\n", wire.BodyNone, 0)
			q.Flags = 0
			r.send(q.Append(nil, wire.End))
		}, wire.CodeBadFraming},
		{"upgrade with END", func(r *rig) {
			q := r.req(upgradeHead, wire.BodyNone, 0)
			q.Flags |= wire.ReqUpgrade
			r.send(q.Append(nil, wire.End))
		}, wire.CodeBadFraming},
		{"DATA before 101", func(r *rig) { r.upgrade(); r.send(data("x", 0)) }, wire.CodeFrameOrder},
		{"no upgrade in the head", func(r *rig) {
			q := r.req(get, wire.BodyNone, 0)
			q.Flags |= wire.ReqUpgrade
			r.send(q.Append(nil, 0))
		}, wire.CodeBadFraming},
		{"a stream of udp", nil, wire.CodeUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t)
			r := newRig(t, s.addr, func(r *rig) { r.seq = 0 })
			if tt.send == nil {
				k := newFakeLink(t)
				l, ctx := newLane(t.Context(), r.eng, k, func(uint32) *binding { return nil }, nil)
				done := make(chan struct{})
				go func() { l.run(ctx); close(done) }()
				open := wire.OpenFrame{Kind: wire.KindUDP}
				k.send(open.Append(nil))
				k.wait("RESET", func() bool { return len(k.resets) == 1 && k.resets[0] == tt.want })
				k.end()
				<-done
				return
			}
			tt.send(r)
			r.wait("RESET", func() bool { return len(r.resets) > 0 })
			if r.resets[0] != tt.want {
				t.Errorf("RESET %v, want %v", r.resets[0], tt.want)
			}
			r.send(data("what still comes is dropped", 0))
			r.wait("dropping", func() bool { return len(r.in) == 0 })
			r.end()
			r.over()
		})
	}
}
