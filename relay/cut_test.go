package relay_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// answer is an exchange whose answer is cut at every byte. #ID in what is sent stands for the exchange's own id.
type answer struct {
	name    string
	request string // of the visitor
	frames  func(seq uint32, id string) []byte
	want    string // content of the whole answer
	code    string // of the whole answer, when it is a page
	never   bool   // even all of it is not a whole answer
	trail   string
	reset   bool // to this visitor only RST shows a cut
}

const (
	getText  = "GET /#ID HTTP/1.1\nHost: HOST\n\n"
	okLength = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
	okChunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
)

// length is an answer of known length in pieces of 10 bytes.
func length(seq uint32, content string) []byte {
	b := wiretest.Resp(seq, fmt.Sprintf(okLength, len(content)), wire.BodyLength, len(content), 0)
	for len(content) > 10 {
		b = append(b, wiretest.Data(content[:10], 0)...)
		content = content[10:]
	}
	return append(b, wiretest.Data(content, done)...)
}

func join(all ...[]byte) (b []byte) {
	for _, p := range all {
		b = append(b, p...)
	}
	return b
}

var answers = []answer{
	{name: "length", request: getText, want: "#ID, whole and right", frames: func(seq uint32, id string) []byte { return length(seq, id+", whole and right") }},
	{name: "no content", request: getText, frames: func(seq uint32, _ string) []byte {
		return wiretest.Resp(seq, fmt.Sprintf(okLength, 0), wire.BodyLength, 0, done)
	}},
	{name: "chunks and trailers", request: getText, want: "#ID,in two part", trail: "X-Sum=1", frames: func(seq uint32, id string) []byte {
		return join(wiretest.Resp(seq, okChunks, wire.BodyUntil, 0, 0), wiretest.Data(id+",", 0), wire.AppendChunk(nil, 11),
			wiretest.Data("in two ", 0), wiretest.Data("part", 0), wiretest.Trailers("X-Sum: 1\r\n", wire.Taken))
	}},
	{name: "END alone", request: getText, want: "#ID", frames: func(seq uint32, id string) []byte {
		return join(wiretest.Resp(seq, okChunks, wire.BodyUntil, 0, 0), wiretest.Data(id, 0), wiretest.Data("", done))
	}},
	{name: "early hints", request: getText, want: "#ID", frames: func(seq uint32, id string) []byte {
		i := wire.Info{Seq: seq, Head: []byte("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")}
		return join(i.Append(nil), length(seq, id))
	}},
	{name: "to HTTP/1.0", request: "GET /#ID HTTP/1.0\nHost: HOST\n\n", want: "#ID until the end", reset: true, frames: func(seq uint32, id string) []byte {
		return join(wiretest.Resp(seq, "HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, 0), wiretest.Data(id+" until", 0), wiretest.Data(" the end", done))
	}},
	{name: "POST with length", request: "POST /#ID HTTP/1.1\nHost: HOST\nContent-Length: 5\n\nhello", want: "#ID hello", frames: func(seq uint32, id string) []byte {
		return length(seq, id+" hello")
	}},
	{name: "POST in chunks", request: "POST /#ID HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n2\nhe\n3\nllo\n0\nX-Up: 1\n\n", want: "#ID hello",
		frames: func(seq uint32, id string) []byte { return length(seq, id+" hello") }},
	{name: "FAIL", request: getText, code: wire.CodeLocalReset.String(), frames: func(seq uint32, _ string) []byte {
		f := wire.Fail{Seq: seq, Code: wire.CodeLocalReset, Text: "it closed"}
		return f.Append(nil, true)
	}},
	{name: "ABORT", request: getText, never: true, frames: func(seq uint32, id string) []byte {
		a := wire.AbortFrame{Seq: seq, Code: wire.CodeLocalEarlyEnd}
		return join(wiretest.Resp(seq, fmt.Sprintf(okLength, 100), wire.BodyLength, 100, 0), wiretest.Data(id, 0), a.Append(nil))
	}},
	{name: "upgrade", request: "GET /#ID HTTP/1.1\nHost: HOST\nConnection: Upgrade\nUpgrade: x\n\n", want: "#ID, by tunnel", reset: true, frames: func(seq uint32, id string) []byte {
		return join(wiretest.Resp(seq, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", wire.BodyTunnel, 0, 0),
			wiretest.Data(id+", by", 0), wiretest.Data(" tunnel", wire.End)) // the visitor has not ended its half
	}},
	{name: "large", request: getText, want: "#ID " + strings.Repeat("0123456789", 5000), frames: func(seq uint32, id string) []byte {
		content := id + " " + strings.Repeat("0123456789", 5000)
		return join(wiretest.Resp(seq, fmt.Sprintf(okLength, len(content)), wire.BodyLength, len(content), 0),
			wiretest.Data(content[:30000], 0), wiretest.Data(content[30000:], done))
	}},
}

// cuts are where an answer is cut: everywhere, but in long content only here and there.
func (a *answer) cuts() (all []int) {
	b := a.frames(1, "00000")
	if len(b) < 1000 {
		for i := range len(b) + 1 {
			all = append(all, i)
		}
		return all
	}
	at := 0
	for _, f := range wiretest.Frames(b) {
		for i := range min(wire.HeaderSize+70, len(f.Payload)) {
			all = append(all, at+i)
		}
		for i := 1000; i < len(f.Payload); i += 4099 {
			all = append(all, at+i)
		}
		at += wire.HeaderSize + len(f.Payload)
	}
	return append(all, len(b)-1, len(b))
}

// delivered is the content of the frames that are whole in b: what a visitor must get, at least, of an answer that is cut behind it.
func delivered(b []byte) (content string, begun bool) {
	for _, f := range wiretest.Frames(b) {
		begun = begun || f.Type == wire.RespType
		if f.Type == wire.Data {
			content += string(f.Payload)
		}
	}
	return content, begun
}

// TestPromise17AnswersCutAtEveryByte: an agent's stream ends, or the whole link does, at any byte of any answer. The visitor gets all that
// came before, and an error page or a cut that shows; never a cut that looks whole. The relay keeps nothing of it, and serves on.
func TestPromise17AnswersCutAtEveryByte(t *testing.T) {
	for i := range answers {
		a := &answers[i]
		t.Run(a.name+", stream", func(t *testing.T) { a.cutStreams(t) })
		t.Run(a.name+", link", func(t *testing.T) { a.cutLinks(t) })
	}
}

// exchangeOf makes the exchange's id of where it is cut.
func exchangeOf(cut int) string { return fmt.Sprintf("%05d", cut) }

// cutStreams cuts streams of one session that lives on.
func (a *answer) cutStreams(t *testing.T) {
	s := newStage(t)
	stop := serve(s.a, func(id uint32, q *wire.Req, _ string) bool {
		name := path(q)[1:]
		n, _ := strconv.Atoi(name)
		b := a.frames(q.Seq, name)
		if n >= len(b) {
			s.a.Send(id, b)
			return true
		}
		s.a.Send(id, b[:n])
		s.a.Fin(id)
		return false
	})
	defer stop()
	todo := make(chan int)
	var visitors sync.WaitGroup
	for range 8 {
		visitors.Go(func() {
			for n := range todo {
				a.judge(t, s.ask(strings.ReplaceAll(a.request, "#ID", exchangeOf(n))), n)
			}
		})
	}
	for _, n := range a.cuts() {
		todo <- n
	}
	close(todo)
	visitors.Wait()
	s.settled(1, 8)
	whole := len(a.frames(1, "00000"))
	a.judge(t, s.ask(strings.ReplaceAll(a.request, "#ID", exchangeOf(whole))), whole)
}

// cutLinks cuts the connection of a session; each cut takes another one.
func (a *answer) cutLinks(t *testing.T) {
	s := newStage(t)
	todo := make(chan int)
	var agents sync.WaitGroup
	for i := range 4 {
		agents.Go(func() {
			for n := range todo {
				a.cutLink(t, s, "puppet-"+strconv.Itoa(i), n)
			}
		})
	}
	cuts := a.cuts()
	if len(cuts) > 400 {
		cuts = cuts[len(cuts)/3:]
	}
	for _, n := range cuts {
		todo <- n
	}
	close(todo)
	agents.Wait()
	s.settled(1, 2)
}

func (a *answer) cutLink(t *testing.T, s *stage, instance string, n int) {
	own := &stage{t: t, r: s.r, a: s.agent(instance)}
	own.host = own.a.Bind(1, instance)
	text := strings.Replace(a.request, "GET", "DELETE", 1) // a GET would wait for the agent to come back
	v := own.visitor(strings.ReplaceAll(text, "#ID", exchangeOf(n)))
	defer v.Close()
	id := own.a.Accept()
	q, _, ok := receive(own.a, id)
	if !ok {
		t.Errorf("cut at %d: no request came", n)
		return
	}
	b := a.frames(q.Seq, exchangeOf(n))
	own.a.Send(id, b[:min(n, len(b))])
	if n < len(b) {
		own.a.Cut()
	}
	a.judge(t, v.answer(), n)
	own.a.Cut()
	<-own.a.Ended()
}

// judge looks at what a visitor got of an answer that was cut at n.
func (a *answer) judge(t *testing.T, o outcome, n int) {
	id := exchangeOf(n)
	b := a.frames(1, id)
	whole := n >= len(b) && !a.never
	content, begun := delivered(b[:min(n, len(b))])
	switch {
	case o.hung():
		t.Errorf("cut at %d of %d: the answer hangs: %v", n, len(b), o)
	case whole && (!o.whole || o.body != strings.ReplaceAll(a.want, "#ID", id) && a.code == "" || o.code != a.code || o.trail != a.trail):
		t.Errorf("not cut (%d): %v %.60q", n, o, o.body)
	case whole:
	case begun && (o.whole || o.status >= 500):
		t.Errorf("cut at %d of %d: it looks whole: %v %.60q", n, len(b), o, o.body)
	case begun && o.body != content:
		t.Errorf("cut at %d of %d: %.60q was delivered of %.60q", n, len(b), o.body, content)
	case begun && a.reset && o.status == 101 && o.err == nil:
		t.Errorf("cut at %d of %d: a tunnel that ends in order", n, len(b))
	case !begun && (!o.whole || o.status != 502 || o.code == "" || o.code == wire.CodeInternal.String()):
		t.Errorf("cut at %d of %d: no page: %v", n, len(b), o)
	}
}
