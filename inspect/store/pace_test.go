package store

import (
	"testing"
	"time"
)

// A flood is what comes for a while at more than twice the rate that can be written; it is over when all of it could be. A burst is none.
func TestFlood(t *testing.T) {
	const capacity = 1000
	now, count := time.Unix(0, 0), uint64(0)
	var f flood
	step := func(rate uint64, lasts time.Duration) bool {
		for ; lasts > 0; lasts -= 50 * time.Millisecond {
			now, count = now.Add(50*time.Millisecond), count+rate/20
			f.look(now, count, capacity)
		}
		return f.on
	}
	f.look(now, count, capacity)
	for _, s := range []struct {
		what  string
		rate  uint64
		lasts time.Duration
		want  bool
	}{
		{"as much as can be written", 1000, time.Minute, false},
		{"a burst", 8000, 50 * time.Millisecond, false},
		{"quiet", 0, 5 * time.Second, false},
		{"half as much again, for long", 1500, time.Minute, false},
		{"ten times as much", 10_000, 2 * time.Second, true},
		{"still more than can be written", 1500, time.Minute, true},
		{"less", 900, 10 * time.Second, false},
	} {
		if got := step(s.rate, s.lasts); got != s.want {
			t.Errorf("%s: flood %v, at %.0f a second", s.what, got, f.rate)
		}
	}
}
