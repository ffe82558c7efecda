package agent_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// news is what a relay may say on the control stream while a request comes.
type news struct {
	name string
	say  func(id, seq uint32) []byte
	ends bool // the stream is over
}

var gossip = []news{
	{"PING", func(uint32, uint32) []byte { return wiretest.Ping(make([]byte, 8)) }, false},
	{"an unknown frame", func(uint32, uint32) []byte { return frame(0x1f, wire.Skip, 100) }, false},
	{"an unknown message", func(uint32, uint32) []byte { return wiretest.Message("Dance", 0, map[string]int{"steps": 3}) }, false},
	{"a Notice", func(uint32, uint32) []byte {
		return wiretest.Message(wire.MsgNotice, 0, &wire.Notice{Level: "info", Text: "x"})
	}, false},
	{"CREDIT for an old seq", func(id, seq uint32) []byte { return wiretest.Credit(id, seq-1, 1<<40) }, false},
	{"CREDIT for the closed stream", func(_, seq uint32) []byte { return wiretest.Credit(2*wiretest.Control, seq, 1<<40) }, false},
	{"RESET of the closed stream", func(_, seq uint32) []byte { return wiretest.Reset(2*wiretest.Control, seq, wire.CodeVisitorGone) }, false},
	{"RESET", func(id, seq uint32) []byte { return wiretest.Reset(id, seq, wire.CodeVisitorGone) }, true},
	{"RESET with a lower seq", func(id, seq uint32) []byte { return wiretest.Reset(id, seq-1, wire.CodeVisitorGone) }, true},
	{"RESET with a higher seq", func(id, seq uint32) []byte { return wiretest.Reset(id, seq+9, wire.CodeVisitorGone) }, true},
	{"RESET without a reason", func(id, seq uint32) []byte { return wiretest.Reset(id, seq, 0) }, true},
}

// scene is one stream with two exchanges, and what the relay says on the control stream before the piece of that number.
type scene struct {
	id    string
	at    map[int][]*news
	round bool // each piece of news has been heard before the next piece of the stream
}

func (sc *scene) String() string {
	var b strings.Builder
	for place, all := range sc.at {
		for _, n := range all {
			fmt.Fprintf(&b, "%d: %s; ", place, n.name)
		}
	}
	return b.String()
}

func (sc *scene) ends() bool {
	for _, all := range sc.at {
		if slices.ContainsFunc(all, func(n *news) bool { return n.ends }) {
			return true
		}
	}
	return false
}

// places is how many pieces a scene's stream has.
const places = 7

// TestPromise05ControlAgainstData: each thing that a relay may say on the control stream comes before a stream is announced, between and
// behind the frames of its second exchange; first each alone in each place, then several in places by chance. What is not a RESET does no
// harm. A RESET, whatever its seq, ends the stream and the local connection: the service gets a request whole, or visibly not, and once.
func TestPromise05ControlAgainstData(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	exchange(t, p, handle, "closed") // stream 4
	var all []*scene
	for place := range places + 1 {
		for i := range gossip {
			all = append(all, &scene{at: map[int][]*news{place: {&gossip[i]}}})
		}
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		sc := &scene{at: map[int][]*news{}}
		for range 1 + rnd.IntN(4) {
			place := rnd.IntN(places + 1)
			sc.at[place] = append(sc.at[place], &gossip[rnd.IntN(len(gossip))])
		}
		all = append(all, sc)
	}
	for i, sc := range all {
		sc.id, sc.round = fmt.Sprintf("x%d", i), i%2 == 0
		sc.play(t, p, handle)
	}
	exchange(t, p, handle, "after")
	s.local.wait("the local connections' end", func(open int) bool { return open == 0 })
	for _, sc := range all {
		v, got := s.local.of(sc.id)
		switch {
		case v.times > 1:
			t.Errorf("%v: the service got it %d times", sc, v.times)
		case !sc.ends() && (!v.whole || v.body != "hello, world"):
			t.Errorf("%v: harmless, but the service got %+v", sc, v)
		case got && v.whole && v.body != "hello, world":
			t.Errorf("%v: the service takes for whole %+v", sc, v)
		}
	}
}

