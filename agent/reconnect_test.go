package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// TestBackoff: 0.25 s growing to 1 s for ten minutes, then 5 s, after an hour 30 s; ±25 %; what the relay asks for is the least.
func TestBackoff(t *testing.T) {
	begin := time.Now()
	b := backoff{down: begin}
	for i, tt := range []struct {
		after, told, want time.Duration
	}{
		{0, 0, 250 * time.Millisecond}, {time.Second, 0, 500 * time.Millisecond}, {2 * time.Second, 0, time.Second}, {9 * time.Minute, 0, time.Second},
		{10 * time.Minute, 0, 5 * time.Second}, {59 * time.Minute, 0, 5 * time.Second}, {time.Hour, 0, 30 * time.Second}, {100 * time.Hour, 0, 30 * time.Second},
	} {
		for range 100 {
			c := b
			d := c.next(begin.Add(tt.after), tt.told)
			if d < tt.want*3/4 || d > tt.want*5/4 {
				t.Fatalf("%d: %v, want %v", i, d, tt.want)
			}
		}
		b.next(begin.Add(tt.after), tt.told)
	}
	if d := b.next(begin, time.Minute); d != time.Minute {
		t.Errorf("told a minute, waits %v", d)
	}
	for err, want := range map[error]time.Duration{denied("no"): deniedDelay, unwilling("no"): 2 * time.Second} {
		b := backoff{down: begin}
		if d := b.untilTry(begin, fmt.Errorf("not reached: %w", &ProxyError{Err: err})); d > deniedDelay || (d == deniedDelay) != (want == deniedDelay) || d > want {
			t.Errorf("%T: waits %v", err, d)
		}
	}
}

// TestClosedOff: what may be a firewall's doing, and what is not.
func TestClosedOff(t *testing.T) {
	pin := "sha256:" + strings.Repeat("0", 64)
	for _, c := range []struct {
		relay string
		err   error
		want  string
	}{
		{"relay.test:4443", context.DeadlineExceeded, "wss://relay.test"},
		{"[2001:db8::1]:4443", syscall.ECONNREFUSED, "wss://[2001:db8::1]"},
		{"relay.test:4443", io.EOF, "wss://relay.test"},
		{"relay.test:4443", &net.DNSError{IsNotFound: true}, ""},
		{"relay.test:4443", &wire.FatalError{}, ""},
		{"localhost:4443", syscall.ECONNREFUSED, ""},
		{"127.0.0.1:4443", syscall.ECONNREFUSED, ""},
		{"wss://relay.test", io.EOF, ""},
		{"WSS://relay.test", io.EOF, ""},
		{"relay.test:4443", nil, ""},
	} {
		o := Options{Relay: c.relay, Pin: pin}
		w, err := o.way()
		if err != nil {
			t.Fatal(err)
		}
		if got := w.detour(c.err); got != c.want {
			t.Errorf("%s, %v: %q, want %q", c.relay, c.err, got, c.want)
		}
	}
}

// TestGiveUp: without a relay Run ends after GiveUp.
func TestGiveUp(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	a, err := New(Options{Relay: ln.Addr().String(), Pin: "sha256:" + strings.Repeat("0", 64), GiveUp: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var g *GaveUpError
	if err := a.Run(t.Context()); !errors.As(err, &g) || g.Last == nil {
		t.Fatalf("Run: %v", err)
	}
	if err := a.Run(t.Context()); err == nil {
		t.Error("ran twice")
	}
}
