package agent_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// request is an exchange whose request is cut at every byte.
type request struct {
	name   string
	frames func(id string) []byte // behind OPEN
	body   string                 // of the whole request
	trail  string
	tunnel bool
}

const chunkedPost = "POST /%s HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n"

var requests = []request{
	{name: "GET", frames: func(id string) []byte { return getReq(1, id) }},
	{name: "POST with length", body: "hello, world", frames: func(id string) []byte {
		return join(req(1, "POST /"+id+" HTTP/1.1\nHost: a\nContent-Length: 12\n\n", wire.BodyLength, 12, 0, 0), wiretest.Data("hello,", 0), wiretest.Data(" world", wire.End))
	}},
	{name: "POST in chunks with trailers", body: "one, and two", trail: "X-Up=1", frames: func(id string) []byte {
		return join(req(1, fmt.Sprintf(strings.Replace(chunkedPost, "\n\n", "\nTrailer: X-Up\n\n", 1), id), wire.BodyUntil, 0, 0, 0), wiretest.Data("one,", 0), wire.AppendChunk(nil, 8),
			wiretest.Data(" and", 0), wiretest.Data(" two", 0), wiretest.Trailers("X-Up: 1\r\n", 0))
	}},
	{name: "POST, END alone", body: "one", frames: func(id string) []byte {
		return join(req(1, fmt.Sprintf(chunkedPost, id), wire.BodyUntil, 0, 0, 0), wiretest.Data("one", 0), wiretest.Data("", wire.End))
	}},
	{name: "POST with EXPECT", body: "hello", frames: func(id string) []byte {
		return join(req(1, "POST /"+id+" HTTP/1.1\nHost: a\nExpect: 100-continue\nContent-Length: 5\n\n", wire.BodyLength, 5, wire.ReqExpect, 0), wiretest.Data("hello", wire.End))
	}},
	{name: "large POST", body: strings.Repeat("0123456789", 5000), frames: func(id string) []byte {
		content := strings.Repeat("0123456789", 5000)
		return join(req(1, "POST /"+id+" HTTP/1.1\nHost: a\nContent-Length: 50000\n\n", wire.BodyLength, 50000, 0, 0),
			wiretest.Data(content[:30000], 0), wiretest.Data(content[30000:], wire.End))
	}},
	{name: "upgrade", body: "by tunnel", tunnel: true, frames: func(id string) []byte {
		return join(req(1, "GET /"+id+" HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: x\n\n", wire.BodyNone, 0, wire.ReqUpgrade, 0),
			wiretest.Data("by ", 0), wiretest.Data("tunnel", wire.End))
	}},
}

// stream is all of a request's stream.
func (r *request) stream(handle uint32, id string) []byte {
	return join(wiretest.Opening(wire.KindHTTP, handle), r.frames(id))
}

// cuts are where a request is cut: everywhere, but in long content only here and there.
func (r *request) cuts() (all []int) {
	b := r.stream(1, "00000")
	at := 0
	for _, f := range wiretest.Frames(b) {
		end := at + wire.HeaderSize + len(f.Payload)
		for i := at; i < end; i++ {
			if i-at < 200 || (i-at)%4099 == 0 || i == end-1 {
				all = append(all, i)
			}
		}
		at = end
	}
	return append(all, len(b))
}

// TestPromise17RequestsCutAtEveryByte: a relay's stream ends, or the whole link does, at any byte of any request. The local service gets
// nothing, or a request that is visibly not whole; its connection is closed. The agent keeps nothing of it, and its session serves on.
func TestPromise17RequestsCutAtEveryByte(t *testing.T) {
	for i := range requests {
		r := &requests[i]
		t.Run(r.name+", stream", func(t *testing.T) { r.cutStreams(t) })
		t.Run(r.name+", link", func(t *testing.T) { r.cutLinks(t) })
	}
}

// handOut gives all cuts at once: nobody waits for those who take them, should they have failed.
func handOut(cuts []int) <-chan int {
	todo := make(chan int, len(cuts))
	for _, n := range cuts {
		todo <- n
	}
	close(todo)
	return todo
}

func (r *request) cutStreams(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	todo := handOut(r.cuts())
	var visitors sync.WaitGroup
	for range 8 {
		visitors.Go(func() {
			for n := range todo {
				r.play(p, handle, n)
			}
		})
	}
	visitors.Wait()
	exchange(t, p, handle, "after") // in the same session
	s.local.wait("the local connections' end", func(open int) bool { return open == 0 })
	for _, n := range r.cuts() {
		r.judge(t, s, n)
	}
}

