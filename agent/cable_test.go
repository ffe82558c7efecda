package agent_test

import (
	"net"
	"sync"
	"testing"
)

// cable is a link to a relay that can be interrupted without either end hearing of it.
type cable struct {
	addr string
	ln   net.Listener
	wg   sync.WaitGroup

	mu    sync.Mutex
	cond  sync.Cond
	dead  map[net.Conn]bool // of which nothing is passed on
	over  bool
	conns []net.Conn
}

func newCable(t testing.TB, to string) *cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{addr: ln.Addr().String(), ln: ln, dead: map[net.Conn]bool{}}
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
	t.Cleanup(c.cut)
	return c
}

// carry passes on what comes, while the cable is whole.
func (c *cable) carry(from, to net.Conn) {
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

// interrupt holds back all that is sent on the connections of now; mend lets it pass, reset ends them.
func (c *cable) interrupt() {
	c.set(func() {
		for _, conn := range c.conns {
			c.dead[conn] = true
		}
	})
}

func (c *cable) mend() { c.set(func() { clear(c.dead) }) }

func (c *cable) reset() {
	c.set(func() {
		for conn := range c.dead {
			conn.Close()
		}
		clear(c.dead)
	})
}

// cut ends it, and both ends hear of that.
func (c *cable) cut() {
	c.ln.Close()
	c.set(func() {
		c.over = true
		for _, conn := range c.conns {
			conn.Close()
		}
	})
	c.wg.Wait()
}

func (c *cable) set(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.cond.Broadcast()
}
