package relay_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// news is what an agent may say on the control stream while it answers.
type news struct {
	name string
	say  func(id, seq uint32) []byte
	// hurts: the exchange may be broken off, or be sent again to another stream.
	hurts bool
	// ends: the agent takes nothing more on this stream.
	ends bool
}

// closed is a stream that is closed.
var closed atomic.Uint32

// gossip is all that an agent may say of a stream without breaking the protocol, and some that it may not but must not be believed.
var gossip = []news{
	{"PING", func(uint32, uint32) []byte { return wiretest.Ping(make([]byte, 8)) }, false, false},
	{"an unknown frame", func(uint32, uint32) []byte { return frame(0x1f, wire.Skip, 100) }, false, false},
	{"an unknown message", func(uint32, uint32) []byte { return wiretest.Message("Dance", 0, map[string]int{"steps": 3}) }, false, false},
	{"CREDIT", func(id, seq uint32) []byte { return wiretest.Credit(id, seq, 1<<20) }, false, false},
	{"CREDIT, the same again", func(id, seq uint32) []byte {
		return join(wiretest.Credit(id, seq, 1<<20), wiretest.Credit(id, seq, 1<<20))
	}, false, false},
	{"CREDIT for an old seq", func(id, seq uint32) []byte { return wiretest.Credit(id, seq-1, 1<<40) }, false, false},
	{"STOP", func(id, seq uint32) []byte { return wiretest.Stop(id, seq) }, false, false},
	{"STOP of an old seq", func(id, seq uint32) []byte { return wiretest.Stop(id, seq-1) }, false, false},
	{"RESET: nothing behind this", func(id, seq uint32) []byte { return wiretest.Reset(id, seq, 0) }, false, true},
	{"RESET: not even this", func(id, seq uint32) []byte { return wiretest.Reset(id, seq-1, 0) }, true, true},
	{"RESET: a mistake in this", func(id, seq uint32) []byte { return wiretest.Reset(id, seq, wire.CodeFrameOrder) }, true, true},
	{"RESET: a mistake in the last", func(id, seq uint32) []byte { return wiretest.Reset(id, seq-1, wire.CodeFrameOrder) }, true, true},
	{"RESET of a closed stream", func(id, seq uint32) []byte { return wiretest.Reset(closed.Load(), seq, 0) }, false, false},
}

// pieces are an answer that an agent may interrupt between any two of them.
func pieces(seq uint32, id string) [][]byte {
	i := wire.Info{Seq: seq, Head: []byte("HTTP/1.1 103 Early Hints\r\n\r\n")}
	return [][]byte{i.Append(nil), wiretest.Resp(seq, okChunks, wire.BodyUntil, 0, 0), wiretest.Data(id, 0), wire.AppendChunk(nil, 6),
		wiretest.Data(" one", 0), wiretest.Data(" 2", done)}
}

// TestPromise05ControlAgainstData: each thing that an agent may say on the control stream comes before, between and behind the frames of an
// answer that is the second one on its stream; first each alone in each place, then several in places by chance. What does no harm leaves
// the answer whole. What breaks the exchange off shows, or it is sent again while nobody has touched it; the agent gets a POST once.
func TestPromise05ControlAgainstData(t *testing.T) {
	s := newStage(t)
	d := &director{stage: s, scenes: map[string]*scene{}}
	// One stream is given up first, so that there is a closed one.
	stop := serve(s.a, d.play)
	defer stop()
	if o := s.ask("GET /close HTTP/1.1\nHost: HOST\n\n"); o.body != "close" {
		t.Fatal(o)
	}
	s.a.Over(closed.Load())
	var all []*scene
	for place := range len(pieces(1, "")) + 1 {
		for i := range gossip {
			all = append(all, &scene{at: map[int][]*news{place: {&gossip[i]}}})
		}
	}
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 400 {
		sc := &scene{at: map[int][]*news{}}
		for range 1 + rnd.IntN(4) {
			place := rnd.IntN(len(pieces(1, "")) + 1)
			sc.at[place] = append(sc.at[place], &gossip[rnd.IntN(len(gossip))])
		}
		all = append(all, sc)
	}
	todo := make(chan *scene)
	var visitors sync.WaitGroup
	for range 8 {
		visitors.Go(func() {
			for sc := range todo {
				d.run(sc)
			}
		})
	}
	for i, sc := range all {
		sc.id, sc.round = fmt.Sprintf("x%d", i), i%2 == 0
		d.add(sc)
		todo <- sc
	}
	close(todo)
	visitors.Wait()
	s.settled(1, 16)
	for _, sc := range all {
		for late := time.Now().Add(patience); !sc.said.Load(); time.Sleep(time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("%v: it was never said", sc)
			}
		}
	}
	if o := s.ask("GET /after HTTP/1.1\nHost: HOST\n\n"); o.body != "after" {
		t.Errorf("afterwards: %v", o)
	}
}