// play sends a request up to a cut, and waits until the agent is through with the stream.
func (r *request) play(p *wiretest.Peer, handle uint32, n int) {
	b := r.stream(handle, fmt.Sprintf("%05d", n))
	id := p.Begin()
	r.send(p, id, b[:n])
	if n == len(b) {
		answer(p, id)
	}
	p.Fin(id)
	p.Over(id)
}

// send sends part of a request. Behind the head of one that upgrades it waits for the 101, before which nothing may follow.
func (r *request) send(p *wiretest.Peer, id uint32, b []byte) {
	all := wiretest.Frames(b)
	if !r.tunnel || len(all) < 2 {
		p.Send(id, b)
		return
	}
	head := 2*wire.HeaderSize + len(all[0].Payload) + len(all[1].Payload)
	p.Send(id, b[:head])
	p.Expect(id, wire.RespType)
	p.Send(id, b[head:])
}

func (r *request) cutLinks(t *testing.T) {
	todo := handOut(r.cuts())
	var agents sync.WaitGroup
	for range 4 {
		s := newStage(t)
		agents.Go(func() {
			var cut []int
			for n := range todo {
				cut = append(cut, n)
				p, handle := s.session()
				b := r.stream(handle, fmt.Sprintf("%05d", n))
				id := p.Begin()
				r.send(p, id, b[:n])
				if n == len(b) {
					answer(p, id)
				}
				p.Cut()
				s.again()
			}
			s.local.wait("the local connections' end", func(open int) bool { return open == 0 })
			for _, n := range cut {
				r.judge(t, s, n)
			}
		})
	}
	agents.Wait()
}

// judge looks at what the local service got of a request that was cut at n. All its connections are closed.
func (r *request) judge(t *testing.T, s *stage, n int) {
	id := fmt.Sprintf("%05d", n)
	b := r.stream(1, id)
	v, got := s.local.of(id)
	whole := n == len(b)
	switch {
	case v.times > 1:
		t.Errorf("cut at %d of %d: the service got it %d times", n, len(b), v.times)
	case whole && (!v.whole || v.body != r.body || v.trail != r.trail):
		t.Errorf("not cut (%d): %+v", n, v)
	case !whole && got && v.whole:
		t.Errorf("cut at %d of %d: the service takes it for whole: %+v", n, len(b), v)
	case got && !strings.HasPrefix(r.body, v.body):
		t.Errorf("cut at %d of %d: the service got %q", n, len(b), v.body)
	}
}

// TestPromise17ControlCutAtEveryByte: the control stream ends, or the link does, at any byte of what a relay says on it. That ends the leg:
// the local service is freed of what was under way, and the agent comes back.
func TestPromise17ControlCutAtEveryByte(t *testing.T) {
	const stream = 2 * wiretest.Control
	script := func(handle uint32) []byte {
		return join(wiretest.Message(wire.MsgBound, 7, &wire.Bound{Handle: handle, URL: "http://web.test", Epoch: "2"}), wiretest.Ping(make([]byte, 8)),
			wiretest.Credit(stream, 1, 1<<20), wiretest.Reset(stream+2, 1, wire.CodeVisitorGone), frame(0x1f, wire.Skip, 5))
	}
	for name, end := range map[string]func(p *wiretest.Peer){
		"stream": func(p *wiretest.Peer) { p.Fin(wiretest.Control) },
		"link":   func(p *wiretest.Peer) { p.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			var cuts []int
			for n := range script(1) {
				cuts = append(cuts, n)
			}
			todo := handOut(cuts)
			var agents sync.WaitGroup
			for range 4 {
				s := newStage(t)
				agents.Go(func() {
					for n := range todo {
						p, handle := s.session()
						id := p.Open(wire.KindHTTP, handle)
						before, _ := s.local.of("held")
						p.Send(id, getReq(1, "hold"))
						s.local.wait("the request", func(int) bool { return s.local.seen["hold"].times > before.times })
						p.Say(script(handle)[:n])
						end(p)
						<-p.Ended()
						s.local.wait("the service's end of it", func(int) bool { return s.local.seen["held"].times > before.times })
						if v, _ := s.local.of("held"); v.err == nil {
							t.Error("cut at " + strconv.Itoa(n) + ": the service was sent something")
						}
						s.again()
					}
				})
			}
			agents.Wait()
		})
	}
}

func frame(t wire.Type, f wire.Flags, n int) []byte {
	return append(wire.AppendHeader(nil, t, f, n), make([]byte, n)...)
}
