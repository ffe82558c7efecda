package agent

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// TestWake: a sleep and a change of addresses are noticed, each once, and nothing else is.
func TestWake(t *testing.T) {
	var asleep atomic.Int64
	var addrs atomic.Pointer[string]
	set := func(s string) { addrs.Store(&s) }
	set("10.0.0.1/8")
	looked := make(chan struct{})
	w := wake{
		every: time.Millisecond, slept: time.Hour,
		now:   func() time.Time { return time.Now().Add(time.Duration(asleep.Load())) },
		addrs: func() string { looked <- struct{}{}; return *addrs.Load() },
	}
	ctx, cancel := context.WithCancel(t.Context())
	var noticed atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.watch(ctx, func() { noticed.Add(1) })
	}()
	look := func(n int64) {
		t.Helper()
		for range 3 {
			<-looked
		}
		if got := noticed.Load(); got != n {
			t.Errorf("noticed %d times, want %d", got, n)
		}
	}
	look(0)
	asleep.Store(int64(2 * time.Hour))
	look(1)
	set("10.0.0.2/8")
	look(2)
	cancel()
	for {
		select {
		case <-looked:
		case <-ended:
			return
		}
	}
}
