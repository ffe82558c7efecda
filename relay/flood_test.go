package relay_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// maxGrowth is by how much the heap of the whole test may grow while one agent floods the relay. What is bounded is a few hundred KiB; what is not, all that
// is sent.
const maxGrowth = 24 << 20

// heap is what is alive on it.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// push is a smux frame.
func push(id uint32, n int) []byte { return wiretest.Push(id, make([]byte, n)) }

// mux is a smux frame without a stream's bytes.
func mux(cmd byte, id uint32, payload ...byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{2, cmd}, uint16(len(payload)))
	return append(binary.LittleEndian.AppendUint32(b, id), payload...)
}

// floods are what a hostile agent sends without an end, while its visitor waits behind stream id, and gone was closed.
var floods = []struct {
	name  string
	begin func(id uint32) []byte // sent first
	again func(id, gone uint32) []byte
	total int       // bytes
	code  wire.Code // with which its leg ends; 0: it does not
	may   bool      // whether it does is a race of the relay's own readers
	log   string    // a line that may come twice at most
}{
	{"content beyond its credit", func(id uint32) []byte {
		return wiretest.Push(id, wiretest.Resp(1, okChunks, wire.BodyUntil, 0, 0))
	}, func(id, _ uint32) []byte {
		return wiretest.Push(id, wiretest.Data(strings.Repeat("x", wire.MaxData), 0))
	}, 256 << 20, wire.CodeOverCredit, false, ""},
	{"bytes of a frame that is to be skipped, one by one", func(id uint32) []byte {
		return wiretest.Push(id, wire.AppendHeader(nil, 0x1e, wire.Skip, 1<<24-1))
	}, func(id, _ uint32) []byte { return push(id, 1) }, 8 << 20, wire.CodeOverCredit, true, ""},
	{"pushes for a closed stream", nil, func(_, gone uint32) []byte { return push(gone, 32<<10) }, 64 << 20, wire.CodeOverCredit, false, ""},
	{"pushes for a stream that was not opened", nil, func(id, _ uint32) []byte { return push(id+100, 32<<10) }, 64 << 20, wire.CodeBadSeq, false, ""},
	{"SYNs", nil, func(id, _ uint32) []byte { return mux(0, id+101) }, 1 << 20, wire.CodeProtocol, false, ""},
	{"NOPs", nil, func(uint32, uint32) []byte { return mux(3, 0) }, 1 << 20, wire.CodeControlFlood, false, ""},
	{"UPDs", nil, func(id, _ uint32) []byte { return mux(4, id, 1, 0, 0, 0, 0, 0, 64, 0) }, 1 << 20, wire.CodeControlFlood, false, ""},
	{"FINs for a closed stream", nil, func(_, gone uint32) []byte { return mux(1, gone) }, 1 << 20, wire.CodeOverCredit, false, ""},
	{"RESETs of a closed stream", nil, func(_, gone uint32) []byte { return said(wiretest.Reset(gone, 1, 0)) }, 2 << 20, 0, false, ""},
	{"CREDITs for a closed stream", nil, func(_, gone uint32) []byte { return said(wiretest.Credit(gone, 9, math.MaxUint64)) }, 2 << 20, 0, false, ""},
	{"CREDITs without measure", nil, func(id, _ uint32) []byte { return said(wiretest.Credit(id, 1, math.MaxUint64)) }, 2 << 20, 0, false, ""},
	{"PINGs", nil, func(uint32, uint32) []byte { return said(wiretest.Ping(make([]byte, 8))) }, 8 << 20, 0, false, ""},
	{"STOPs", nil, func(id, _ uint32) []byte { return said(wiretest.Stop(id, 1)) }, 2 << 20, 0, false, ""},
	{"notices", nil, func(uint32, uint32) []byte {
		return said(wiretest.Message(wire.MsgNotice, 0, &wire.Notice{Level: "info", Text: "buy"}))
	}, 1 << 20, wire.CodeControlFlood, true, "notice from agent"},
	{"messages of no known type", nil, func(uint32, uint32) []byte { return said(wiretest.Message("Dance", 0, nil)) }, 2 << 20, wire.CodeControlFlood, true, ""},
}

// said is what stands in pushes on the control stream, together as many as fit.
func said(frame []byte) []byte {
	return wiretest.Push(wiretest.Control, bytes.Repeat(frame, 32<<10/len(frame)))
}

// TestPromise18Floods: an agent that sends without an end what an honest one sends now and then costs its own leg at most. The relay's memory stays, its log is
// not filled, and others' visitors are served meanwhile.
func TestPromise18Floods(t *testing.T) {
	s, log := newLoggedStage(t)
	stop := serve(s.a, func(id uint32, q *wire.Req, _ string) bool { s.a.Send(id, length(q.Seq, "honest")); return true })
	defer stop()
	for i, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			name := fmt.Sprintf("flood-%d.", i)
			own := &stage{t: t, r: s.r, a: s.agent(name)}
			own.host = own.a.Bind(1, name)
			gone := own.closedStream()
			v := own.visitor(deleteText)
			defer v.Close()
			id := own.a.Accept()
			own.a.Expect(id, wire.ReqType)
			before := heap()
			if f.begin != nil {
				own.a.Raw(f.begin(id))
			}
			flood(own.a, f.again(id, gone), f.total)
			if o := s.ask(getText); o.body != "honest" {
				t.Errorf("another agent's visitor got %v", o)
			}
			switch {
			case f.may && !over(own.a):
			case f.code != 0:
				ended(t, own.a)
				log.await(t, "agent offline", "instance="+name, f.code.String())
			default:
				own.a.Round()
			}
			if grown := heap() - before; grown > maxGrowth {
				t.Errorf("the heap has grown by %d KiB", grown>>10)
			}
			if got := log.lines(f.log, "instance="+name); f.log != "" && len(got) > 2 {
				t.Errorf("%d lines in the log", len(got))
			}
		})
	}
}

