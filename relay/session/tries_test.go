package session

import (
	"net/netip"
	"testing"
	"time"
)

func TestTries(t *testing.T) {
	now := time.Unix(1e9, 0)
	tr := tries{now: func() time.Time { return now }}
	a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
	want := []time.Duration{0, 0, time.Second, 2 * time.Second, 4 * time.Second}
	for i, w := range want {
		tr.failed(a)
		if got := tr.wait(a); got != w {
			t.Fatalf("after %d failures: wait %v, want %v", i+1, got, w)
		}
	}
	if tr.wait(b) != 0 {
		t.Fatal("another address waits")
	}
	now = now.Add(4 * time.Second)
	if tr.wait(a) != 0 {
		t.Fatal("the wait does not end")
	}
	for range 40 {
		tr.failed(a)
	}
	if got := tr.wait(a); got != maxBackoff {
		t.Fatalf("wait %v, want the longest", got)
	}
	now = now.Add(forgetting + time.Second)
	tr.failed(a)
	if tr.wait(a) != 0 {
		t.Fatal("nothing was forgotten")
	}
	tr.failed(a)
	tr.failed(a)
	tr.passed(a)
	if tr.wait(a) != 0 {
		t.Fatal("a good token does not help")
	}
	for i := range 2 * maxSources {
		tr.failed(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 32))
	}
	if n := len(tr.sources); n > maxSources {
		t.Fatalf("%d sources are remembered", n)
	}
}
