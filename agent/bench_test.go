package agent

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/wire"
)

// server answers every request on every connection with answer; it parses only heads and Content-Length-free requests.
func benchServer(tb testing.TB, answer string) string {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	serveBench(tb, ln, answer)
	return ln.Addr().String()
}

func serveBench(tb testing.TB, ln net.Listener, answer string) {
	tb.Cleanup(func() { ln.Close() })
	whole := []byte(answer)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReaderSize(c, 4096)
				for {
					line, err := r.ReadSlice('\n')
					if err != nil {
						return
					}
					if len(line) == 2 {
						if _, err := c.Write(whole); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
}

// benchLink feeds one request after another and drops what is answered.
type benchLink struct {
	q    wire.Req
	open bool
	n    int
	buf  []byte
	next chan struct{}
}

func (k *benchLink) Handle(wire.Handler) {}
func (k *benchLink) Next() (wire.Frame, error) {
	if !k.open {
		k.open = true
		o := wire.OpenFrame{Kind: wire.KindHTTP, Handle: 7}
		f, _ := splitFrame(o.Append(nil))
		return f, nil
	}
	<-k.next
	if k.n == 0 {
		return wire.Frame{}, io.EOF
	}
	k.n--
	k.q.Seq++
	k.buf = k.q.Append(k.buf[:0], wire.End)
	f, _ := splitFrame(k.buf)
	return f, nil
}
func (k *benchLink) Buffered() bool           { return false }
func (k *benchLink) Idle()                    {}
func (k *benchLink) Await()                   {}
func (k *benchLink) Begin(uint32, netip.Addr) {}
func (k *benchLink) Took(int)                 {}
func (k *benchLink) Write(p []byte) error {
	for len(p) > 0 {
		f, n := splitFrame(p)
		if f.Flags&wire.End != 0 {
			k.next <- struct{}{}
		}
		p = p[n:]
	}
	return nil
}
func (k *benchLink) WriteContent(p []byte, _ int) error { return k.Write(p) }
func (k *benchLink) TryCredit(int) bool                 { return true }
func (k *benchLink) HasCredit(int) bool                 { return true }
func (k *benchLink) AwaitCredit(int) error              { return nil }
func (k *benchLink) SendStop(uint32)                    {}
func (k *benchLink) SendReset(uint32, wire.Code)        {}
func (k *benchLink) Close()                             {}

type dropRecorder struct{}

func (dropRecorder) Record(*inspect.Exchange) {}

func benchmarkLane(b *testing.B, inspected bool, answer string) {
	ep, err := newEndpoint(Endpoint{Name: "web", Upstream: "http://" + benchServer(b, answer), Inspect: inspected})
	if err != nil {
		b.Fatal(err)
	}
	benchmarkEndpoint(b, ep)
}

func benchmarkEndpoint(b *testing.B, ep *endpoint) {
	r := &rig{fakeLink: newFakeLink(b), rec: newMemoryRecorder()}
	eng := newEngine(dropRecorder{}, testBudget(), func(f func()) { go f() }, silent())
	k := &benchLink{n: b.N, next: make(chan struct{}, 2)}
	k.q = *r.req("GET /path HTTP/1.1\nHost: a.example\nUser-Agent: bench/1.0\nAccept: */*\nX-Forwarded-For: 203.0.113.9\n\n", wire.BodyNone, 0)
	k.q.Seq = 0
	l, ctx := newLane(b.Context(), eng, k, func(uint32) *binding { return &binding{ep: ep} }, nil)
	b.ReportAllocs()
	b.ResetTimer()
	k.next <- struct{}{}
	l.run(ctx)
}

var small = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 128\r\n\r\n" + strings.Repeat("x", 128)

func BenchmarkLane(b *testing.B)         { benchmarkLane(b, false, small) }
func BenchmarkLaneListener(b *testing.B) { benchmarkListener(b, small) }
func BenchmarkLaneListenerMiB(b *testing.B) {
	b.SetBytes(1 << 20)
	benchmarkListener(b, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n"+strings.Repeat("x", 1<<20))
}

func benchmarkListener(b *testing.B, answer string) {
	a, err := New(Options{Relay: "relay.test:4443"})
	if err != nil {
		b.Fatal(err)
	}
	l, err := a.Listen(Endpoint{Name: "web"})
	if err != nil {
		b.Fatal(err)
	}
	serveBench(b, l, answer)
	benchmarkEndpoint(b, l.ep)
}

func BenchmarkLaneCapture(b *testing.B) { benchmarkLane(b, true, small) }
func BenchmarkLaneMiB(b *testing.B) {
	b.SetBytes(1 << 20)
	benchmarkLane(b, false, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n"+strings.Repeat("x", 1<<20))
}
func BenchmarkLaneChunks(b *testing.B) {
	b.SetBytes(1 << 20)
	benchmarkLane(b, false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+strings.Repeat("1000\r\n"+strings.Repeat("x", 4096)+"\r\n", 256)+"0\r\n\r\n")
}

// TestIdleMemory: a lane with its kept connection costs little while nothing happens.
func TestIdleMemory(t *testing.T) {
	const lanes, limit = 400, 12 << 10
	addr := benchServer(t, small)
	measure := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	first := newRig(t, addr, func(r *rig) { r.ep.Inspect = false })
	before := measure()
	rigs := make([]*rig, 0, lanes)
	for range lanes {
		rigs = append(rigs, newRig(t, addr, func(r *rig) { r.ep, r.eng, r.rec = first.ep, first.eng, first.rec }))
	}
	for _, r := range rigs {
		r.get("/")
	}
	for _, r := range rigs {
		r.answer()
	}
	for _, r := range rigs { // what the test's own side holds
		r.note(func() { r.in, r.out = nil, nil })
	}
	each := (int64(measure()) - int64(before)) / lanes
	t.Logf("%d bytes for a lane, with the fake link and the service's end", each)
	// The other ends are not the agent's: a goroutine, a socket and a buffer of 4 KiB. The race detector multiplies everything.
	if !raceDetector && each > limit+12<<10 {
		t.Errorf("%d bytes for an idle lane", each)
	}
}

func testBudget() *capture.Budget { return capture.NewBudget(0, 0) }
