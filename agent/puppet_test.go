package agent_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// stage is a real agent between a puppet relay and a local service that judges what it gets.
type stage struct {
	t     testing.TB
	relay *wiretest.Relay
	a     *agent.Agent
	local *judge
	tried time.Time // the NextTry that was seen last
}

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{t: t, relay: wiretest.Listen(t), local: newJudge(t)}
	a, err := agent.New(agent.Options{Relay: s.relay.Addr, Pin: s.relay.Pin, Token: "t", Grace: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s.a = a
	a.WaitTaken(time.Second) // a busy machine may have no time for a write within the usual 10 ms
	if err := a.Forward(agent.Endpoint{Name: "web", Upstream: "http://" + s.local.addr}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = a.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(limit):
			t.Error("the agent does not end")
		}
		_ = a.Close()
	})
	return s
}

// session waits for the agent, and binds what it asks for.
func (s *stage) session() (p *wiretest.Peer, handle uint32) {
	s.t.Helper()
	p = s.relay.Accept()
	return p, p.Bound("http://web.test")
}

// again waits until the agent has seen that its link is lost, and has it come back at once.
func (s *stage) again() {
	s.t.Helper()
	for late := time.Now().Add(limit); ; time.Sleep(time.Millisecond) {
		if st := s.a.Status(); st.State == inspect.Reconnecting {
			s.hurry(st.NextTry)
			return
		}
		if time.Now().After(late) {
			s.t.Fatal("the agent does not notice that the link is lost")
		}
	}
}

// hurry has the next try made at once, unless it comes by itself in a moment: one that has begun would be cut, and its connection be in the way.
func (s *stage) hurry(next time.Time) {
	if time.Until(next) > 100*time.Millisecond {
		s.a.Reconnect()
	}
}

// verdict is what the local service can say of a request.
type verdict struct {
	whole bool // it looks whole
	body  string
	trail string
	err   error // why it is not whole; of a tunnel, how it ended
	times int
}

// bigAnswer is the length of the answer to /big.
const bigAnswer = 3 * wire.FirstLimit

// judge is a local service. It answers what is whole with "ok ID" and remembers what was not; the ID is the request's path. It does not answer /hold.
type judge struct {
	t    testing.TB
	addr string
	all  sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	open    int
	seen    map[string]verdict
}

func newJudge(t testing.TB) *judge {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{t: t, addr: ln.Addr().String(), seen: map[string]verdict{}}
	j.changed = sync.NewCond(&j.mu)
	j.all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			j.set(func() { j.open++ })
			j.all.Go(func() {
				j.serve(c)
				_ = c.Close()
				j.set(func() { j.open-- })
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		j.all.Wait()
	})
	return j
}

func (j *judge) set(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
	j.changed.Broadcast()
}

func (j *judge) serve(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(2 * limit))
	r := bufio.NewReader(c)
	for {
		q, err := http.ReadRequest(r)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				j.note("", verdict{err: err})
			}
			return
		}
		id := q.URL.Path[1:]
		j.note("head of "+id, verdict{})
		if q.Header.Get("Upgrade") != "" {
			j.tunnel(c, r, id)
			return
		}
		b, err := io.ReadAll(q.Body)
		v := verdict{whole: err == nil, body: string(b), err: err}
		for k, all := range q.Trailer {
			v.trail += k + "=" + strings.Join(all, ",")
		}
		j.note(id, v)
		if err != nil {
			return
		}
		if id == "hold" {
			_, err := r.ReadByte() // until the agent gives it up
			j.note("held", verdict{err: err})
			return
		}
		if id == "big" {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", bigAnswer, strings.Repeat("0", bigAnswer))
			continue
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nok %s", len(id)+3, id)
	}
}

// tunnel reads to the end of the agent's half, and then ends its own.
func (j *judge) tunnel(c net.Conn, r io.Reader, id string) {
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	b, err := io.ReadAll(r)
	j.note(id, verdict{whole: err == nil, body: string(b), err: err})
}

func (j *judge) note(id string, v verdict) {
	j.set(func() {
		v.times = j.seen[id].times + 1
		j.seen[id] = v
	})
}

// of is what the service says of a request; ok is false when it never got the whole head.
func (j *judge) of(id string) (v verdict, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	v, ok = j.seen[id]
	return v, ok
}

// wait waits until ok holds of what the service has seen, with the number of its open connections.
func (j *judge) wait(what string, ok func(open int) bool) {
	j.t.Helper()
	late := false
	defer time.AfterFunc(limit, func() { j.set(func() { late = true }) }).Stop()
	j.mu.Lock()
	defer j.mu.Unlock()
	for !ok(j.open) {
		if late {
			j.t.Errorf("%s: not within %v; %d connections are open", what, limit, j.open)
			return
		}
		j.changed.Wait()
	}
}

// req is a REQ with a head; \n stands for CRLF.
func req(seq uint32, head string, body wire.Body, length int, flags uint8, f wire.Flags) []byte {
	q := wire.Req{
		Seq: seq, Version: 0x11, Flags: flags, Body: body, Length: uint64(length), Start: time.Now(), Conn: 1,
		Client: netip.MustParseAddrPort("203.0.113.9:4711"), ServerPort: 80, Head: []byte(strings.ReplaceAll(head, "\n", "\r\n")),
	}
	return q.Append(nil, f)
}

// getReq is a GET of /ID.
func getReq(seq uint32, id string) []byte {
	return req(seq, "GET /"+id+" HTTP/1.1\nHost: a\n\n", wire.BodyNone, 0, 0, wire.End)
}

func join(all ...[]byte) (b []byte) {
	for _, p := range all {
		b = append(b, p...)
	}
	return b
}

// heard is an answer as the relay gets it.
type heard struct {
	head, body string
	fail       *wire.Fail
	code       wire.Code // of an ABORT
	whole      bool      // END came
	taken      bool
}

// answer reads one answer to its END, or to the stream's.
func answer(p *wiretest.Peer, id uint32) (h heard) {
	for {
		f, ok := p.Next(id)
		if !ok {
			return h
		}
		switch f.Type {
		case wire.RespType:
			var r wire.Resp
			_ = r.Decode(f.Payload)
			h.head = string(r.Head)
		case wire.FailType:
			h.fail = new(wire.Fail)
			_ = h.fail.Decode(f.Payload)
		case wire.Abort:
			var a wire.AbortFrame
			_ = a.Decode(f.Payload)
			h.code = a.Code
		case wire.Data:
			h.body += string(f.Payload)
		}
		if f.End() {
			h.whole, h.taken = h.code == 0, f.Flags&wire.Taken != 0
			return h
		}
	}
}

// exchange is one whole exchange on a stream of its own, which the relay closes.
func exchange(t testing.TB, p *wiretest.Peer, handle uint32, id string) {
	t.Helper()
	st := p.Open(wire.KindHTTP, handle)
	p.Send(st, getReq(1, id))
	if h := answer(p, st); h.body != "ok "+id || !h.whole || !h.taken {
		t.Errorf("exchange %s: %+v", id, h)
	}
	p.Fin(st)
	p.Over(st)
}
