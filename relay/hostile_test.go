package relay_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// deleteText is not sent again when its link is lost: a GET would wait for the agent to come back.
const deleteText = "DELETE /#ID HTTP/1.1\nHost: HOST\n\n"

const upgradeText = "GET /#ID HTTP/1.1\nHost: HOST\nConnection: Upgrade\nUpgrade: x\n\n"

// chunk0 is a CHUNK that must not be.
var chunk0 = append(wire.AppendHeader(nil, wire.Chunk, 0, 8), 0, 0, 0, 0, 0, 0, 0, 0)

func frame(t wire.Type, f wire.Flags, n int) []byte {
	return append(wire.AppendHeader(nil, t, f, n), make([]byte, n)...)
}

// mischief is what a hostile agent answers, and what becomes of it.
var mischief = []struct {
	name    string
	request string // "": a GET
	send    func(seq uint32) []byte
	code    wire.Code // of the visitor's page, and of the RESET
	begun   bool      // RESP was right: the visitor gets a cut answer instead
}{
	{"a seq ahead", "", func(s uint32) []byte { return length(s+1, "evil") }, wire.CodeBadSeq, false},
	{"an old seq", "", func(s uint32) []byte { return length(s-1, "evil") }, wire.CodeBadSeq, false},
	{"an old seq in INFO", "", func(s uint32) []byte {
		i := wire.Info{Seq: s - 1, Head: []byte("HTTP/1.1 103 H\r\n\r\n")}
		return i.Append(nil)
	}, wire.CodeBadSeq, false},
	{"an old seq in FAIL", "", func(s uint32) []byte {
		f := wire.Fail{Seq: s - 1, Code: wire.CodeLocalReset, Undelivered: true}
		return f.Append(nil, true)
	}, wire.CodeBadSeq, false},
	{"an old seq in ABORT", "", func(s uint32) []byte {
		a := wire.AbortFrame{Seq: s - 1, Code: wire.CodeLocalReset}
		return join(wiretest.Resp(s, okChunks, wire.BodyUntil, 0, 0), a.Append(nil))
	}, wire.CodeBadSeq, true},
	{"two RESP", "", func(s uint32) []byte {
		r := wiretest.Resp(s, okChunks, wire.BodyUntil, 0, 0)
		return join(r, r)
	}, wire.CodeFrameOrder, true},
	{"DATA before RESP", "", func(s uint32) []byte { return join(wiretest.Data("evil", 0), length(s, "evil")) }, wire.CodeFrameOrder, false},
	{"TRAILERS before RESP", "", func(uint32) []byte { return wiretest.Trailers("A: b\r\n", wire.Taken) }, wire.CodeFrameOrder, false},
	{"ABORT before RESP", "", func(s uint32) []byte { a := wire.AbortFrame{Seq: s, Code: wire.CodeLocalReset}; return a.Append(nil) }, wire.CodeFrameOrder, false},
	{"FAIL behind RESP", "", func(s uint32) []byte {
		f := wire.Fail{Seq: s, Code: wire.CodeLocalReset, Undelivered: true}
		return join(wiretest.Resp(s, okChunks, wire.BodyUntil, 0, 0), f.Append(nil, true))
	}, wire.CodeFrameOrder, true},
	{"more than the length", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, fmt.Sprintf(okLength, 3), wire.BodyLength, 3, 0), wiretest.Data("four", done))
	}, wire.CodeBadFraming, true},
	{"more than the length, behind it", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, fmt.Sprintf(okLength, 3), wire.BodyLength, 3, 0), wiretest.Data("two", 0), wiretest.Data("x", done))
	}, wire.CodeBadFraming, true},
	{"less than the length", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, fmt.Sprintf(okLength, 30), wire.BodyLength, 30, 0), wiretest.Data("two", done))
	}, 0, true},
	{"beyond the open chunk", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, okChunks, wire.BodyUntil, 0, 0), wire.AppendChunk(nil, 2), wiretest.Data("xxx", done))
	}, wire.CodeBadFraming, true},
	{"END inside a chunk", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, okChunks, wire.BodyUntil, 0, 0), wire.AppendChunk(nil, 2), wiretest.Data("x", done))
	}, 0, true},
	{"empty DATA", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, okChunks, wire.BodyUntil, 0, 0), wiretest.Data("", 0))
	}, wire.CodeFrameSize, true},
	{"CHUNK 0", "", func(s uint32) []byte { return join(wiretest.Resp(s, okChunks, wire.BodyUntil, 0, 0), chunk0) }, wire.CodeBadFraming, true},
	{"CHUNK in a length", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, fmt.Sprintf(okLength, 3), wire.BodyLength, 3, 0), wire.AppendChunk(nil, 3))
	}, wire.CodeFrameOrder, true},
	{"a length that the head contradicts", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, fmt.Sprintf(okLength, 3), wire.BodyLength, 4, 0), wiretest.Data("evil", done))
	}, wire.CodeBadFraming, false},
	{"chunks that the head contradicts", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, fmt.Sprintf(okLength, 3), wire.BodyUntil, 0, 0), wiretest.Data("evil", done))
	}, wire.CodeBadFraming, false},
	{"both framings in the head", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, 0), wiretest.Data("evil", done))
	}, wire.CodeBadFraming, false},
	{"a coding that is not chunked", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", wire.BodyUntil, 0, 0), wiretest.Data("evil", done))
	}, wire.CodeBadFraming, false},
	{"body 3 unasked", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", wire.BodyTunnel, 0, 0), wiretest.Data("evil", 0))
	}, wire.CodeBadFraming, false},
	{"101 unasked, by another body", "", func(s uint32) []byte {
		return wiretest.Resp(s, "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", wire.BodyNone, 0, done)
	}, wire.CodeBadFraming, false},
	{"101 without a tunnel", upgradeText, func(s uint32) []byte {
		return wiretest.Resp(s, "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", wire.BodyNone, 0, wire.End)
	}, wire.CodeBadFraming, false},
	{"a tunnel without 101", upgradeText, func(s uint32) []byte { return wiretest.Resp(s, "HTTP/1.1 200 OK\r\n\r\n", wire.BodyTunnel, 0, 0) }, wire.CodeBadFraming, false},
	{"a head that smuggles another", "", func(s uint32) []byte {
		return wiretest.Resp(s, fmt.Sprintf(okLength, 0)+"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", wire.BodyLength, 0, done)
	}, wire.CodeBadFraming, false},
	{"a head that smuggles by a bare LF", "", func(s uint32) []byte {
		return wiretest.Resp(s, "HTTP/1.1 200 OK\r\nX: a\n\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", wire.BodyLength, 0, done)
	}, wire.CodeBadFraming, false},
	{"no head", "", func(s uint32) []byte { return wiretest.Resp(s, "", wire.BodyLength, 0, done) }, wire.CodeBadFraming, false},
	{"no interim head", "", func(s uint32) []byte { i := wire.Info{Seq: s}; return join(i.Append(nil), length(s, "evil")) }, wire.CodeBadFraming, false},
	{"half a head", "", func(s uint32) []byte {
		return wiretest.Resp(s, "HTTP/1.1 200 OK\r\nX: a\r\n", wire.BodyLength, 0, done)
	}, wire.CodeBadFraming, false},
	{"an interim head that is final", "", func(s uint32) []byte {
		i := wire.Info{Seq: s, Head: []byte(fmt.Sprintf(okLength, 0))}
		return i.Append(nil)
	}, wire.CodeBadFraming, false},
	{"101 as interim head", "", func(s uint32) []byte {
		i := wire.Info{Seq: s, Head: []byte("HTTP/1.1 101 S\r\n\r\n")}
		return i.Append(nil)
	}, wire.CodeBadFraming, false},
	{"33 interim heads", "", func(s uint32) []byte {
		i := wire.Info{Seq: s, Head: []byte("HTTP/1.1 102 P\r\n\r\n")}
		return []byte(strings.Repeat(string(i.Append(nil)), wire.MaxInfos+1))
	}, wire.CodeFrameOrder, false},
	{"trailers that smuggle", "", func(s uint32) []byte {
		return join(wiretest.Resp(s, okChunks, wire.BodyUntil, 0, 0), wiretest.Data("x", 0), wiretest.Trailers("A: b\r\n\r\nHTTP/1.1 200 OK\r\n", wire.Taken))
	}, wire.CodeBadFraming, true},
	{"END on RESP of chunks", "", func(s uint32) []byte { return wiretest.Resp(s, okChunks, wire.BodyUntil, 0, done) }, wire.CodeBadFraming, false},
	{"TAKEN without END", "", func(s uint32) []byte { return wiretest.Resp(s, okChunks, wire.BodyUntil, 0, wire.Taken) }, wire.CodeFrameOrder, false},
	{"an unknown frame", "", func(s uint32) []byte { return join(frame(0x1f, 0, 3), length(s, "evil")) }, wire.CodeUnknownFrame, false},
	{"a frame of the relay", "", func(uint32) []byte { return wiretest.Opening(wire.KindHTTP, 1) }, wire.CodeFrameOrder, false},
	{"a frame of the control stream", "", func(uint32) []byte { return wiretest.Ping(make([]byte, 8)) }, wire.CodeFrameOrder, false},
	{"a frame that announces 16 MiB", "", func(uint32) []byte { return wire.AppendHeader(nil, wire.Data, 0, 1<<24-1) }, wire.CodeFrameSize, false},
}

