package wiretest

import (
	"net"
	"sync"
	"testing"
)

// Cable is a link to a relay that can be interrupted without either end hearing of it. Agents connect to Addr.
type Cable struct {
	Addr string
	ln   net.Listener
	wg   sync.WaitGroup

	mu    sync.Mutex
	cond  sync.Cond
	dead  map[net.Conn]bool // of which nothing is passed on
	over  bool
	conns []net.Conn
}

// NewCable makes one that leads to the address to; it is cut at the test's end.
func NewCable(t testing.TB, to string) *Cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cable{Addr: ln.Addr().String(), ln: ln, dead: map[net.Conn]bool{}}
	c.cond.L = &c.mu
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, near, far)
			c.mu.Unlock()
			c.wg.Add(2)
			go c.carry(near, far)
			go c.carry(far, near)
		}
	}()
	t.Cleanup(c.Cut)
	return c
}

// carry passes on what comes, while the cable is whole.
func (c *Cable) carry(from, to net.Conn) {
	defer c.wg.Done()
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		c.mu.Lock()
		for c.dead[from] && !c.over {
			c.cond.Wait()
		}
		c.mu.Unlock()
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// Interrupt holds back all that is sent on the connections of now.
func (c *Cable) Interrupt() {
	c.set(func() {
		for _, conn := range c.conns {
			c.dead[conn] = true
		}
	})
}

// Mend lets pass what was held back.
func (c *Cable) Mend() { c.set(func() { clear(c.dead) }) }

// Reset ends the connections that are held back.
func (c *Cable) Reset() {
	c.set(func() {
		for conn := range c.dead {
			conn.Close()
		}
		clear(c.dead)
	})
}

// Cut ends all of it, and both ends hear of that.
func (c *Cable) Cut() {
	c.ln.Close()
	c.set(func() {
		c.over = true
		for _, conn := range c.conns {
			conn.Close()
		}
	})
	c.wg.Wait()
}

func (c *Cable) set(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.cond.Broadcast()
}
