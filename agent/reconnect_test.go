package agent

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"
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
