package agent

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/wire"
	"github.com/google/uuid"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long anything may take before a test fails.
const patience = 20 * time.Second

// fakeLink is a stream in memory: the test is the relay.
type fakeLink struct {
	t       testing.TB
	mu      sync.Mutex
	cond    *sync.Cond
	in      []byte // frames for the agent
	hold    bool   // Buffered says false although there is more
	out     []byte // frames of the agent
	writes  int
	credit  int
	waits   int  // in AwaitCredit, now
	closed  bool // by the agent
	ended   bool // by the relay
	stops   []uint32
	resets  []wire.Code
	taken   int
	handler wire.Handler
}

func newFakeLink(t testing.TB) *fakeLink {
	k := &fakeLink{t: t, credit: 1 << 40}
	k.cond = sync.NewCond(&k.mu)
	return k
}

func (k *fakeLink) Handle(h wire.Handler) {
	k.mu.Lock()
	k.handler = h
	k.mu.Unlock()
}

func (k *fakeLink) Next() (wire.Frame, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.in) == 0 {
		switch {
		case k.closed:
			return wire.Frame{}, wire.ErrClosed
		case k.ended:
			return wire.Frame{}, io.EOF
		}
		k.cond.Wait()
	}
	f, n := splitFrame(k.in)
	f.Payload = bytes.Clone(f.Payload)
	k.in = k.in[n:]
	k.cond.Broadcast()
	return f, nil
}

func (k *fakeLink) Buffered() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.in) > 0 && !k.hold
}
func (k *fakeLink) Idle()                    {}
func (k *fakeLink) Await()                   {}
func (k *fakeLink) Begin(uint32, netip.Addr) {}
func (k *fakeLink) Took(n int) {
	k.mu.Lock()
	k.taken += n
	k.mu.Unlock()
}

func (k *fakeLink) Write(p []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return wire.ErrClosed
	}
	k.out = append(k.out, p...)
	k.writes++
	k.cond.Broadcast()
	return nil
}

func (k *fakeLink) WriteContent(p []byte, cost int) error {
	k.mu.Lock()
	for k.credit < cost && !k.closed {
		k.cond.Wait()
	}
	k.credit -= cost
	k.mu.Unlock()
	return k.Write(p)
}

func (k *fakeLink) TryCredit(cost int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.credit < cost {
		return false
	}
	k.credit -= cost
	return true
}

func (k *fakeLink) HasCredit(cost int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.credit >= cost
}

func (k *fakeLink) AwaitCredit(cost int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waits++
	defer func() { k.waits-- }()
	k.cond.Broadcast()
	for k.credit < cost {
		if k.closed {
			return wire.ErrClosed
		}
		k.cond.Wait()
	}
	return nil
}

func (k *fakeLink) SendStop(seq uint32) { k.note(func() { k.stops = append(k.stops, seq) }) }
func (k *fakeLink) SendReset(_ uint32, c wire.Code) {
	k.note(func() { k.resets = append(k.resets, c) })
}
func (k *fakeLink) Close() { k.note(func() { k.closed = true }) }

// end closes the stream from the relay's side.
func (k *fakeLink) end() { k.note(func() { k.ended = true }) }

// reset is what RESET on the control stream does.
func (k *fakeLink) reset(code wire.Code) {
	k.mu.Lock()
	h := k.handler
	k.mu.Unlock()
	h.OnReset(1, code)
}

func (k *fakeLink) note(f func()) {
	k.mu.Lock()
	f()
	k.cond.Broadcast()
	k.mu.Unlock()
}

// send gives the agent frames.
func (k *fakeLink) send(p ...[]byte) {
	k.note(func() { k.in = append(k.in, bytes.Join(p, nil)...) })
}

// wait waits until ok holds.
func (k *fakeLink) wait(what string, ok func() bool) {
	k.t.Helper()
	begin := time.Now()
	stop := time.AfterFunc(patience, func() { k.note(func() {}) })
	defer stop.Stop()
	k.mu.Lock()
	defer k.mu.Unlock()
	for !ok() {
		if time.Since(begin) >= patience {
			k.t.Fatalf("no %s within %v", what, patience)
		}
		k.cond.Wait()
	}
}

