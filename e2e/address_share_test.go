package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"
)

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
