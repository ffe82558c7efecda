package web

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// ask sends a request over a connection of its own, and reads no more of the answer than its first line; "" when the connection was closed.
func (a *api) ask(path string) (c net.Conn, line string) {
	a.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(a.base, "http://"))
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = c.Close() })
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path) // an error is that of the read, too
	line, _ = bufio.NewReaderSize(c, 16).ReadString('\n')
	return c, strings.TrimSpace(line)
}

// TestCrowd: however many streams of events are asked for and never read, few are open, few connections stay, and the API is there for others.
func TestCrowd(t *testing.T) {
	a := serve(t)
	lines := map[string]int{}
	var open []net.Conn
	for range mostConns + 44 {
		c, line := a.ask("/api/v1/events")
		open = append(open, c)
		lines[line]++
	}
	want := map[string]int{"HTTP/1.1 200 OK": mostStreams, "HTTP/1.1 503 Service Unavailable": mostConns - mostStreams, "": 44}
	if fmt.Sprint(lines) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", lines, want)
	}
	for i := range 100 {
		a.record(fmt.Sprint("during", i))
	}
	for _, c := range open[mostStreams:] {
		_ = c.Close()
	}
	a.eventually("a connection", func() bool { _, line := a.ask("/api/v1/status"); return line == "HTTP/1.1 200 OK" })
	a.wantOurs("GET", "/api/v1/events", "", 503, "busy")
	_ = open[0].Close()
	a.eventually("a stream", func() bool { _, line := a.ask("/api/v1/events"); return line == "HTTP/1.1 200 OK" })
}

// TestLargeAnswersInTurn: archives that nobody reads on do not pile up in memory.
func TestLargeAnswersInTurn(t *testing.T) {
	a := serveWithin(t, func(l *limits) { l.turn = 50 * time.Millisecond })
	a.store.Record(&inspect.Exchange{ID: "x", State: inspect.Done, Request: inspect.Request{Method: "PUT", Message: inspect.Message{
		Head: []byte("PUT / HTTP/1.1\r\nContent-Length: 6000000\r\n\r\n"), Body: bytes.Repeat([]byte{0xff}, 6_000_000), Kept: 6_000_000, Size: 6_000_000, Whole: true,
	}}})
	const one, many = "/api/v1/exchanges/x/export?format=har", "/api/v1/export?format=har"
	var open []net.Conn
	for i := range mostLarge {
		c, line := a.ask([]string{one, many}[i%2])
		if open = append(open, c); line != "HTTP/1.1 200 OK" {
			t.Fatalf("%d: %q", i, line)
		}
	}
	a.wantOurs("GET", one, "", 503, "busy")
	a.wantOurs("GET", many, "", 503, "busy")
	res, body := a.do("GET", "/api/requests/http", "")
	a.wantError(res, body, 503, codeFailed)
	a.get("/api/v1/exchanges/x", &struct{}{})
	for _, c := range open {
		_ = c.Close()
	}
	a.eventually("a turn", func() bool { res, _ := a.do("GET", one, ""); return res.StatusCode == 200 })
}

// eventually waits for what must come.
func (a *api) eventually(what string, is func() bool) {
	a.t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			a.t.Fatal("never: " + what)
		}
	}
}
