package agent

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"
)

// wake notices what makes waiting for the next try pointless: the machine has woken from sleep, or its network has changed.
type wake struct {
	every time.Duration // between two looks: half of what noticing may take
	slept time.Duration // a look that comes later than every by more than this: the machine slept. A busy one is late, too, but not by as much
	now   func() time.Time
	addrs func() ([]net.Addr, error)
}

func newWake() wake {
	return wake{every: time.Second, slept: 2 * time.Second, now: time.Now, addrs: net.InterfaceAddrs}
}

// stayAwake tries at once, or asks a session for a sign of life, whenever there is reason to; stop ends that and waits for its end.
func (a *Agent) stayAwake(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	a.o.Go(func() {
		defer close(ended)
		a.wake.watch(ctx, a.onWake)
	})
	return func() {
		cancel()
		<-ended
	}
}

// onWake has the link tried, and notes how long the machine has slept; 0: its network has changed.
func (a *Agent) onWake(slept time.Duration) {
	if slept > 0 {
		a.mu.Lock()
		a.slept, a.woke = slept, a.wake.now()
		a.mu.Unlock()
	}
	a.Reconnect()
}

// watch calls f when it notices, with how long the machine slept, until ctx ends.
func (w wake) watch(ctx context.Context, f func(slept time.Duration)) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	last, before := w.now(), w.network("")
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, network := w.now(), w.network(before)
		// The wall clock: the monotonic one stands still while some systems sleep, and goes on while others do.
		late := now.Round(0).Sub(last.Round(0)) - w.every
		switch {
		case late > w.slept:
			f(late)
		case network != before:
			f(0)
		}
		last, before = now, network
	}
}

// network is the machine's addresses as one string to compare, or before if they cannot be had. Their order means nothing, and loopback and
// link-local ones lead to no relay: they come and go with every container that starts.
func (w wake) network(before string) string {
	all, err := w.addrs()
	if err != nil {
		return before
	}
	var words []string
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && (n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast()) {
			continue
		}
		words = append(words, a.String())
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// lacks says that from, a connection's end here, is an address that this machine has no more. What cannot be known is no.
func (w wake) lacks(from net.Addr) bool {
	t, ok := from.(*net.TCPAddr)
	all, err := w.addrs()
	if !ok || err != nil || t.IP.IsLoopback() {
		return false
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(t.IP) {
			return false
		}
	}
	return true
}
