//go:build linux

package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// onOrigin is the origin alone, in this process.
func onOrigin(t *testing.T) *target {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = serveOrigin(ln)
	}()
	t.Cleanup(func() {
		ln.Close()
		<-ended
	})
	b := &bench{children: children{ctx: context.Background(), dir: t.TempDir()}, dur: time.Second}
	return &target{b: b, addr: ln.Addr().String()}
}

func TestTransfers(t *testing.T) {
	on := onOrigin(t)
	var came atomic.Int64
	if err := on.download(10*mebi+3, nil, &came); err != nil || came.Load() != 10*mebi+3 {
		t.Errorf("a download: %v, %d bytes", err, came.Load())
	}
	if err := on.upload(3 * mebi); err != nil {
		t.Errorf("an upload: %v", err)
	}
	over := make(chan struct{})
	close(over)
	if err := on.download(1<<40, over, &came); err != nil {
		t.Errorf("a download that is broken off: %v", err)
	}
}

// A cut download, an answer that is no 200 and an upload that lost bytes are errors, not figures.
func TestWrongAnswersAreErrors(t *testing.T) {
	for name, x := range map[string]struct {
		answer string
		ask    func(t *target) error
	}{
		"cut":    {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", func(t *target) error { return t.download(100, nil, new(atomic.Int64)) }},
		"page":   {"HTTP/1.1 502 Bad Gateway\r\n\r\n", func(t *target) error { return t.download(100, nil, new(atomic.Int64)) }},
		"upload": {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n1048575", func(t *target) error { return t.upload(mebi) }},
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, x.answer)
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}()
		on := &target{b: &bench{children: children{ctx: context.Background()}}, addr: ln.Addr().String()}
		if err := x.ask(on); err == nil {
			t.Errorf("%s: no error", name)
		}
		ln.Close()
	}
}

func TestDelay(t *testing.T) {
	const by = 50 * time.Millisecond
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		c, err := echo.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c)
	}()
	d, err := newDelay(echo.Addr().String(), by)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	c, err := net.Dial("tcp", d.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	want := bytes.Repeat([]byte("0123456789abcdefg"), 1<<18)
	began := time.Now()
	go func() {
		_, _ = c.Write(want)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	first := make([]byte, 1)
	if _, err := io.ReadFull(c, first); err != nil || time.Since(began) < 2*by {
		t.Errorf("the first byte is back after %v: %v", time.Since(began), err)
	}
	rest, err := io.ReadAll(c) // the end comes through as well
	if err != nil || !bytes.Equal(append(first, rest...), want) {
		t.Errorf("%d of %d bytes came, or others: %v", len(rest)+1, len(want), err)
	}
}

func TestReadWrk(t *testing.T) {
	got := readWrk(`Running 2s test @ http://127.0.0.1:17000/small
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.39ms    1.97ms  41.11ms   97.40%
    Req/Sec    41.12k     6.05k   48.06k    85.00%
  Latency Distribution
     50%  980.00us
     75%    1.24ms
     90%    1.81ms
     99%    1.20s 
  81837 requests in 2.00s, 14.83MB read
  Socket errors: connect 1, read 2, write 0, timeout 4
  Non-2xx or 3xx responses: 35
Requests/sec:  40891.45
Transfer/sec:      7.41MB
`)
	want := smallLoad{81837, 40891.45, 0.98, 1200, 42, "connect 1, read 2, write 0, timeout 4, Non-2xx or 3xx responses: 35"}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTable(t *testing.T) {
	all := []outcome{
		{Row: "c50", Side: "direct", Round: 1, Figures: figures{"rate": 107000}},
		{Row: "c50", Side: "adit", Round: 1, Figures: figures{"rate": 40000, "p50": 1}},
		{Row: "c50", Side: "adit", Round: 2, Figures: figures{"rate": 38000, "p50": 3, errorCount: 2}, Trouble: []string{"timeout 2"}},
		{Row: "c50", Side: "adit", Round: 3, Figures: figures{"rate": 1200, "p50": 1.5}},
	}
	chosen, err := choose(rows(), "c50")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	printTable(&out, chosen, []side{{name: "direct"}, {name: "adit", binary: "x"}}, all)
	for _, line := range []string{
		"direct at 50 connections: 1.00 of the reference's",
		"| 50 connections | req/s | 107,000 | 38,000 (1,200–40,000) | 0.36 | ≥ 39,000",
		"|  | p50 ms | – | 1.500 (1.000–3.000) |  |  |",
		"|  | errors | – | 2 |  |  |",
		"- c50, adit, round 2: timeout 2",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("there is no line %q in\n%s", line, out.String())
		}
	}
}

func TestChoose(t *testing.T) {
	got, err := choose(rows(), "idle,c1")
	if ids := rowIDs(got); err != nil || !reflect.DeepEqual(ids, []string{"c1", "idle"}) {
		t.Errorf("%v, %v", ids, err)
	}
	if _, err := choose(rows(), "c1,nothing"); err == nil {
		t.Errorf("a row that does not exist: %v", err)
	}
}
