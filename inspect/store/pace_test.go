package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
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
		{"a burst", 8000, 100 * time.Millisecond, false},
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

// What is passed over is counted once and never written; but what the disk has in an earlier state is due.
func TestPassOver(t *testing.T) {
	m := newWindow(Options{})
	m.follow()
	m.Record(exchange("on the disk", inspect.Pending, 1))
	all, after := m.unwritten(nil, 0, 10)
	m.settle(all)
	m.Record(exchange("on the disk", inspect.Done, 1))
	for i := range 3 * chunk {
		id := fmt.Sprint(i)
		m.Record(exchange(id, inspect.Pending, 1))
		m.Record(exchange(id, inspect.Done, 1))
	}
	due, next := m.passOver(after)
	if !slices.Equal(due, []inspect.ID{"on the disk"}) || m.numberLost() != 3*chunk {
		t.Errorf("%v is due, %d lost", due, m.numberLost())
	}
	if all, _ := m.unwritten(due, next, 10); len(all) != 1 || all[0].State != inspect.Done {
		t.Errorf("%d states are left to write", len(all))
	}
	if due, _ := m.passOver(0); len(due) != 1 || m.numberLost() != 3*chunk {
		t.Errorf("counted again: %v, %d lost", due, m.numberLost())
	}
}
