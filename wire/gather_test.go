package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// record counts writes and keeps what was written; hold stops them.
type record struct {
	net.Conn
	mu     sync.Mutex
	got    bytes.Buffer
	writes int
	hold   chan struct{}
	fail   error
}

func (r *record) Write(p []byte) (int, error) {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes++
	if r.fail != nil {
		return 0, r.fail
	}
	return r.got.Write(p)
}

func (r *record) Close() error { return nil }

func startGather(t *testing.T, conn net.Conn) *gather {
	g := newGather(conn)
	done := make(chan struct{})
	go func() { defer close(done); g.flush() }()
	t.Cleanup(func() {
		_ = g.Close()
		within(t, "the flusher's end", func() { <-done })
	})
	return g
}

func drained(t *testing.T, g *gather) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	defer cancel()
	if err := g.drain(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestGatherConcurrent: what many write arrives whole, each writer's in its order, in far fewer writes.
func TestGatherConcurrent(t *testing.T) {
	const writers, each = 16, 500
	r := &record{}
	g := startGather(t, r)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				body := bytes.Repeat([]byte{byte(w)}, rand.IntN(2000))
				head := binary.BigEndian.AppendUint32([]byte{byte(w)}, uint32(i))
				head = binary.BigEndian.AppendUint16(head, uint16(len(body)))
				if n, err := g.WriteBuffers([][]byte{head, body}); err != nil || n != len(head)+len(body) {
					t.Error(n, err)
				}
			}
		})
	}
	wg.Wait()
	drained(t, g)
	b := r.got.Bytes()
	var next [writers]uint32
	for len(b) > 0 {
		w, i, n := b[0], binary.BigEndian.Uint32(b[1:]), int(binary.BigEndian.Uint16(b[5:]))
		if i != next[w] || !bytes.Equal(b[7:7+n], bytes.Repeat([]byte{w}, n)) {
			t.Fatalf("writer %d: frame %d where %d should be, or torn", w, i, next[w])
		}
		next[w]++
		b = b[7+n:]
	}
	for w, n := range next {
		if n != each {
			t.Errorf("writer %d: %d frames", w, n)
		}
	}
}

// TestGatherIsBounded: while the connection takes nothing, the buffer fills to its limit and the next writer waits; then everything arrives.
func TestGatherIsBounded(t *testing.T) {
	r := &record{hold: make(chan struct{})}
	g := startGather(t, r)
	var in atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			if err := g.push(4, make([]byte, 8<<10-8)); err != nil {
				t.Error(err)
			}
			in.Add(8 << 10)
		}
	}()
	eventually(t, "a full buffer behind a flush", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.pend != nil && len(g.pend.b) >= gatherMin && !g.stuckSince().IsZero()
	})
	if n := in.Load(); n > 2*gatherMin+16<<10 {
		t.Errorf("%d bytes were taken", n)
	}
	close(r.hold)
	within(t, "writing on", func() { <-done })
	drained(t, g)
	if r.got.Len() != 800<<10 {
		t.Errorf("%d bytes arrived", r.got.Len())
	}
	eventually(t, "no flush", func() bool { return g.stuckSince().IsZero() })
}

func TestGatherErrorWakesWriters(t *testing.T) {
	for _, how := range []string{"write error", "close"} {
		t.Run(how, func(t *testing.T) {
			r := &record{hold: make(chan struct{}), fail: errors.New("broken pipe")}
			g := startGather(t, r)
			errs := make(chan error, 1)
			go func() {
				for {
					if err := g.push(4, make([]byte, 32<<10)); err != nil {
						errs <- err
						return
					}
				}
			}()
			want := r.fail
			if how == "close" {
				_ = g.Close()
				want = net.ErrClosed
			}
			close(r.hold)
			select {
			case err := <-errs:
				if !errors.Is(err, want) {
					t.Error(err)
				}
			case <-time.After(testTime):
				t.Fatal("the writer still waits")
			}
			if err := g.drain(context.Background()); !errors.Is(err, want) {
				t.Error(err)
			}
			select {
			case <-g.broken:
			default:
				t.Error("it is not marked as broken")
			}
		})
	}
}

func TestGatherDrainEnds(t *testing.T) {
	r := &record{hold: make(chan struct{})}
	defer close(r.hold)
	g := startGather(t, r)
	if err := g.drain(context.Background()); err != nil {
		t.Error("nothing to drain:", err)
	}
	if _, err := g.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := g.drain(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestGatherAdapts(t *testing.T) {
	g := newGather(&record{})
	check := func(what string, limit int, slow bool) {
		t.Helper()
		if g.limit != limit || g.slow.Load() != slow {
			t.Errorf("%s: limit %d, slow %v", what, g.limit, g.slow.Load())
		}
	}
	for range judgeAfter/gatherMin - 1 {
		g.adapt(gatherMin, time.Millisecond)
	}
	check("buffers on the way may have taken it all", gatherMin, true)
	for range 9 {
		g.adapt(gatherMin, 200*time.Microsecond)
	}
	check("a fast link that has little to carry", 4*gatherMin, false)
	for range 2 {
		g.adapt(g.limit, 200*time.Microsecond)
	}
	check("a fast link", gatherMax, false)
	g.adapt(1000, time.Hour)
	check("a small flush", gatherMax, false)
	for range 5 {
		g.adapt(gatherMin, 20*time.Millisecond)
	}
	check("neither fast nor slow", gatherMin, false)
	g.adapt(gatherMin, 3*time.Second)
	check("a slow link", gatherMin, true)
	g.adapt(gatherMin, time.Millisecond)
	check("one quick flush", gatherMin, true)
}

func TestGatherRead(t *testing.T) {
	a, b := memPair(1 << 20)
	g := newGather(a)
	before := g.lastHeard()
	want := make([]byte, 300<<10)
	for i := range want {
		want[i] = byte(rand.Uint32())
	}
	go func() { _, _ = b.Write(want); _ = b.Close() }()
	var got []byte
	for sizes, i := []int{1, 8, 7, 20000, 8, 40000, 3}, 0; ; i++ {
		p := make([]byte, sizes[i%len(sizes)])
		n, err := io.ReadFull(g, p)
		got = append(got, p[:n]...)
		if err != nil {
			break
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes read, or others", len(got))
	}
	if !g.lastHeard().After(before) || !g.deaf.Load() {
		t.Error("what was heard is not recorded")
	}
}
