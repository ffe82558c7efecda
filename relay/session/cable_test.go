package session

import (
	"net"
	"sync"
	"testing"
)

// cable is a link to the server that can be interrupted without either end hearing of it.
type cable struct {
	addr string
	ln   net.Listener
	wg   sync.WaitGroup

	mu    sync.Mutex
	cond  sync.Cond
	dead  bool // nothing passes
	over  bool
	conns []net.Conn
}

func newCable(t testing.TB, to string) *cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{addr: ln.Addr().String(), ln: ln}
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
		for c.dead && !c.over {
			c.cond.Wait()
		}
		c.mu.Unlock()
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// interrupt holds back all that is sent; mend lets it pass.
func (c *cable) interrupt() { c.set(func() { c.dead = true }) }
func (c *cable) mend()      { c.set(func() { c.dead = false }) }

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

// agentBehind is an agent at the end of a cable.
func (r *rig) agentBehind(instance string, serve func(*lane) bool) (*agent, *cable) {
	r.t.Helper()
	c := newCable(r.t, r.addr)
	return r.agentOn(r.dialTo(c.addr), "good", instance, serve), c
}
