package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// tricklesFor is how long they are watched, and trickleEvery how long each of them waits before its next byte.
	tricklesFor  = 10 * time.Second
	trickleEvery = 2 * time.Second
	// tricklersCost is what a thousand of them may cost relay and agent together, in MiB: the 64 that are promised, and what the load beside them makes the
	// relay grow by.
	tricklersCost = 64 + 16
)

// Visitors that send a byte every few seconds, or get one, are not cut, cost little, and those beside them feel nothing.
func TestManyTricklers(t *testing.T) {
	beside(t)
	n := 60
	if full() {
		n = 1000
	}
	w := newWorld(t)
	w.local = watch(t, trickling(w.service))
	w.startRelay()
	w.startAgent()
	live := w.startLive()
	calm := w.watchLive(live, func() { w.pass(calmFor) })
	before := int((resident(w.relay) + resident(w.agent)) >> 20)
	var all tricklers
	defer all.leave()
	all.come(w, n)
	during := w.watchLive(live, func() { w.pass(tricklesFor) })
	grown := int((resident(w.relay)+resident(w.agent))>>20) - before
	report(t, fmt.Sprintf("%d visitors who send or get a byte every %v: relay and agent grow by %d MiB", n, trickleEvery, grown))
	report(t, fmt.Sprintf("%d agents beside them: before %s; meanwhile %s", lives, calm, during))
	if failed := during.failed(); len(failed) > 0 {
		t.Errorf("%d of %d requests beside them failed: %v", len(failed), len(during), failed[:min(shown, len(failed))])
	}
	if cut := all.cut.Load(); cut > 0 {
		t.Errorf("%d of %d were cut", cut, n)
	}
	if full() && grown > tricklersCost { // without the race detector, which costs more than they do
		t.Errorf("they cost %d MiB", grown)
	}
}

// trickling is a service that reads what trickles in, and sends events.
func trickling(others http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/upload":
			_, _ = io.Copy(io.Discard, q.Body)
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for wait := true; wait; wait = pauseFor(q, trickleEvery) {
				_, _ = io.WriteString(w, ":\n\n")
				_ = http.NewResponseController(w).Flush()
			}
		default:
			others.ServeHTTP(w, q)
		}
	}
}

// tricklers are visitors in a third each: uploads with a length, in chunks, and event streams.
type tricklers struct {
	conns []net.Conn
	cut   atomic.Int64
	gone  atomic.Bool // they leave
}

func (a *tricklers) come(w *world, n int) {
	w.t.Helper()
	host := "Host: " + w.host() + "\r\n"
	kinds := [][2]string{
		{"POST /upload HTTP/1.1\r\n" + host + "Content-Length: 1000000\r\n\r\n", "x"},
		{"POST /upload HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
		{"GET /events HTTP/1.1\r\n" + host + "\r\n", ""},
	}
	for i := range n {
		c, err := net.DialTimeout("tcp", w.public, patience)
		if err != nil {
			w.t.Fatal(err)
		}
		a.conns = append(a.conns, c)
		if _, err := io.WriteString(c, kinds[i%len(kinds)][0]); err != nil {
			w.t.Fatal(err)
		}
		go a.trickle(c, kinds[i%len(kinds)][1])
		go a.hear(c, i%len(kinds) == 2)
	}
}

// trickle sends piece again and again.
func (a *tricklers) trickle(c net.Conn, piece string) {
	for tick := time.NewTicker(trickleEvery); piece != ""; <-tick.C {
		if _, err := io.WriteString(c, piece); err != nil {
			return
		}
	}
}

// hear notices the end of a connection, and an answer where none should be yet.
func (a *tricklers) hear(c net.Conn, events bool) {
	n, _ := io.Copy(io.Discard, c)
	if !a.gone.Load() || n > 0 && !events {
		a.cut.Add(1)
	}
}

func (a *tricklers) leave() {
	a.gone.Store(true)
	for _, c := range a.conns {
		_ = c.Close()
	}
}

// One address has its share of the relay's connections. One more is told so, and this machine, where a proxy may stand, is not counted.
func TestAddressHasItsShare(t *testing.T) {
	t.Parallel()
	const share = 3
	ip := ownAddress(t)
	w := newWorld(t)
	_, port, err := net.SplitHostPort(w.public)
	if err != nil {
		t.Fatal(err)
	}
	w.public = "0.0.0.0:" + port
	w.startRelay("--conns-per-address", strconv.Itoa(share))
	w.startAgent()
	var first net.Conn
	for i := range share {
		c, status := w.opens(net.JoinHostPort(ip, port))
		if status != http.StatusOK {
			t.Fatalf("connection %d: status %d", i+1, status)
		}
		if i == 0 {
			first = c
		}
	}
	if _, status := w.opens(net.JoinHostPort(ip, port)); status != http.StatusTooManyRequests {
		t.Errorf("one more: status %d", status)
	}
	for range share + 1 {
		if _, status := w.opens("127.0.0.1:" + port); status != http.StatusOK {
			t.Errorf("from this machine: status %d", status)
		}
	}
	if n := w.figures()[`adit_edge_errors_total{code="TOO_MANY_CONNECTIONS"}`]; n != 1 {
		t.Errorf("%v were counted", n)
	}
	w.relay.waitFor(w.relay.stderr, `visitors are turned away.* address=`+ip+` share=3 times=1`)
	_ = first.Close()
	eventually(t, "the place of one that has gone is free", func() bool {
		_, status := w.opens(net.JoinHostPort(ip, port))
		return status == http.StatusOK
	})
}

// opens opens a connection, asks for something, and leaves it open until the test ends.
func (w *world) opens(addr string) (net.Conn, int) {
	w.t.Helper()
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(c, "GET /%d HTTP/1.1\r\nHost: %s\r\n\r\n", w.load.last.Add(1), w.host()); err != nil {
		w.t.Fatal(err)
	}
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = a.Body.Close()
	return c, a.StatusCode
}

// ownAddress is one that this machine has on a network.
func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but that of its loopback, which is not counted")
	return ""
}