// scene is one exchange and what interrupts its answer.
type scene struct {
	id    string
	at    map[int][]*news // before the piece of that number
	round bool            // each piece of news has been heard before the next piece of the answer
	seen  atomic.Int64    // how often the agent got the request
	said  atomic.Bool     // all of it has been said
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

func (sc *scene) hurts() bool { return sc.any(func(n *news) bool { return n.hurts }) }

func (sc *scene) any(is func(*news) bool) bool {
	for _, all := range sc.at {
		if slices.ContainsFunc(all, is) {
			return true
		}
	}
	return false
}

// director is an agent that plays scenes.
type director struct {
	*stage
	mu     sync.Mutex
	scenes map[string]*scene
}

func (d *director) add(sc *scene) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scenes[sc.id] = sc
}

func (d *director) play(id uint32, q *wire.Req, _ string) bool {
	name := path(q)[1:]
	d.mu.Lock()
	sc := d.scenes[name]
	d.mu.Unlock()
	if sc == nil || sc.seen.Add(1) > 1 {
		if name == "close" {
			closed.Store(id)
			d.a.Say(wiretest.Reset(id, q.Seq, 0))
			d.a.Round()
		}
		d.a.Send(id, length(q.Seq, name))
		return true
	}
	all := pieces(q.Seq, name)
	for place := range len(all) + 1 {
		for _, n := range sc.at[place] {
			d.a.Say(n.say(id, q.Seq))
			if sc.round {
				d.a.Round()
			}
		}
		if place < len(all) {
			d.a.Send(id, all[place])
		}
	}
	sc.said.Store(true)
	if !sc.any(func(n *news) bool { return n.ends }) {
		return true
	}
	for ok := true; ok; { // what still comes was never begun
		_, ok = d.a.NextQuietly(id)
	}
	d.a.Fin(id)
	return false
}

// run has a visitor make two requests on one connection, of which the second is the scene's, so that there is an old exchange, mostly.
func (d *director) run(sc *scene) {
	method := "GET"
	if strings.HasSuffix(sc.id, "3") {
		method = "POST"
	}
	v := d.visitor("GET /before HTTP/1.1\nHost: HOST\n\n")
	defer v.Close()
	if o := v.answer(); o.body != "before" {
		d.t.Errorf("%v: the exchange before: %v %q", sc, o, o.body)
		return
	}
	text := fmt.Sprintf("%s /%s HTTP/1.1\nHost: HOST\nContent-Length: 0\nConnection: close\n\n", method, sc.id)
	if _, err := v.Write([]byte(d.request(text))); err != nil {
		d.t.Error(err)
		return
	}
	o := v.answer()
	again := sc.seen.Load() > 1 && o.body == sc.id // it was sent again, and answered in one piece
	switch {
	case o.hung():
		d.t.Errorf("%v: the answer hangs: %v", sc, o)
	case o.whole && o.status == 200 && (o.body == sc.id+" one 2" || again):
	case !sc.hurts():
		d.t.Errorf("%v: harmless, but the visitor got %v %q", sc, o, o.body)
	case o.whole && o.status < 500:
		d.t.Errorf("%v: the answer looks whole: %v %q", sc, o, o.body)
	}
	if n := sc.seen.Load(); n > 2 || n > 1 && !sc.hurts() {
		d.t.Errorf("%v: the agent got the request %d times", sc, n)
	}
}

