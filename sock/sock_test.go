package sock

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair is a connection as package net has it, and its other end.
func pair(t *testing.T, network string) (conn, peer net.Conn) {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err = net.Dial(network, ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	peer, err = ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); peer.Close() })
	for _, c := range []net.Conn{conn, peer} {
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	return conn, peer
}

// ours is conn as one of this package.
func ours(conn net.Conn) net.Conn {
	if unix, ok := conn.(*net.UnixConn); ok {
		return OfUnix(unix)
	}
	return Of(conn)
}

var ports = regexp.MustCompile(`127\.0\.0\.1:\d+|/\S*/s\b`)

// said is an error without what differs from run to run.
func said(err error) string {
	if err == nil {
		return "nothing"
	}
	var kinds []string
	for _, kind := range []error{io.EOF, net.ErrClosed, os.ErrDeadlineExceeded} {
		if errors.Is(err, kind) {
			kinds = append(kinds, kind.Error())
		}
	}
	return ports.ReplaceAllString(err.Error(), "ADDR") + " " + strings.Join(kinds, ", ")
}

// scripts are what happens to a connection; what they return must be the same for package net's and ours.
var scripts = map[string]func(t *testing.T, conn, peer net.Conn) []any{
	"bytes come in pieces, then the end": func(t *testing.T, conn, peer net.Conn) []any {
		io.WriteString(peer, "hello")
		b := make([]byte, 3)
		n1, err1 := io.ReadFull(conn, b)
		first := string(b)
		n2, err2 := conn.Read(b)
		second := string(b[:n2])
		peer.Close()
		n3, err3 := conn.Read(b)
		n4, err4 := conn.Read(nil)
		return []any{n1, said(err1), first, n2, said(err2), second, n3, said(err3), n4, said(err4)}
	},
	"a read waits for bytes": func(t *testing.T, conn, peer net.Conn) []any {
		go func() {
			time.Sleep(20 * time.Millisecond)
			io.WriteString(peer, "late")
		}()
		b := make([]byte, 10)
		n, err := conn.Read(b)
		return []any{string(b[:n]), said(err)}
	},
	"a read's deadline": func(t *testing.T, conn, peer net.Conn) []any {
		conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		n, err := conn.Read(make([]byte, 1))
		conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		io.WriteString(peer, "x")
		m, again := conn.Read(make([]byte, 1))
		return []any{n, said(err), m, said(again)}
	},
	"Close ends a read": func(t *testing.T, conn, peer net.Conn) []any {
		go func() {
			time.Sleep(20 * time.Millisecond)
			conn.Close()
		}()
		n, err := conn.Read(make([]byte, 1))
		_, after := conn.Read(make([]byte, 1))
		return []any{n, said(err), said(after)}
	},
	"much is written to a slow reader": func(t *testing.T, conn, peer net.Conn) []any {
		sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB: more than the buffers take
		var got []byte
		var wg sync.WaitGroup
		wg.Go(func() {
			time.Sleep(20 * time.Millisecond)
			got, _ = io.ReadAll(peer)
		})
		n, err := conn.Write(sent)
		conn.Close()
		wg.Wait()
		return []any{n, said(err), bytes.Equal(got, sent)}
	},
	"a write's deadline": func(t *testing.T, conn, peer net.Conn) []any {
		go func() {
			peer.Read(make([]byte, 1)) // it has begun
			conn.SetWriteDeadline(time.Now())
		}()
		n, err := conn.Write(make([]byte, 16<<20))
		conn.SetWriteDeadline(time.Now().Add(-time.Second))
		m, late := conn.Write([]byte("x"))
		return []any{n > 0 && n < 16<<20, said(err), m, said(late)}
	},
	"Close ends a write": func(t *testing.T, conn, peer net.Conn) []any {
		go func() {
			peer.Read(make([]byte, 1)) // it has begun
			conn.Close()
		}()
		n, err := conn.Write(make([]byte, 16<<20))
		m, after := conn.Write([]byte("x"))
		return []any{n > 0 && n < 16<<20, said(err), m, said(after)}
	},
	"the other side has reset": func(t *testing.T, conn, peer net.Conn) []any {
		if tcp, ok := peer.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		peer.Close()
		n, err := conn.Read(make([]byte, 1))
		m, broken := conn.Write([]byte("x"))
		return []any{n, said(err), m, said(broken)}
	},
	"half of it is closed": func(t *testing.T, conn, peer net.Conn) []any {
		err := conn.(interface{ CloseWrite() error }).CloseWrite()
		got, err2 := io.ReadAll(peer)
		io.WriteString(peer, "still")
		b := make([]byte, 5)
		n, err3 := io.ReadFull(conn, b)
		_, err4 := conn.Write([]byte("x"))
		return []any{said(err), len(got), said(err2), string(b[:n]), said(err3), said(err4)}
	},
	"writers take turns": func(t *testing.T, conn, peer net.Conn) []any {
		var wg sync.WaitGroup
		for _, c := range "abcd" {
			wg.Go(func() { conn.Write(bytes.Repeat([]byte{byte(c)}, 1<<20)) })
		}
		var got []byte
		done := make(chan struct{})
		go func() {
			defer close(done)
			got, _ = io.ReadAll(peer)
		}()
		wg.Wait()
		conn.Close()
		<-done
		runs := 1
		for i := 1; i < len(got); i++ {
			if got[i] != got[i-1] {
				runs++
			}
		}
		return []any{len(got), runs} // each write in one piece
	},
	"buffers are written together": func(t *testing.T, conn, peer net.Conn) []any {
		v := net.Buffers{[]byte("a"), []byte("bc"), []byte("def")}
		n, err := v.WriteTo(conn)
		b := make([]byte, 6)
		_, err2 := io.ReadFull(peer, b)
		return []any{n, said(err), string(b), said(err2)}
	},
}

func TestActsAsPackageNet(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		for name, script := range scripts {
			t.Run(network+" "+name, func(t *testing.T) {
				conn, peer := pair(t, network)
				want := script(t, conn, peer)
				conn, peer = pair(t, network)
				got := script(t, ours(conn), peer)
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("%d: got %v, package net has %v", i, got[i], want[i])
					}
				}
			})
		}
	}
}

func TestOf(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if Of(a) != a {
		t.Error("a pipe is no TCP connection")
	}
	conn, _ := pair(t, "tcp")
	c, ok := Of(conn).(*TCPConn)
	if !ok || c.NetConn() != conn {
		t.Error("a TCP connection is not wrapped")
	}
}

// BenchmarkRoundTrip is a byte there and back between two goroutines; it must not allocate.
func BenchmarkRoundTrip(b *testing.B) {
	for _, s := range []struct {
		name string
		of   func(net.Conn) net.Conn
	}{{"net", func(c net.Conn) net.Conn { return c }}, {"sock", Of}} {
		b.Run(s.name, func(b *testing.B) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer ln.Close()
			conn, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			peer, err := ln.Accept()
			if err != nil {
				b.Fatal(err)
			}
			near, far := s.of(conn), s.of(peer)
			var wg sync.WaitGroup
			wg.Go(func() {
				p := make([]byte, 128)
				for {
					n, err := far.Read(p)
					if err != nil {
						return
					}
					far.Write(p[:n])
				}
			})
			p := make([]byte, 128)
			b.ReportAllocs()
			for b.Loop() {
				near.Write(p)
				if _, err := io.ReadFull(near, p); err != nil {
					b.Fatal(err)
				}
			}
			near.Close()
			wg.Wait()
			far.Close()
		})
	}
}
