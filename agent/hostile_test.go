package agent_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

const (
	getHead     = "GET /evil HTTP/1.1\nHost: a\n\n"
	postHead    = "POST /evil HTTP/1.1\nHost: a\nContent-Length: 3\n\n"
	chunkedHead = "POST /evil HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n"
	upgradeHead = "GET /evil HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: x\n\n"
)

// raw is a REQ whose head stands as it is written.
func raw(head string, body wire.Body, f wire.Flags) []byte {
	q := wire.Req{Seq: 1, Version: 0x11, Body: body, Start: time.Now(), Head: []byte(head)}
	return q.Append(nil, f)
}

// mischief is what a hostile relay sends behind OPEN, and the code that it hears.
var mischief = []struct {
	name string
	send []byte
	code wire.Code // 0: any
}{
	{"a seq ahead", getReq(2, "evil"), wire.CodeBadSeq},
	{"seq 0", getReq(0, "evil"), wire.CodeBadSeq},
	{"a seq twice", join(getReq(1, "fine"), getReq(1, "evil")), 0},
	{"two requests at once", join(req(1, postHead, wire.BodyLength, 3, 0, 0), getReq(2, "evil")), wire.CodeFrameOrder},
	{"DATA before REQ", join(wiretest.Data("x", 0), getReq(1, "evil")), wire.CodeFrameOrder},
	{"OPEN again", join(wiretest.Opening(wire.KindHTTP, 1), getReq(1, "evil")), wire.CodeFrameOrder},
	{"more than the length", join(req(1, postHead, wire.BodyLength, 3, 0, 0), wiretest.Data("four", wire.End)), wire.CodeBadFraming},
	{"the length without END", join(req(1, postHead, wire.BodyLength, 3, 0, 0), wiretest.Data("abc", 0)), wire.CodeBadFraming},
	{"empty DATA", join(req(1, postHead, wire.BodyLength, 3, 0, 0), wiretest.Data("", 0)), wire.CodeFrameSize},
	{"CHUNK 0", join(req(1, chunkedHead, wire.BodyUntil, 0, 0, 0), frame(wire.Chunk, 0, 8)), wire.CodeBadFraming},
	{"CHUNK in a length", join(req(1, postHead, wire.BodyLength, 3, 0, 0), wire.AppendChunk(nil, 3)), wire.CodeFrameOrder},
	{"CHUNK in a chunk", join(req(1, chunkedHead, wire.BodyUntil, 0, 0, 0), wire.AppendChunk(nil, 3), wire.AppendChunk(nil, 3)), wire.CodeFrameOrder},
	{"beyond the open chunk", join(req(1, chunkedHead, wire.BodyUntil, 0, 0, 0), wire.AppendChunk(nil, 1), wiretest.Data("xx", wire.End)), wire.CodeBadFraming},
	{"END on a REQ with content", req(1, chunkedHead, wire.BodyUntil, 0, 0, wire.End), wire.CodeBadFraming},
	{"no END on a REQ without", req(1, getHead, wire.BodyNone, 0, 0, 0), wire.CodeBadFraming},
	{"body 3", req(1, getHead, wire.BodyTunnel, 0, 0, 0), wire.CodeBadFraming},
	{"body 9", req(1, getHead, 9, 0, 0, 0), wire.CodeBadFraming},
	{"a length that only the head has", req(1, postHead, wire.BodyNone, 0, 0, wire.End), wire.CodeBadFraming},
	{"another length than the head's", join(req(1, postHead, wire.BodyLength, 4, 0, 0), wiretest.Data("evil", wire.End)), wire.CodeBadFraming},
	{"chunks that the head does not have", join(req(1, postHead, wire.BodyUntil, 0, 0, 0), wiretest.Data("evil", wire.End)), wire.CodeBadFraming},
	{"both framings", raw("POST /evil HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0), wire.CodeBadFraming},
	{"another coding", raw("POST /evil HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", wire.BodyUntil, 0), wire.CodeBadFraming},
	{"a head that smuggles another", raw("GET /evil HTTP/1.1\r\nHost: a\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n", wire.BodyNone, wire.End), wire.CodeBadFraming},
	{"a head that smuggles by a bare LF", raw("GET /evil HTTP/1.1\r\nHost: a\r\nX: y\n\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n", wire.BodyNone, wire.End), wire.CodeBadFraming},
	{"half a head", raw("GET /evil HTTP/1.1\r\nHost: a\r\n", wire.BodyNone, wire.End), wire.CodeBadFraming},
	{"no head", raw("", wire.BodyNone, wire.End), wire.CodeBadFraming},
	{"trailers that smuggle", join(req(1, chunkedHead, wire.BodyUntil, 0, 0, 0), wiretest.Trailers("A: b\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n", 0)), wire.CodeBadFraming},
	{"HEAD that the flags deny", req(1, "HEAD /evil HTTP/1.1\nHost: a\n\n", wire.BodyNone, 0, 0, wire.End), wire.CodeBadFraming},
	{"HEAD that only the flags know", req(1, getHead, wire.BodyNone, 0, wire.ReqHead, wire.End), wire.CodeBadFraming},
	{"an upgrade that the head does not ask for", req(1, getHead, wire.BodyNone, 0, wire.ReqUpgrade, 0), wire.CodeBadFraming},
	{"an upgrade with END", req(1, upgradeHead, wire.BodyNone, 0, wire.ReqUpgrade, wire.End), wire.CodeBadFraming},
	{"TAKEN", req(1, getHead, wire.BodyNone, 0, 0, wire.End|wire.Taken), wire.CodeFrameOrder},
	{"RESP", wiretest.Resp(1, "HTTP/1.1 200 OK\r\n\r\n", wire.BodyNone, 0, wire.End), wire.CodeFrameOrder},
	{"a frame of the control stream", wiretest.Ping(make([]byte, 8)), wire.CodeFrameOrder},
	{"an unknown frame", join(frame(0x1f, 0, 3), getReq(1, "evil")), wire.CodeUnknownFrame},
	{"a frame that announces 16 MiB", wire.AppendHeader(nil, wire.Data, 0, 1<<24-1), wire.CodeFrameSize},
}

// TestPromise19HostileRelay: whatever a relay sends, the local service gets no request that it takes for whole, the relay hears a RESET that
// says why, what still comes is dropped, and the session goes on.
func TestPromise19HostileRelay(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	for _, m := range mischief {
		t.Run(m.name, func(t *testing.T) {
			id := p.Open(wire.KindHTTP, handle)
			p.Send(id, m.send)
			p.Send(id, wiretest.Data(strings.Repeat("x", 1000), 0)) // is dropped
			f, ok := p.Hear(wire.Reset)
			if !ok || binary.BigEndian.Uint32(f.Payload) != id {
				t.Fatalf("RESET %x %t, of stream %d", f.Payload, ok, id)
			}
			if got := wire.Code(binary.BigEndian.Uint16(f.Payload[8:])); got == 0 || m.code != 0 && got != m.code {
				t.Errorf("RESET says %v, want %v", got, m.code)
			}
			p.Fin(id)
			p.Over(id)
			p.Round()
			exchange(t, p, handle, "honest")
		})
	}
	s.local.wait("the local connections' end", func(open int) bool { return open == 0 })
	if v, _ := s.local.of("evil"); v.whole {
		t.Errorf("the local service took %+v for whole", v)
	}
}

// TestPromise19EndBeforeTheEnd: END before the length or inside a chunk is an abort, not a mistake.
func TestPromise19EndBeforeTheEnd(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	for _, send := range [][]byte{
		join(req(1, postHead, wire.BodyLength, 3, 0, 0), wiretest.Data("x", wire.End)),
		join(req(1, postHead, wire.BodyLength, 3, 0, 0), wiretest.Data("x", 0), wiretest.Data("", wire.End)),
		join(req(1, chunkedHead, wire.BodyUntil, 0, 0, 0), wire.AppendChunk(nil, 9), wiretest.Data("xx", wire.End)),
	} {
		id := p.Open(wire.KindHTTP, handle)
		p.Send(id, send)
		p.Over(id)
		p.Fin(id)
	}
	exchange(t, p, handle, "honest")
	s.local.wait("the local connections' end", func(open int) bool { return open == 0 })
	if v, _ := s.local.of("evil"); v.whole {
		t.Errorf("the local service took %+v for whole", v)
	}
}

// TestPromise19HostileStreams: kinds that are not served, and streams that say nothing.
func TestPromise19HostileStreams(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	for _, kind := range []wire.Kind{wire.KindTCP, wire.KindTLS, 3, 5, 255} {
		id := p.Open(kind, handle)
		f, ok := p.Hear(wire.Reset)
		if !ok || binary.BigEndian.Uint32(f.Payload) != id {
			t.Errorf("kind %d: RESET %x", kind, f.Payload)
		}
		p.Fin(id)
		p.Over(id)
	}
	for range 200 {
		id := p.Begin()
		defer p.Over(id)
		p.Fin(id)
	}
	exchange(t, p, handle, "honest")
}

// TestPromise19HostileLeg: what a relay does to its whole leg ends the leg. The agent frees the local service and comes back.
func TestPromise19HostileLeg(t *testing.T) {
	s := newStage(t)
	for name, do := range map[string]func(p *wiretest.Peer, id uint32){
		"no smux":                     func(p *wiretest.Peer, _ uint32) { p.Raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) },
		"smux 1":                      func(p *wiretest.Peer, _ uint32) { p.Raw([]byte{1, 2, 0, 0, 2, 0, 0, 0}) },
		"an odd stream":               func(p *wiretest.Peer, id uint32) { p.Syn(id + 1) },
		"a stream below the last":     func(p *wiretest.Peer, id uint32) { p.Syn(id + 10); p.Syn(id + 4) },
		"REQ on control":              func(p *wiretest.Peer, _ uint32) { p.Say(getReq(1, "evil")) },
		"an unknown frame on control": func(p *wiretest.Peer, _ uint32) { p.Say(frame(0x1f, 0, 0)) },
		"a PONG of 9":                 func(p *wiretest.Peer, _ uint32) { p.Say(frame(wire.Pong, 0, 9)) },
		"no JSON":                     func(p *wiretest.Peer, _ uint32) { p.Say(append(wire.AppendHeader(nil, wire.Msg, 0, 1), '{')) },
		"a message of 64 KiB and one": func(p *wiretest.Peer, _ uint32) { p.Say(wire.AppendHeader(nil, wire.Msg, 0, wire.MaxMessage+1)) },
		"1025 early RESETs": func(p *wiretest.Peer, id uint32) {
			for i := range uint32(1025) {
				p.Say(wiretest.Reset(id+100+2*i, 1, 0))
			}
		},
		"it ends the control stream": func(p *wiretest.Peer, _ uint32) { p.Fin(wiretest.Control) },
		"a Fatal that is not final": func(p *wiretest.Peer, _ uint32) {
			p.Say(wiretest.Message(wire.MsgFatal, 0, &wire.Fatal{Code: wire.CodeRelayStopping}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, handle := s.session()
			exchange(t, p, handle, "honest")
			id := p.Open(wire.KindHTTP, handle)
			before, _ := s.local.of("held")
			started, _ := s.local.of("hold")
			p.Send(id, getReq(1, "hold"))
			s.local.wait("the request", func(int) bool { return s.local.seen["hold"].times > started.times })
			do(p, id)
			select {
			case <-p.Ended():
			case <-time.After(limit):
				t.Fatal("the leg does not end")
			}
			s.local.wait("the service's release", func(int) bool { return s.local.seen["held"].times > before.times })
			s.again()
		})
	}
	p, handle := s.session()
	exchange(t, p, handle, "after")
}

// TestPromise19PingFlood: PINGs cost one PONG at most, and stop nobody.
func TestPromise19PingFlood(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	flood := []byte(strings.Repeat(string(wiretest.Ping(make([]byte, 8))), 10_000))
	for range 50 {
		p.Say(flood)
	}
	exchange(t, p, handle, "honest")
	p.Round()
}

// TestPromise16UnknownFrames: one with SKIP is passed over wherever it stands, on data and on control.
func TestPromise16UnknownFrames(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	skip := frame(0x1d, wire.Skip, 3000)
	p.Say(skip)
	id := p.Begin()
	p.Send(id, skip, wiretest.Opening(wire.KindHTTP, handle), skip, req(1, postHead, wire.BodyLength, 3, 0, 0), skip, wiretest.Data("ab", 0), skip, wiretest.Data("c", wire.End), skip)
	if h := answer(p, id); h.body != "ok evil" || !h.taken {
		t.Errorf("%+v", h)
	}
	p.Fin(id)
	p.Over(id)
	p.Round()
}

// TestPromise17GreetingCutAtEveryByte: a relay that goes away at any byte of its greeting is tried again.
func TestPromise17GreetingCutAtEveryByte(t *testing.T) {
	s := newStage(t)
	greeting := wiretest.Greeting()
	for n := range greeting {
		conn, link := s.relay.AcceptTLS()
		if err := wiretest.ReadHello(conn); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			_, _ = conn.Write(greeting[:n])
		}
		link.Close()
		s.retried(fmt.Sprint("cut at ", n))
	}
	p, handle := s.session()
	exchange(t, p, handle, "after")
}

// retried waits until a try has failed, and has the agent make the next one at once.
func (s *stage) retried(what string) {
	s.t.Helper()
	last := s.tried
	for late := time.Now().Add(limit); ; time.Sleep(time.Millisecond) {
		st := s.a.Status()
		if st.State == inspect.Reconnecting && !st.NextTry.Equal(last) {
			s.tried = st.NextTry
			s.hurry(st.NextTry)
			return
		}
		if time.Now().After(late) {
			s.t.Fatalf("%s: no other try: %+v", what, st)
		}
	}
}