// TestPromise05CreditForAnOldSeq: behind the next REQ it lets nobody send more.
func TestPromise05CreditForAnOldSeq(t *testing.T) {
	s := newStage(t)
	v := s.visitor("GET /first HTTP/1.1\nHost: HOST\n\n")
	defer v.Close()
	id := s.a.Accept()
	s.a.Send(id, length(s.a.Req(s.a.Expect(id, wire.ReqType)).Seq, "first"))
	if o := v.answer(); o.body != "first" {
		t.Fatal(o)
	}
	const size = 3 * wire.FirstLimit
	go v.Write([]byte(s.request(fmt.Sprintf("POST /second HTTP/1.1\nHost: HOST\nContent-Length: %d\n\n%s", size, strings.Repeat("u", size)))))
	s.a.Req(s.a.Expect(id, wire.ReqType))
	s.a.Say(wiretest.Credit(id, 1, 1<<40))
	s.a.Round()
	sum, got := 0, 0
	take := func() {
		f := s.a.Expect(id, wire.Data)
		sum += len(f.Payload) + wire.FrameCost
		got += len(f.Payload)
	}
	for sum+wire.MaxData+wire.FrameCost <= wire.FirstLimit {
		take()
	}
	s.a.Round()
	if n := s.a.Waiting(id); n > 0 {
		t.Errorf("%d bytes came beyond a credit of %d", n, wire.FirstLimit)
	}
	s.a.Say(wiretest.Credit(id, 2, 1<<20))
	for got < size && !t.Failed() {
		take()
	}
	s.a.Send(id, length(2, "second"))
	if o := v.answer(); o.body != "second" {
		t.Error(o)
	}
}

// TestPromise05ResetWhileTheLastAnswerIsOnItsWay: the agent has said all of an answer, and gives the stream up, while the relay still has it
// in hand because the visitor is slow.
func TestPromise05ResetWhileTheLastAnswerIsOnItsWay(t *testing.T) {
	s := newStage(t)
	content := strings.Repeat("0123456789", 6000)
	for range 20 {
		v := s.visitor(getText)
		id := s.a.Accept()
		q := s.a.Req(s.a.Expect(id, wire.ReqType))
		s.a.Send(id, wiretest.Resp(q.Seq, fmt.Sprintf(okLength, len(content)), wire.BodyLength, len(content), 0), wiretest.Data(content[:30000], 0), wiretest.Data(content[30000:], done))
		s.a.Say(wiretest.Reset(id, q.Seq, 0))
		if o := v.answer(); !o.whole || o.body != content {
			t.Errorf("the visitor got %v", o)
		}
		v.Close()
		s.a.Over(id) // and is not used again
		s.a.Fin(id)
	}
	s.settled(1, 2)
}

// TestPromise05ResetBelow: the agent has read the request of the next exchange on a stream, and says that it has not begun it. A POST with
// content that the relay holds comes again on another stream, once; the first stream is over.
func TestPromise05ResetBelow(t *testing.T) {
	s := newStage(t)
	v := s.visitor(getText)
	defer v.Close()
	first := s.a.Accept()
	s.a.Expect(first, wire.ReqType)
	s.a.Send(first, length(1, "first"))
	if o := v.answer(); o.body != "first" {
		t.Fatal(o)
	}
	if _, err := v.Write([]byte(s.request("POST / HTTP/1.1\nHost: HOST\nContent-Length: 5\n\nhello"))); err != nil {
		t.Fatal(err)
	}
	if q := s.a.Req(s.a.Expect(first, wire.ReqType)); q.Seq != 2 {
		t.Fatalf("exchange %d", q.Seq)
	}
	s.a.Say(wiretest.Reset(first, 1, 0))
	second := s.a.Accept()
	q, content, _ := receive(s.a, second)
	if second == first || q.Seq != 1 || content != "hello" {
		t.Errorf("stream %d, exchange %d, %q", second, q.Seq, content)
	}
	s.a.Send(second, length(1, "second"))
	if o := v.answer(); o.body != "second" {
		t.Error(o)
	}
	s.a.Over(first)
	s.a.Fin(first)
	v.Close()
	s.settled(1, 8)
}

