package edge

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// load is visitors that ask as fast as they may, until nobody lets them in any more.
type load struct {
	t    *testing.T
	addr string

	answered, crossed atomic.Int64
	stopping          atomic.Bool
}

// caller is one of them: it keeps its connection or makes a new one for each request.
type caller struct {
	*load
	keep  bool
	pause time.Duration // between two requests, at most
	rnd   *rand.Rand

	nc   net.Conn
	r    *bufio.Reader
	used bool
}

func (c *caller) run() {
	for i := 0; ; i++ {
		if !c.connect() || !c.ask(i) {
			return
		}
		<-time.After(time.Duration(c.rnd.Int64N(int64(c.pause))))
	}
}

// connect is false when the door is closed, which a visitor may see only when the server stops. A kept connection is looked at before it is used again, as
// HTTP clients do.
func (c *caller) connect() bool {
	if c.nc != nil {
		c.nc.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.r.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
			c.nc.SetReadDeadline(time.Now().Add(2 * patience))
			return true
		} else if err != io.EOF {
			c.t.Errorf("a kept connection ended with %v", err)
		}
		c.drop()
	}
	nc, err := net.DialTimeout("tcp", c.addr, patience)
	if err != nil {
		if !c.stopping.Load() || !errors.Is(err, syscall.ECONNREFUSED) {
			c.t.Errorf("connect: %v", err)
		}
		return false
	}
	nc.SetDeadline(time.Now().Add(2 * patience))
	c.nc, c.r, c.used = nc, bufio.NewReader(nc), false
	return true
}

// ask sends one request, some of them in pieces, and reads its answer.
func (c *caller) ask(i int) bool {
	content := fmt.Sprintf("%d %s", i, strings.Repeat("y", c.rnd.IntN(3000)))
	req := "GET /?" + fmt.Sprint(i) + " HTTP/1.1\r\nHost: app.test\r\n\r\n"
	if i%2 == 0 {
		req = fmt.Sprintf("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: %d\r\n\r\n%s", len(content), content)
	}
	cut := len(req)
	if i%5 == 0 {
		cut = 1 + c.rnd.IntN(len(req)-1)
	}
	_, err := io.WriteString(c.nc, req[:cut])
	if err == nil && cut < len(req) {
		<-time.After(time.Duration(c.rnd.IntN(5)) * time.Millisecond)
		_, err = io.WriteString(c.nc, req[cut:])
	}
	res, got, rerr := c.answer()
	switch {
	case rerr == nil:
	case c.used && c.stopping.Load() && cut == len(req) && (errors.Is(rerr, io.EOF) || err != nil):
		// The FIN of a kept connection crossed the request on its way.
		c.crossed.Add(1)
		c.drop()
		return true
	default:
		c.t.Errorf("request %d (on a kept connection: %v): write %v, answer %v after %q", i, c.used, err, rerr, got)
		return false
	}
	if i%2 == 0 && got != content {
		c.t.Errorf("request %d: %d bytes came back of %d", i, len(got), len(content))
	}
	c.answered.Add(1)
	c.used = true
	if res.Close || !c.keep {
		c.drop()
	}
	return true
}

func (c *caller) answer() (*http.Response, string, error) {
	if _, err := c.r.Peek(1); err != nil {
		return nil, "", err
	}
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, "", fmt.Errorf("cut head: %v", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, string(b), fmt.Errorf("cut content: %v", err)
	}
	return res, string(b), nil
}

func (c *caller) drop() {
	c.nc.Close()
	c.nc = nil
}

// TestStopUnderLoad: a server that stops answers every request that reached it, on kept connections, on new ones, and on those that wait to be
// accepted.
func TestStopUnderLoad(t *testing.T) {
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	for range rounds {
		w := start(t, func(x *fakeExchange) {
			_, content := x.upload0()
			<-time.After(time.Duration(rand.IntN(4)) * time.Millisecond)
			x.ok(content)
		})
		l := &load{t: t, addr: w.addr}
		var all sync.WaitGroup
		for i := range 40 {
			c := &caller{load: l, keep: i%4 != 0, pause: 40 * time.Millisecond, rnd: rand.New(rand.NewPCG(1, uint64(i)))}
			if i%8 == 1 {
				c.pause = 1500 * time.Millisecond // idle when the server stops, and perhaps not for long
			}
			all.Go(c.run)
		}
		until(t, "load", func() bool { return l.answered.Load() > 500 })
		before := l.answered.Load()
		l.stopping.Store(true)
		if err := w.shutdown(2 * patience); err != nil {
			t.Error(err)
		}
		all.Wait()
		t.Logf("%d answered, %d of them while stopping, %d crossed a FIN", l.answered.Load(), l.answered.Load()-before, l.crossed.Load())
	}
}

