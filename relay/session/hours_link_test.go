package session

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// pass lets the bubble's time pass, and then whatever is to happen at that moment happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// line is one direction of a link in memory. What is written waits until it is read, however much it is.
type line struct {
	mu    sync.Mutex
	moved sync.Cond
	way   []piece
	delay time.Duration // that what is written has on its way
	cut   bool          // nothing arrives, and nobody hears of a close
	full  bool          // nothing is taken
	ended bool          // closed by the writer
	deaf  bool          // closed by the reader
	by    time.Time     // reads end then; zero: never
}

// piece is what one write wrote, and when it arrives.
type piece struct {
	at time.Time
	b  []byte
}

// set changes the line.
func (l *line) set(f func(*line)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l)
	l.moved.Broadcast()
}

func (l *line) read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		now := time.Now()
		next := l.by
		if len(l.way) > 0 && !l.cut && (next.IsZero() || l.way[0].at.Before(next)) {
			next = l.way[0].at
		}
		switch {
		case l.deaf:
			return 0, net.ErrClosed
		case !l.by.IsZero() && !now.Before(l.by):
			return 0, os.ErrDeadlineExceeded
		case l.cut:
		case len(l.way) == 0 && l.ended:
			return 0, io.EOF
		case len(l.way) > 0 && !now.Before(l.way[0].at):
			return l.arrived(b), nil
		}
		l.wait(next)
	}
}

// arrived takes what is there. l.mu is held.
func (l *line) arrived(b []byte) int {
	n := copy(b, l.way[0].b)
	if l.way[0].b = l.way[0].b[n:]; len(l.way[0].b) == 0 {
		l.way = l.way[1:]
	}
	return n
}

// wait waits for a change, or until then. l.mu is held.
func (l *line) wait(then time.Time) {
	if !then.IsZero() {
		defer time.AfterFunc(time.Until(then), func() { l.set(func(*line) {}) }).Stop()
	}
	l.moved.Wait()
}

func (l *line) write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.full && !l.ended {
		l.moved.Wait()
	}
	switch {
	case l.ended:
		return 0, net.ErrClosed
	case l.deaf && !l.cut:
		return 0, syscall.EPIPE
	}
	at := time.Now().Add(l.delay)
	if n := len(l.way); n > 0 && l.way[n-1].at.After(at) {
		at = l.way[n-1].at
	}
	l.way = append(l.way, piece{at, append([]byte(nil), b...)})
	l.moved.Broadcast()
	return len(b), nil
}

// end is one end of a link.
type end struct {
	net.Conn // for what is not here; nil
	in, out  *line
	addr     net.Addr // of the other end
}

func (e *end) Read(b []byte) (int, error)  { return e.in.read(b) }
func (e *end) Write(b []byte) (int, error) { return e.out.write(b) }
func (e *end) LocalAddr() net.Addr         { return e.addr }
func (e *end) RemoteAddr() net.Addr        { return e.addr }

func (e *end) Close() error {
	e.in.set(func(l *line) { l.deaf = true })
	e.out.set(func(l *line) { l.ended = true })
	return nil
}

func (e *end) SetDeadline(t time.Time) error    { return e.SetReadDeadline(t) }
func (e *end) SetWriteDeadline(time.Time) error { return nil } // writes do not wait, but where a test wants it
func (e *end) SetReadDeadline(t time.Time) error {
	e.in.set(func(l *line) { l.by = t })
	return nil
}

// link is a connection between an agent and the relay.
type link struct {
	agent    *end
	up, down *line // up: to the agent
}

// connect makes a link and brings its end to the relay.
func (r *rig) connect() *link {
	k := &link{up: new(line), down: new(line)}
	k.up.moved.L, k.down.moved.L = &k.up.mu, &k.down.mu
	addr := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}
	k.agent = &end{in: k.up, out: k.down, addr: addr}
	r.srv.admit(&end{in: k.down, out: k.up, addr: addr})
	return k
}

// both changes both directions.
func (k *link) both(f func(*line)) {
	k.up.set(f)
	k.down.set(f)
}

// cut lets nothing through any more, and nobody knows.
func (k *link) cut() { k.both(func(l *line) { l.cut = true }) }

// mend lets through what has waited.
func (k *link) mend() { k.both(func(l *line) { l.cut = false }) }

// tls is the agent's end with its TLS handshake done.
func (r *rig) tls(k *link) *tls.Conn {
	r.t.Helper()
	c := tls.Client(k.agent, &tls.Config{
		RootCAs: r.roots, ServerName: "127.0.0.1", NextProtos: []string{wire.ALPN}, Time: func() time.Time { return r.begun },
	})
	if err := c.Handshake(); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// remote is an agent on a link in memory.
func (r *rig) remote(token, instance string, serve func(*lane) bool) (*agent, *link) {
	r.t.Helper()
	k := r.connect()
	return r.agentOn(r.tls(k), token, instance, serve), k
}

// inMemory is a server that only links reach.
func inMemory(t *testing.T, change ...func(*Options)) *rig {
	r := prepare(t, change...)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = r.srv.Shutdown(ctx)
	})
	return r
}
