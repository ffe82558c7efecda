package agent

import (
	"context"
	"net"
	"strings"
	"time"
)

// wake notices what makes waiting for the next try pointless: the machine has woken from sleep, or its network has changed.
type wake struct {
	every time.Duration // between two looks
	slept time.Duration // a look that comes later than every by this much: the machine slept
	now   func() time.Time
	addrs func() string
}

func newWake() wake {
	return wake{every: 2 * time.Second, slept: 4 * time.Second, now: time.Now, addrs: addresses}
}

// stayAwake tries at once, or asks a session for a sign of life, whenever there is reason to; stop ends that and waits for its end.
func (a *Agent) stayAwake(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	a.o.Go(func() {
		defer close(ended)
		newWake().watch(ctx, a.Reconnect)
	})
	return func() {
		cancel()
		<-ended
	}
}

// watch calls f when it notices, until ctx ends.
func (w wake) watch(ctx context.Context, f func()) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	last, before := w.now(), w.addrs()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, addrs := w.now(), w.addrs()
		// The wall clock: the monotonic one stands still while some systems sleep.
		if now.Round(0).Sub(last.Round(0)) > w.every+w.slept || addrs != before {
			f()
		}
		last, before = now, addrs
	}
}

// addresses are the machine's, as one string to compare; "" if they cannot be had.
func addresses() string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, a := range all {
		b.WriteString(a.String())
		b.WriteByte(' ')
	}
	return b.String()
}