// frame waits for the agent's next frame.
func (k *fakeLink) frame() wire.Frame {
	k.t.Helper()
	k.wait("frame from the agent", func() bool { return len(k.out) > 0 })
	k.mu.Lock()
	defer k.mu.Unlock()
	f, n := splitFrame(k.out)
	k.out = k.out[n:]
	return f
}

// answer is a response as it came in frames.
type answer struct {
	infos    []string
	resp     wire.Resp
	head     string
	frames   []string // of content: D12 for DATA of 12 bytes, C99 for CHUNK
	body     []byte
	trailers string
	taken    bool
	fail     *wire.Fail
	aborted  wire.Code
}

func (k *fakeLink) answer() *answer {
	k.t.Helper()
	a := new(answer)
	for {
		f := k.frame()
		k.take(a, f)
		if f.Flags&wire.End != 0 {
			a.taken = f.Flags&wire.Taken != 0
			return a
		}
	}
}

func (k *fakeLink) take(a *answer, f wire.Frame) {
	k.t.Helper()
	var err error
	switch f.Type {
	case wire.InfoType:
		var i wire.Info
		err = i.Decode(f.Payload)
		a.infos = append(a.infos, string(i.Head))
	case wire.RespType:
		err = a.resp.Decode(f.Payload)
		a.head = string(a.resp.Head)
	case wire.Data:
		a.frames = append(a.frames, fmt.Sprintf("D%d", len(f.Payload)))
		a.body = append(a.body, f.Payload...)
	case wire.Chunk:
		var n uint64
		n, err = wire.DecodeChunk(f.Payload)
		a.frames = append(a.frames, fmt.Sprintf("C%d", n))
	case wire.Trailers:
		a.trailers = string(f.Payload)
	case wire.FailType:
		a.fail = new(wire.Fail)
		err = a.fail.Decode(f.Payload)
	case wire.Abort:
		var b wire.AbortFrame
		err = b.Decode(f.Payload)
		a.aborted = b.Code
	default:
		k.t.Fatalf("an unexpected frame %s", f.Type)
	}
	if err != nil {
		k.t.Fatal(err)
	}
}

// rig is a lane with a fake link in front of it.
type rig struct {
	*fakeLink
	eng  *engine
	ep   *endpoint
	rec  *memoryRecorder
	seq  uint32
	done chan struct{}
	lane *lane
}

// newRig starts a lane to addr and opens its stream. The test's end ends it, and waits for it.
func newRig(t testing.TB, addr string, change ...func(*rig)) *rig {
	t.Helper()
	r := &rig{fakeLink: newFakeLink(t), rec: newMemoryRecorder(), done: make(chan struct{})}
	r.eng = newEngine(r.rec, capture.NewBudget(0, 0), func(f func()) { go f() }, silent())
	r.eng.limits.trust, r.eng.limits.taken = patience, patience/4 // a slow machine is neither an idle connection nor a slow service
	ep, err := newEndpoint(Endpoint{Name: "web", Upstream: "http://" + addr, Inspect: true})
	if err != nil {
		t.Fatal(err)
	}
	r.ep = ep
	for _, f := range change {
		f(r)
	}
	b := &binding{ep: r.ep, handle: 7}
	l, ctx := newLane(context.Background(), r.eng, r, func(h uint32) *binding {
		if h == 7 {
			return b
		}
		return nil
	}, nil)
	r.lane = l
	go func() {
		l.run(ctx)
		close(r.done)
	}()
	t.Cleanup(func() {
		r.end()
		r.over()
		if n := r.eng.busy.Load(); n != 0 {
			t.Errorf("%d exchanges are still in the books", n)
		}
		if n := r.eng.budget.Used(); n != 0 {
			t.Errorf("%d bytes of the budget are not given back", n)
		}
	})
	r.open(wire.KindHTTP, 7)
	return r
}

// over waits until the lane has ended with everything it had.
func (r *rig) over() {
	r.t.Helper()
	select {
	case <-r.done:
	case <-time.After(patience):
		r.t.Fatal("the lane does not end")
	}
}