// TestPromise18HostileAgent: whatever an agent sends, its own visitor gets a page or a cut that shows, the agent a RESET that says why, and
// nobody else anything: the session stays, and so does the relay.
func TestPromise18HostileAgent(t *testing.T) {
	s := newStage(t)
	honest := s.agent("honest")
	other := &stage{t: t, r: s.r, a: honest, host: honest.Bind(1, "honest")}
	stop := serve(honest, func(id uint32, q *wire.Req, _ string) bool { honest.Send(id, length(q.Seq, "honest")); return true })
	defer stop()
	for _, m := range mischief {
		t.Run(m.name, func(t *testing.T) {
			text := m.request
			if text == "" {
				text = getText
			}
			v := s.visitor(text)
			defer v.Close()
			id := s.a.Accept()
			q := s.a.Req(s.a.Expect(id, wire.ReqType))
			s.a.Send(id, m.send(q.Seq))
			f, ok := s.a.Hear(wire.Reset)
			if !ok || binary.BigEndian.Uint32(f.Payload) != id || binary.BigEndian.Uint32(f.Payload[4:]) != q.Seq {
				t.Fatalf("RESET %x %t, of stream %d exchange %d", f.Payload, ok, id, q.Seq)
			}
			if got := wire.Code(binary.BigEndian.Uint16(f.Payload[8:])); got != m.code {
				t.Errorf("RESET says %v, want %v", got, m.code)
			}
			s.a.Over(id)
			o := v.answer()
			switch {
			case o.hung() || strings.Contains(o.body, "evil") && !m.begun:
				t.Errorf("the visitor got %v %.80q", o, o.body)
			case m.begun && (o.whole || o.status != 200):
				t.Errorf("an answer that looks whole: %v", o)
			case !m.begun && (o.status != 502 || !o.whole || m.code != 0 && o.code != m.code.String()):
				t.Errorf("the page: %v", o)
			}
			s.a.Fin(id)
			s.a.Round()
			if o := other.ask(getText); o.body != "honest" {
				t.Errorf("another agent's visitor got %v", o)
			}
		})
	}
	s.settled(2, 8)
}