func over(a *wiretest.Peer) bool {
	select {
	case <-a.Ended():
		return true
	default:
		return false
	}
}

// closedStream is one that a visitor has left.
func (s *stage) closedStream() (id uint32) {
	v := s.visitor(deleteText)
	id = s.a.Accept()
	s.a.Expect(id, wire.ReqType)
	_ = v.Conn.(*net.TCPConn).SetLinger(0) // by RST: a FIN may be a half-close
	v.Close()
	s.a.Over(id)
	return id
}

// flood sends b again and again, as long as it may.
func flood(a *wiretest.Peer, b []byte, total int) {
	b = bytes.Repeat(b, max(1, 64<<10/len(b)))
	for sent := 0; sent < total; sent += len(b) {
		if over(a) {
			return
		}
		a.Raw(b)
	}
}

// TestPromise18BindFloodThatReadsNothing: Binds that are refused cost a line a minute, and answers that nobody takes end the leg.
func TestPromise18BindFloodThatReadsNothing(t *testing.T) {
	s, log := newLoggedStage(t)
	stop := serve(s.a, func(id uint32, q *wire.Req, _ string) bool { s.a.Send(id, length(q.Seq, "honest")); return true })
	defer stop()
	conn, link, err := wiretest.DialTLS(s.r.Agents, s.r.Pin)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	if _, err := conn.Write(wiretest.Hello(s.r.Token, "binds")); err != nil {
		t.Fatal(err)
	}
	before := heap()
	bind := wiretest.Message(wire.MsgBind, 1, &wire.Bind{Handle: 1, Protocol: "http", How: strings.Repeat("?", 201)})
	_ = conn.SetWriteDeadline(time.Now().Add(patience))
	for range 5000 { // 160 MB
		if _, err = conn.Write(said(bind)); err != nil {
			break
		}
	}
	if err == nil {
		t.Error("the relay answers for ever")
	}
	log.await(t, "agent offline", "instance=binds", wire.CodeControlFlood.String())
	if grown := heap() - before; grown > maxGrowth {
		t.Errorf("the heap has grown by %d KiB", grown>>10)
	}
	if got := log.lines("bind refused", "instance=binds"); len(got) == 0 || len(got) > 3 {
		t.Errorf("%d lines in the log", len(got))
	}
	if o := s.ask(getText); o.body != "honest" {
		t.Errorf("another agent's visitor got %v", o)
	}
}

// TestPromise18AgentThatTakesNothing: what visitors send to an agent that takes nothing waits with them, not in the relay.
func TestPromise18AgentThatTakesNothing(t *testing.T) {
	s, _ := newLoggedStage(t)
	stop := serve(s.a, func(id uint32, q *wire.Req, _ string) bool { s.a.Send(id, length(q.Seq, "honest")); return true })
	defer stop()
	cable := wiretest.NewCable(t, s.r.Agents)
	own := &stage{t: t, r: s.r, a: wiretest.DialAgent(t, cable.Addr, s.r.Pin, s.r.Token, "stands")}
	own.host = own.a.Bind(1, "stands")
	cable.Interrupt()
	before := heap()
	const visitors, each = 50, 4 << 20
	all := make([]*visitor, visitors)
	var sending sync.WaitGroup
	for i := range all {
		all[i] = own.visitor(fmt.Sprintf("POST /#ID HTTP/1.1\nHost: HOST\nContent-Length: %d\n\n", each))
		sending.Go(func() {
			_ = all[i].SetWriteDeadline(time.Now().Add(2 * time.Second)) // it stands long before
			_, _ = io.CopyN(all[i], zeros{}, each)
		})
	}
	for range 20 {
		if o := s.ask(getText); o.body != "honest" {
			t.Errorf("another agent's visitor got %v", o)
		}
	}
	sending.Wait()
	if grown := heap() - before; grown > maxGrowth {
		t.Errorf("the heap has grown by %d KiB", grown>>10)
	}
	for _, v := range all {
		v.Close()
	}
	cable.Cut()
	s.settled(1, 8)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestPromise23RefusalsAreCounted: who is refused again and again, token or not, does not fill the log.
func TestPromise23RefusalsAreCounted(t *testing.T) {
	s, log := newLoggedStage(t)
	for i := range 40 {
		token, instance := "", "stranger"
		if i%2 == 0 {
			token, instance = s.r.Token, "no instance"
		}
		conn, link, err := wiretest.DialTLS(s.r.Agents, s.r.Pin)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = conn.Write(wiretest.Hello(token, instance))
		_, _ = io.ReadFull(conn, make([]byte, 12)) // the preface's answer, and a Fatal's header
		link.Close()
	}
	if got := log.lines("agent refused"); len(got) == 0 || len(got) > 2 {
		t.Errorf("%d lines in the log", len(got))
	}
	s.a.Round()
}