// TestPromise06BindAndOpenCross: a visitor comes while the agent unbinds, and what the agent binds then has another handle. A request that
// the agent gives back untouched is answered by the new endpoint, or by a page; one under way ends where it began.
func TestPromise06BindAndOpenCross(t *testing.T) {
	s := newStage(t)
	var live atomic.Uint32 // the handle that is bound
	live.Store(1)
	type held struct {
		id uint32
		q  *wire.Req
	}
	arrived := make(chan held, 1)
	undelivered := func(seq uint32) []byte {
		f := wire.Fail{Seq: seq, Code: wire.CodeBadHandle, Undelivered: true}
		return f.Append(nil, true)
	}
	var seen sync.Map
	stop := serveHandles(s.a, func(id, handle uint32, q *wire.Req) {
		_, again := seen.LoadOrStore(path(q), true)
		switch {
		case !again:
			arrived <- held{id, q}
		case handle == live.Load():
			s.a.Send(id, length(q.Seq, "new"))
		default:
			s.a.Send(id, undelivered(q.Seq))
		}
	})
	defer stop()
	for i := range 60 {
		old := live.Load()
		unbind := wiretest.Message(wire.MsgUnbind, 1000+int64(i), &wire.Unbind{Handle: old})
		bind := wiretest.Message(wire.MsgBind, 2000+int64(i), &wire.Bind{Handle: old + 1, Protocol: "http", Name: "web", How: wire.HowStart})
		v := s.visitor(fmt.Sprintf("GET /%d HTTP/1.1\nHost: HOST\n\n", i))
		x := <-arrived
		live.Store(old + 1)
		switch i % 3 {
		case 0: // the relay hears of the end first
			s.a.Say(unbind, bind)
			s.a.Round()
			s.a.Send(x.id, undelivered(x.q.Seq))
		case 1: // last
			s.a.Send(x.id, undelivered(x.q.Seq))
			s.a.Say(unbind, bind)
			s.a.Round()
		case 2: // under way, it ends where it began
			s.a.Say(unbind, bind)
			s.a.Round()
			s.a.Send(x.id, length(x.q.Seq, "old"))
		}
		o := v.answer()
		v.Close()
		switch {
		case i%3 == 2 && o.body != "old":
			t.Errorf("round %d, under way: %v", i, o)
		case i%3 != 2 && o.body != "new" && (o.status < 400 || !o.whole):
			t.Errorf("round %d: %v %q", i, o, o.body)
		}
		var b wire.Bound
		if s.a.Message(wire.MsgBound, &b); b.Handle != old+1 {
			t.Fatalf("round %d: bound %d", i, b.Handle)
		}
	}
	s.settled(1, 8)
}

// TestPromise06StreamBeforeItsBound: an agent takes streams from the moment it has asked, so a relay may open one before it answers; the
// agent's half is TestPromise06StreamBeforeItsBound in package agent. Here: nobody reaches a name before its Bound is on its way.
func TestPromise06NobodyIsSentToARefusedBind(t *testing.T) {
	s := newStage(t)
	b := s.agent("other")
	name, _, _ := strings.Cut(s.host, ":")
	b.Say(wiretest.Message(wire.MsgBind, 1, &wire.Bind{Handle: 1, Protocol: "http", Name: "web", Host: name, How: wire.HowStart}))
	var no wire.Refusal
	if _, ok := b.Message(wire.MsgRefusal, &no); !ok || no.Code != wire.CodeAlreadyOnline {
		t.Fatalf("%+v", no)
	}
	stop := serve(s.a, func(id uint32, q *wire.Req, _ string) bool { s.a.Send(id, length(q.Seq, "first")); return true })
	defer stop()
	for range 20 {
		if o := s.ask(getText); o.body != "first" {
			t.Errorf("%v", o)
		}
	}
}