// play says all of a scene. Nothing in it is waited for but that the first exchange ends before the second begins, as it must be.
func (sc *scene) play(t *testing.T, p *wiretest.Peer, handle uint32) {
	id := p.Reserve()
	pieces := []func(){
		func() { p.Syn(id) },
		func() { p.Send(id, wiretest.Opening(wire.KindHTTP, handle)) },
		func() { p.Send(id, getReq(1, sc.id+"-first")) },
		func() {
			p.Send(id, req(2, "POST /"+sc.id+" HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n", wire.BodyUntil, 0, 0, 0))
		},
		func() { p.Send(id, wiretest.Data("hello,", 0)) },
		func() { p.Send(id, wire.AppendChunk(nil, 6), wiretest.Data(" wo", 0)) },
		func() { p.Send(id, wiretest.Data("rld", wire.End)) },
	}
	for place := range places + 1 {
		for _, n := range sc.at[place] {
			if place < 3 && strings.HasPrefix(n.name, "CREDIT for an old") {
				continue // nothing of this stream has been received: a relay that says so is ahead
			}
			p.Say(n.say(id, 2))
			if sc.round {
				p.Round()
			}
		}
		if place == places {
			break
		}
		pieces[place]()
		if place == 2 {
			if h := answer(p, id); !h.taken && !sc.ends() {
				t.Errorf("%v: the first exchange: %+v", sc, h)
			}
		}
	}
	if h := answer(p, id); !sc.ends() && (h.body != "ok "+sc.id || !h.taken) {
		t.Errorf("%v: %+v", sc, h)
	}
	p.Fin(id)
	p.Over(id)
}

// TestPromise05CreditForAnOldSeq: behind the next REQ it lets nobody send more.
func TestPromise05CreditForAnOldSeq(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	id := p.Open(wire.KindHTTP, handle)
	p.Send(id, getReq(1, "first"))
	if h := answer(p, id); h.body != "ok first" {
		t.Fatalf("%+v", h)
	}
	p.Send(id, getReq(2, "big"))
	p.Say(wiretest.Credit(id, 1, 1<<40))
	p.Round()
	sum, got := 0, 0
	p.Expect(id, wire.RespType)
	for sum+wire.MaxData+wire.FrameCost <= wire.FirstLimit {
		f := p.Expect(id, wire.Data)
		sum, got = sum+len(f.Payload)+wire.FrameCost, got+len(f.Payload)
	}
	p.Round()
	if n := p.Waiting(id); sum+n > wire.FirstLimit {
		t.Errorf("%d came on a credit of %d", sum+n, wire.FirstLimit)
	}
	p.Say(wiretest.Credit(id, 2, 1<<20))
	for end := false; !end && !t.Failed(); {
		f := p.Expect(id, wire.Data)
		got, end = got+len(f.Payload), f.End()
	}
	if got != bigAnswer {
		t.Errorf("%d bytes came", got)
	}
}

// TestPromise05ResetWhileTheLastAnswerIsOnItsWay: the visitor has gone, and the agent's answer waits for credit.
func TestPromise05ResetWhileTheLastAnswerIsOnItsWay(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	for _, seq := range []uint32{0, 1, 2} {
		id := p.Open(wire.KindHTTP, handle)
		p.Send(id, getReq(1, "big"))
		p.Expect(id, wire.RespType)
		p.Expect(id, wire.Data)
		p.Say(wiretest.Reset(id, seq, wire.CodeVisitorGone))
		p.Over(id)
		p.Fin(id)
		s.local.wait("the service's release", func(open int) bool { return open == 0 })
	}
	exchange(t, p, handle, "after")
}

// TestPromise05RelayThatIsAhead: what names a stream or an exchange that never was can only be a mistake, and ends the leg.
func TestPromise05RelayThatIsAhead(t *testing.T) {
	s := newStage(t)
	for name, say := range map[string]func(id uint32) []byte{
		"CREDIT for a seq ahead":          func(id uint32) []byte { return wiretest.Credit(id, 2, 1<<20) },
		"CREDIT for a stream ahead":       func(id uint32) []byte { return wiretest.Credit(id+2, 1, 1<<20) },
		"CREDIT that lowers":              func(id uint32) []byte { return wiretest.Credit(id, 1, 1) },
		"CREDIT for the control stream":   func(uint32) []byte { return wiretest.Credit(wiretest.Control, 0, 1<<20) },
		"RESET of the control stream":     func(uint32) []byte { return wiretest.Reset(wiretest.Control, 0, 0) },
		"RESET of the agent's own stream": func(uint32) []byte { return wiretest.Reset(5, 0, 0) },
		"STOP":                            func(id uint32) []byte { return wiretest.Stop(id, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			p, handle := s.session()
			id := p.Open(wire.KindHTTP, handle)
			p.Send(id, getReq(1, "hold"))
			before, _ := s.local.of("hold")
			s.local.wait("the request", func(int) bool { return s.local.seen["hold"].times >= max(before.times, 1) })
			p.Say(say(id))
			<-p.Ended()
			s.local.wait("the service's release", func(open int) bool { return open == 0 })
			s.again()
		})
	}
}

