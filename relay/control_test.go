package relay_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// workers runs f for each number below n, on four goroutines.
func workers(n int, f func(worker, i int)) {
	todo := make(chan int)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range todo {
				f(w, i)
			}
		})
	}
	for i := range n {
		todo <- i
	}
	close(todo)
	all.Wait()
}

// TestPromise17ControlCutAtEveryByte: the control stream ends, or the link does, at any byte of what an agent says on it. That ends the leg:
// the visitor whose answer was awaited gets a page, the name is free for the agent's next session, and nothing is left.
func TestPromise17ControlCutAtEveryByte(t *testing.T) {
	const id = 2 * wiretest.Control
	script := join(wiretest.Ping(make([]byte, 8)), wiretest.Credit(id, 1, 1<<20), wiretest.Stop(id, 1), wiretest.Reset(id, 1, 0), frame(0x1f, wire.Skip, 5),
		wiretest.Message(wire.MsgBind, 2, &wire.Bind{Handle: 2, Protocol: "http", Name: "two", How: wire.HowStart}), wiretest.Message(wire.MsgUnbind, 3, &wire.Unbind{Handle: 9}))
	for name, end := range map[string]func(a *wiretest.Peer){
		"stream": func(a *wiretest.Peer) { a.Fin(wiretest.Control) },
		"link":   func(a *wiretest.Peer) { a.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			workers(len(script), func(w, n int) {
				instance := "puppet-" + strconv.Itoa(w)
				own := &stage{t: t, r: s.r, a: s.agent(instance)}
				own.host = own.a.Bind(1, instance)
				v := own.visitor(deleteText)
				defer v.Close()
				own.a.Expect(own.a.Accept(), wire.ReqType)
				own.a.Say(script[:n])
				end(own.a)
				if o := v.answer(); o.status != 502 || !o.whole || o.code != wire.CodeDelivery.String() {
					t.Errorf("cut at %d: the visitor got %v", n, o)
				}
				own.a.Cut()
				<-own.a.Ended()
			})
			s.settled(1, 2)
			if n := s.figure("adit_endpoints"); n != 1 {
				t.Errorf("%d endpoints are left", n)
			}
		})
	}
}

// TestPromise17HelloCutAtEveryByte: an agent that goes away at any byte before Welcome was never there.
func TestPromise17HelloCutAtEveryByte(t *testing.T) {
	s := newStage(t)
	hello := wiretest.Hello(s.r.Token, "cut")
	workers(len(hello), func(_, n int) {
		conn, link, err := wiretest.DialTLS(s.r.Agents, s.r.Pin)
		if err != nil {
			t.Error(err)
			return
		}
		defer link.Close()
		if _, err := conn.Write(hello[:n]); n > 0 && err != nil {
			t.Error(err)
		}
	})
	stop := serve(s.a, func(id uint32, q *wire.Req, _ string) bool { s.a.Send(id, length(q.Seq, "honest")); return true })
	defer stop()
	if o := s.ask(getText); o.body != "honest" {
		t.Errorf("%v", o)
	}
	s.settled(1, 8)
}

// TestPromise16UnknownFrames: one with SKIP is passed over wherever it stands in an answer.
func TestPromise16UnknownFrames(t *testing.T) {
	s := newStage(t)
	skip := frame(0x1d, wire.Skip, 3000)
	v := s.visitor(getText)
	defer v.Close()
	s.a.Say(skip)
	id := s.a.Accept()
	q := s.a.Req(s.a.Expect(id, wire.ReqType))
	s.a.Send(id, skip, wiretest.Resp(q.Seq, okChunks, wire.BodyUntil, 0, 0), skip, wiretest.Data("ab", 0), skip, wiretest.Data("c", done), skip)
	if o := v.answer(); o.body != "abc" || !o.whole {
		t.Errorf("%v", o)
	}
}
