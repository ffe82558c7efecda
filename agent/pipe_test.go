package agent

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"
)

// TestPipe: a connection in memory does all that the net package's own tests want of a connection.
func TestPipe(t *testing.T) {
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		a, b = newPipe(address("a"), address("b"))
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

func pipe(t *testing.T) (a, b *half) {
	t.Helper()
	a, b = newPipe(address("a"), address("b"))
	for _, h := range []*half{a, b} {
		if err := h.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
	}
	return a, b
}

// TestPipeCarries: pieces of any size, around the ring's end, come out as they went in.
func TestPipeCarries(t *testing.T) {
	a, b := pipe(t)
	random := rand.New(rand.NewPCG(1, 2))
	sent := make([]byte, 3<<20)
	for i := range sent {
		sent[i] = byte(random.Uint32())
	}
	go func() {
		for rest := sent; len(rest) > 0; {
			n := min(len(rest), random.IntN(2*len(block{})))
			if m, err := a.Write(rest[:n]); m != n || err != nil {
				t.Errorf("%d of %d: %v", m, n, err)
			}
			rest = rest[n:]
		}
		a.CloseWrite()
	}()
	var got bytes.Buffer
	sizes := rand.New(rand.NewPCG(3, 4))
	for buf := make([]byte, 1<<16); ; {
		n, err := b.Read(buf[:1+sizes.IntN(len(buf)-1)])
		got.Write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got.Bytes(), sent) {
		t.Errorf("%d bytes, and not those that were sent", got.Len())
	}
	if _, err := b.Write([]byte("still")); err != nil {
		t.Errorf("the other direction: %v", err)
	}
	if a.in.ring == nil || b.in.ring != nil {
		t.Error("the ring is kept where there is nothing in it, or missing where there is")
	}
}

// TestPipeEnds: what each way to end a connection does to the other end.
func TestPipeEnds(t *testing.T) {
	read := func(h *half) error { _, err := h.Read(make([]byte, 9)); return err }
	write := func(h *half) error { _, err := h.Write([]byte("x")); return err }
	for _, tt := range []struct {
		name                               string
		end                                func(*half)
		theirRead, theirWrite, read, write error
		arrives                            bool
	}{
		{"CloseWrite", func(h *half) { h.CloseWrite() }, io.EOF, nil, nil, net.ErrClosed, true},
		{"Close", func(h *half) { h.Close() }, io.EOF, syscall.EPIPE, net.ErrClosed, net.ErrClosed, true},
		{"reset", func(h *half) { h.SetLinger(0); h.Close() }, syscall.ECONNRESET, syscall.ECONNRESET, net.ErrClosed, net.ErrClosed, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := pipe(t)
			a.Write([]byte("last"))
			b.Write([]byte("last"))
			if b.quiet() || b.park() != nil {
				t.Error("what has arrived is not seen")
			}
			tt.end(a)
			if tt.arrives {
				if err := read(b); err != nil {
					t.Errorf("what was written is lost: %v", err)
				}
			}
			for what, got := range map[string][2]error{
				"their read": {read(b), tt.theirRead}, "their write": {write(b), tt.theirWrite}, "own read": {read(a), tt.read}, "own write": {write(a), tt.write},
			} {
				if !errors.Is(got[0], got[1]) || got[1] == nil && got[0] != nil {
					t.Errorf("%s: %v, want %v", what, got[0], got[1])
				}
			}
			if b.quiet() || b.park() != nil || a.quiet() && tt.read != nil || tt.read != nil && a.park() == nil {
				t.Error("the end is not seen")
			}
		})
	}
}

// TestPipeWakes: who waits is woken by whatever ends the waiting.
func TestPipeWakes(t *testing.T) {
	full := strings.Repeat("x", len(block{})+1)
	for name, end := range map[string]func(a, b *half){
		"own close":      func(a, _ *half) { a.Close() },
		"other's close":  func(_, b *half) { b.Close() },
		"other's reset":  func(_, b *half) { b.SetLinger(0); b.Close() },
		"deadline past":  func(a, _ *half) { a.SetDeadline(time.Unix(1, 0)) },
		"deadline comes": func(a, _ *half) { a.SetDeadline(time.Now().Add(time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newPipe(address("a"), address("b"))
				errs := make(chan error, 3)
				go func() { _, err := a.Read(make([]byte, 1)); errs <- err }()
				go func() { _, err := a.Write([]byte(full)); errs <- err }()
				go func() { a.park(); errs <- io.EOF }()
				synctest.Wait()
				end(a, b)
				for range 3 {
					if err := <-errs; err == nil {
						t.Error("no error")
					}
				}
				a.Close()
				b.Close()
			})
		})
	}
}

// TestPipeDeadlines: a deadline that is moved or taken back does not end what came after.
func TestPipeDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipe(address("a"), address("b"))
		a.SetReadDeadline(time.Now().Add(time.Second))
		a.SetReadDeadline(time.Now().Add(3 * time.Second))
		begin := time.Now()
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		a.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Hour, func() { b.Write([]byte("x")) })
		if _, err := a.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		a.SetReadDeadline(time.Now().Add(time.Hour))
		a.Close() // a timer left behind would hold the test's bubble
		b.Close()
	})
}

// BenchmarkPipe is a request and an answer.
func BenchmarkPipe(b *testing.B) {
	here, there := newPipe(address("a"), address("b"))
	defer here.Close()
	go func() {
		for buf := make([]byte, 512); ; {
			n, err := there.Read(buf)
			if err != nil {
				return
			}
			there.Write(buf[:n])
		}
	}()
	b.ReportAllocs()
	for buf := make([]byte, 256); b.Loop(); {
		here.Write(buf)
		io.ReadFull(here, buf)
	}
}

// BenchmarkPipeMiB is content.
func BenchmarkPipeMiB(b *testing.B) {
	here, there := newPipe(address("a"), address("b"))
	defer here.Close()
	go func() {
		for buf := make([]byte, 1<<20); ; {
			if _, err := there.Write(buf); err != nil {
				return
			}
		}
	}()
	defer there.Close()
	b.SetBytes(1 << 20)
	for buf := make([]byte, 32<<10); b.Loop(); {
		for range (1 << 20) / len(buf) {
			io.ReadFull(here, buf)
		}
	}
}
