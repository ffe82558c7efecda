package e2e

import (
	"io"
	"net"
	"sync"
	"testing"
)

// breaker passes connections on to addr until it resets all of them at once, as a router does that has lost its table.
type breaker struct {
	ln   net.Listener
	addr string

	mu    sync.Mutex
	links map[*net.TCPConn]struct{} // both ends of each
}

func newBreaker(t *testing.T, addr string) *breaker {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{ln: ln, addr: addr, links: map[*net.TCPConn]struct{}{}}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go b.join(c.(*net.TCPConn))
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		b.reset()
	})
	return b
}

func (b *breaker) join(c *net.TCPConn) {
	defer c.Close()
	raw, err := net.Dial("tcp", b.addr)
	if err != nil {
		return
	}
	up := raw.(*net.TCPConn)
	defer up.Close()
	b.keep(c, up)
	defer b.drop(c, up)
	go func() {
		pass(up, c)
		_ = up.Close()
	}()
	pass(c, up)
}

// pass copies with a buffer: left to itself, io.Copy has the kernel do it, through a pipe for each direction.
func pass(to io.Writer, from io.Reader) {
	_, _ = io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{from})
}

func (b *breaker) keep(ends ...*net.TCPConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range ends {
		b.links[c] = struct{}{}
	}
}

func (b *breaker) drop(ends ...*net.TCPConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range ends {
		delete(b.links, c)
	}
}

// reset resets both ends of every connection of now.
func (b *breaker) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.links {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
	clear(b.links)
}