func (r *rig) open(kind wire.Kind, handle uint32) {
	o := wire.OpenFrame{Kind: kind, Handle: handle}
	r.send(o.Append(nil))
}

// req is a request under construction: what newReq says of the head can be changed before it is sent.
func (r *rig) req(head string, body wire.Body, length int) *wire.Req {
	r.seq++
	q := &wire.Req{
		Seq: r.seq, Version: 0x11, Body: body, Length: uint64(length), ID: uuid.Must(uuid.NewV7()), Start: time.Now(), Conn: 1,
		Client: netip.MustParseAddrPort("203.0.113.9:4711"), ServerPort: 80, Head: []byte(strings.ReplaceAll(head, "\n", "\r\n")),
	}
	if strings.HasPrefix(head, "HEAD ") {
		q.Flags |= wire.ReqHead
	}
	return q
}

// get sends a GET.
func (r *rig) get(path string) {
	r.send(r.req("GET "+path+" HTTP/1.1\nHost: a.example\n\n", wire.BodyNone, 0).Append(nil, wire.End))
}

// post sends a POST with its content in one frame.
func (r *rig) post(path, body string) {
	q := r.req(fmt.Sprintf("POST %s HTTP/1.1\nHost: a.example\nContent-Length: %d\n\n", path, len(body)), wire.BodyLength, len(body))
	r.send(q.Append(nil, 0), data(body, wire.End))
}

func data(s string, f wire.Flags) []byte {
	return append(wire.AppendHeader(nil, wire.Data, f, len(s)), s...)
}

// local is a raw local service: serve gets every connection, one at a time each in a goroutine of its own.
type service struct {
	t     testing.TB
	ln    net.Listener
	addr  string
	conns chan *peer
}

// peer is the local service's end of a connection.
type peer struct {
	*net.TCPConn
	t testing.TB
	r *bufio.Reader
}

func newService(t testing.TB) *service {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{t: t, ln: ln, addr: ln.Addr().String(), conns: make(chan *peer, 100)}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.conns <- &peer{c.(*net.TCPConn), t, bufio.NewReaderSize(c, 1<<20)}
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
		for {
			select {
			case p := <-s.conns:
				p.Close()
			default:
				return
			}
		}
	})
	return s
}

// accept waits for the agent to connect.
func (s *service) accept() *peer {
	s.t.Helper()
	select {
	case p := <-s.conns:
		s.t.Cleanup(func() { p.Close() })
		if err := p.SetDeadline(time.Now().Add(patience)); err != nil {
			s.t.Fatal(err)
		}
		return p
	case <-time.After(patience):
		s.t.Fatal("the agent does not connect")
		return nil
	}
}

// none fails if the agent has connected once more.
func (s *service) none() {
	s.t.Helper()
	select {
	case <-s.conns:
		s.t.Fatal("the agent connected once more")
	default:
	}
}

// want reads exactly what the agent must write.
func (p *peer) want(s string) {
	p.t.Helper()
	s = strings.ReplaceAll(s, "\n", "\r\n")
	got := make([]byte, len(s))
	n, err := io.ReadFull(p.r, got)
	if err != nil || string(got) != s {
		p.t.Fatalf("the local service got %q (%v), want %q", clip(string(got[:n])), err, clip(s))
	}
}

func clip(s string) string {
	if len(s) > 600 {
		return s[:600] + "…"
	}
	return s
}

// head reads a request head.
func (p *peer) head() string {
	p.t.Helper()
	var b strings.Builder
	for {
		line, err := p.r.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			p.t.Fatalf("the local service read %q: %v", b.String(), err)
		}
		if line == "\r\n" {
			return b.String()
		}
	}
}

// say writes; \n stands for CRLF.
func (p *peer) say(s string) { p.raw(strings.ReplaceAll(s, "\n", "\r\n")) }

func (p *peer) raw(s string) {
	p.t.Helper()
	if _, err := p.Write([]byte(s)); err != nil {
		p.t.Fatal(err)
	}
}

// gone waits until the agent has closed the connection; it returns what came before.
func (p *peer) gone() (string, error) {
	p.t.Helper()
	b, err := io.ReadAll(p.r)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatal("the agent does not close the connection")
	}
	return string(b), err
}