// TestPromise18HostileLeg: what an agent does to its whole leg ends that leg, and no other.
func TestPromise18HostileLeg(t *testing.T) {
	s := newStage(t)
	stop := serve(s.a, func(id uint32, q *wire.Req, _ string) bool { s.a.Send(id, length(q.Seq, "honest")); return true })
	defer stop()
	for name, do := range map[string]func(a *wiretest.Peer, id uint32){
		"it opens a stream":           func(a *wiretest.Peer, _ uint32) { a.Syn(101) },
		"it opens the relay's":        func(a *wiretest.Peer, id uint32) { a.Syn(id + 20) },
		"no smux":                     func(a *wiretest.Peer, _ uint32) { a.Raw([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")) },
		"smux 1":                      func(a *wiretest.Peer, _ uint32) { a.Raw([]byte{1, 2, 0, 0, 2, 0, 0, 0}) },
		"RESET ahead":                 func(a *wiretest.Peer, id uint32) { a.Say(wiretest.Reset(id, 2, 0)) },
		"RESET of what is not open":   func(a *wiretest.Peer, id uint32) { a.Say(wiretest.Reset(id+2, 1, 0)) },
		"STOP ahead":                  func(a *wiretest.Peer, id uint32) { a.Say(wiretest.Stop(id, 2)) },
		"STOP of what is not open":    func(a *wiretest.Peer, id uint32) { a.Say(wiretest.Stop(id+2, 0)) },
		"CREDIT ahead":                func(a *wiretest.Peer, id uint32) { a.Say(wiretest.Credit(id, 2, 1<<20)) },
		"CREDIT of what is not open":  func(a *wiretest.Peer, id uint32) { a.Say(wiretest.Credit(id+2, 1, 1<<20)) },
		"CREDIT that lowers":          func(a *wiretest.Peer, id uint32) { a.Say(wiretest.Credit(id, 1, 1)) },
		"RESET of the control stream": func(a *wiretest.Peer, _ uint32) { a.Say(wiretest.Reset(wiretest.Control, 0, 0)) },
		"DATA on control":             func(a *wiretest.Peer, _ uint32) { a.Say(wiretest.Data("x", 0)) },
		"an unknown frame on control": func(a *wiretest.Peer, _ uint32) { a.Say(frame(0x1f, 0, 0)) },
		"a PING of 7":                 func(a *wiretest.Peer, _ uint32) { a.Say(wiretest.Ping(make([]byte, 7))) },
		"no JSON":                     func(a *wiretest.Peer, _ uint32) { a.Say(append(wire.AppendHeader(nil, wire.Msg, 0, 1), '{')) },
		"a message of 64 KiB and one": func(a *wiretest.Peer, _ uint32) { a.Say(wire.AppendHeader(nil, wire.Msg, 0, wire.MaxMessage+1)) },
		"it ends the control stream":  func(a *wiretest.Peer, _ uint32) { a.Fin(wiretest.Control) },
	} {
		t.Run(name, func(t *testing.T) {
			own := &stage{t: t, r: s.r, a: s.agent("hostile")}
			own.host = own.a.Bind(1, "hostile")
			v := own.visitor(deleteText)
			defer v.Close()
			id := own.a.Accept()
			own.a.Expect(id, wire.ReqType)
			do(own.a, id)
			ended(t, own.a)
			o, mux := v.answer(), name == "no smux" || name == "smux 1" // where streams may end before the leg is known to
			if o.status != 502 || !o.whole || o.code != wire.CodeDelivery.String() && !(mux && o.code == wire.CodeAgentAborted.String()) {
				t.Errorf("its visitor got %v", o)
			}
			if o := s.ask(getText); o.body != "honest" {
				t.Errorf("another agent's visitor got %v", o)
			}
		})
	}
	s.settled(1, 8)
}

func ended(t *testing.T, a *wiretest.Peer) {
	t.Helper()
	select {
	case <-a.Ended():
	case <-time.After(patience):
		t.Fatal("the leg does not end")
	}
}

// TestPromise18PingFloodThatReadsNothing: PINGs of an agent that takes nothing of what it is sent are taken like anybody's, and stop nobody; at most one answer waits (package wire).
func TestPromise18PingFloodThatReadsNothing(t *testing.T) {
	s := newStage(t)
	stop := serve(s.a, func(id uint32, q *wire.Req, _ string) bool { s.a.Send(id, length(q.Seq, "honest")); return true })
	defer stop()
	conn, link, err := wiretest.DialTLS(s.r.Agents, s.r.Pin)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	if _, err := conn.Write(wiretest.Hello(s.r.Token, "flood")); err != nil {
		t.Fatal(err)
	}
	flood := wiretest.Push(wiretest.Control, []byte(strings.Repeat(string(wiretest.Ping(make([]byte, 8))), 2000)))
	for range 100 { // 200,000: on a busy machine, too, long before the 15 s after which a link that takes nothing is ended
		if _, err := conn.Write(flood); err != nil {
			t.Fatal("the relay has ended the leg, or takes nothing:", err)
		}
	}
	if o := s.ask(getText); o.body != "honest" {
		t.Errorf("another agent's visitor got %v", o)
	}
	link.Close()
	s.settled(1, 8)
}
