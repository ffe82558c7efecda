//go:build linux

package main

import (
	"net"
	"sync"
	"time"
)

// delay is a long way between agent and relay: what is sent arrives later by a fixed time, in order, at any speed. Only the ends' own limits hold it up.
type delay struct {
	ln   net.Listener
	to   string
	by   time.Duration
	over sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// underWay bounds what is on its way in one direction, in pieces of up to pieceSize: 256 MiB, at 80 ms far more than any machine sends.
const (
	underWay  = 4096
	pieceSize = 64 << 10
)

// piece is what was read at once, and when it arrives.
type piece struct {
	due   time.Time
	bytes []byte
}

func newDelay(to string, by time.Duration) (*delay, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &delay{ln: ln, to: to, by: by}
	d.over.Go(d.accept)
	return d, nil
}

func (d *delay) addr() string { return d.ln.Addr().String() }

func (d *delay) accept() {
	for {
		near, err := d.ln.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", d.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		d.mu.Lock()
		d.conns = append(d.conns, near, far)
		d.mu.Unlock()
		d.over.Go(func() { d.carry(near.(*net.TCPConn), far.(*net.TCPConn)) })
		d.over.Go(func() { d.carry(far.(*net.TCPConn), near.(*net.TCPConn)) })
	}
}

// carry passes on what comes from one side, and its end, both by as much later.
func (d *delay) carry(from, to *net.TCPConn) {
	way := make(chan piece, underWay)
	d.over.Go(func() {
		for p := range way {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.bytes); err != nil {
				_ = from.Close() // its reader ends, and with it the way
			}
		}
		_ = to.CloseWrite()
	})
	buf := make([]byte, pieceSize)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			way <- piece{time.Now().Add(d.by), append([]byte(nil), buf[:n]...)}
		}
		if err != nil {
			close(way)
			return
		}
	}
}

// close ends all connections and waits for what carries them.
func (d *delay) close() {
	_ = d.ln.Close()
	d.mu.Lock()
	for _, c := range d.conns {
		_ = c.Close()
	}
	d.mu.Unlock()
	d.over.Wait()
}