// doors is how many listeners are open.
func (s *Server) doors() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.listeners)
}

// TestStopHearsLateComers: requests on connections that were idle, or had said nothing yet, when the server stops are answered, and are the last ones there.
func TestStopHearsLateComers(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		_, content := x.upload0()
		x.ok(content)
	})
	fresh, idle, half, post := w.dial(), w.dial(), w.dial(), w.dial()
	idle.send(get).response("GET")
	half.send("GET / HT")
	post.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nhello")
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 2 && w.s.Stats().Open == 4 })
	result := make(chan error, 1)
	go func() { result <- w.shutdown(patience) }()
	until(t, "stopping", w.s.stopping.Load)
	fresh.send(get)
	idle.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello")
	half.send("TP/1.1\r\nHost: nobody.test\r\n\r\n")
	post.send("world")
	for i, v := range []*visitor{fresh, idle, half, post} {
		res, got := v.response("GET")
		if want := []string{"", "hello", got, "helloworld"}[i]; got != want || !res.Close {
			t.Errorf("%d: got %q, want %q; close: %v", i, got, want, res.Close)
		}
		v.rest()
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// gated is a listener whose connections wait in the kernel until it is told to let them in.
type gated struct {
	*net.TCPListener
	gate chan struct{}
}

func (g gated) Accept() (net.Conn, error) { <-g.gate; return g.TCPListener.Accept() }

// TestStopEmptiesTheBacklog: who has sent a request before being accepted is answered.
func TestStopEmptiesTheBacklog(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("x") })
	ln := gated{listen(t).(*net.TCPListener), make(chan struct{})}
	served := make(chan error, 1)
	go func() { served <- w.s.Serve(context.Background(), ln, 0) }()
	w.addr = ln.Addr().String()
	var waiting []*visitor
	for range 50 {
		waiting = append(waiting, w.dial().send(get))
	}
	until(t, "two doors", func() bool { return w.s.doors() == 2 })
	result := make(chan error, 1)
	go func() { result <- w.shutdown(patience) }()
	until(t, "stopping", w.s.stopping.Load)
	close(ln.gate)
	for _, v := range waiting {
		if res, got := v.response("GET"); got != "x" || !res.Close {
			t.Errorf("got %q, close: %v", got, res.Close)
		}
	}
	if err := errors.Join(<-result, <-served); err != nil {
		t.Error(err)
	}
}

// TestQuickerThanItsEnd: a request that comes in the moment its wait is ended is answered, and so is the next one.
func TestQuickerThanItsEnd(t *testing.T) {
	roused := make(chan struct{}, 1)
	w := start(t, func(x *fakeExchange) {
		<-roused
		x.ok("x")
	})
	roused <- struct{}{}
	v := w.dial()
	v.send(get).response("GET")
	var c *conn
	w.s.each(func(one *conn) { c = one })
	for range 200 {
		until(t, "idle", func() bool { return c.phase.Load() == phaseIdle })
		v.send(get)
		c.rouse(phaseIdle)
		roused <- struct{}{}
		if _, got := v.response("GET"); got != "x" {
			t.Fatalf("got %q", got)
		}
	}
	until(t, "idle", func() bool { return c.phase.Load() == phaseIdle })
	c.rouse(phaseIdle)
	v.rest()
}

// TestStopCutsVisibly: an answer that only the connection's end delimits is not taken for whole when patience ends while its visitor reads slowly.
func TestStopCutsVisibly(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false))
		for range 1000 {
			x.put(dataFrame(strings.Repeat("x", wire.MaxData), false))
		}
	})
	v := w.dial()
	v.SetReadBuffer(4 << 10)
	v.send("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n").head()
	if err := w.shutdown(20 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if n, err := io.Copy(io.Discard, v.r); err == nil {
		t.Errorf("%d bytes look whole", n)
	}
}