// TestPromise06StreamBeforeItsBound: the handle is the agent's choice, so it takes streams from the moment it has asked.
func TestPromise06StreamBeforeItsBound(t *testing.T) {
	s := newStage(t)
	p := s.relay.Accept()
	var b wire.Bind
	id, _ := p.Message(wire.MsgBind, &b)
	for i := range 10 {
		exchange(t, p, b.Handle, fmt.Sprintf("early-%d", i))
	}
	if got := s.a.Status(); got.Endpoints[0].URL != "" {
		t.Errorf("it takes itself for bound: %+v", got.Endpoints[0])
	}
	p.Say(wiretest.Message(wire.MsgBound, id, &wire.Bound{Handle: b.Handle, URL: "http://web.test", Epoch: "1"}))
	exchange(t, p, b.Handle, "late")
}

// TestPromise06BindAndOpenCross: a stream for an endpoint that the relay has taken away, or that was never bound, or was refused: the local
// service gets nothing, and the relay is told so; under the handle of the next Bind it goes on.
func TestPromise06BindAndOpenCross(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	undelivered := func(id uint32, name string) {
		t.Helper()
		h := answer(p, id)
		if h.fail == nil || !h.fail.Undelivered || h.fail.Code != wire.CodeBadHandle {
			t.Errorf("%s: %+v", name, h)
		}
		if _, got := s.local.of(name); got {
			t.Errorf("%s: the service got it", name)
		}
		p.Fin(id)
		p.Over(id)
	}
	for _, wrong := range []uint32{0, handle + 1, 1 << 31} {
		id := p.Open(wire.KindHTTP, wrong)
		p.Send(id, getReq(1, "never-bound"))
		undelivered(id, "never-bound")
	}
	idle := p.Open(wire.KindHTTP, handle) // a pooled stream
	p.Send(idle, getReq(1, "pooled"))
	answer(p, idle)
	under := p.Open(wire.KindHTTP, handle)
	p.Send(under, req(1, "POST /under-way HTTP/1.1\nHost: a\nContent-Length: 2\n\n", wire.BodyLength, 2, 0, 0), wiretest.Data("o", 0))
	s.local.wait("the request under way", func(int) bool { return s.local.seen["head of under-way"].times > 0 })
	p.Say(wiretest.Message(wire.MsgUnbound, 0, &wire.Unbound{Handle: handle}))
	next := p.Bound("http://web.test") // in two seconds, by a new handle
	if next == handle {
		t.Fatal("the handle is used again")
	}
	p.Send(idle, getReq(2, "gone"))
	undelivered(idle, "gone")
	fresh := p.Open(wire.KindHTTP, handle)
	p.Send(fresh, getReq(1, "gone"))
	undelivered(fresh, "gone")
	p.Send(under, wiretest.Data("k", wire.End)) // ends where it began
	if h := answer(p, under); h.body != "ok under-way" {
		t.Errorf("under way: %+v", h)
	}
	handle = next
	exchange(t, p, handle, "bound-again")
	if st := s.a.Status(); st.State != inspect.Online {
		t.Errorf("%+v", st)
	}
}

// TestPromise05EarlyResets: RESETs that overtake their streams are kept for a thousand of them.
func TestPromise05EarlyResets(t *testing.T) {
	s := newStage(t)
	p, handle := s.session()
	const n = 1000
	var ids []uint32
	for range n {
		ids = append(ids, p.Reserve())
	}
	for _, id := range ids {
		p.Say(wiretest.Reset(id, 1, wire.CodeVisitorGone))
	}
	p.Round()
	var over sync.WaitGroup
	for _, id := range ids {
		p.Syn(id)
		p.Send(id, wiretest.Opening(wire.KindHTTP, handle), getReq(1, "reset"))
		over.Go(func() { p.Over(id); p.Fin(id) })
	}
	over.Wait()
	exchange(t, p, handle, "after")
	if v, got := s.local.of("reset"); got {
		t.Errorf("the service got %d of them", v.times)
	}
}
