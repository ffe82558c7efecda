package cli

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// stopper turns signals into the end of a context: the first SIGTERM, SIGINT or SIGHUP asks for a drain, the second one ends
// the program at once, unless it is SIGHUP. When a drain has begun for another reason, the first one counts as the second.
type stopper struct {
	interrupted atomic.Bool // the first was SIGINT
	draining    atomic.Bool
	away        atomic.Bool // another program has the terminal: SIGINT is meant for that one
	// hangup, of one place, is told of SIGHUP instead, where that cannot mean that a terminal has gone: without one it means "read your configuration again".
	hangup chan struct{}
	// renew, of one place, is told of SIGUSR2; nil: that signal is left to the system.
	renew chan struct{}
}

// watch returns a context that ends with the first signal, or when a service manager asks for the end; stop ends the watching.
func (s *stopper) watch(ctx context.Context, g *guard) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if s.renew != nil {
		notifyRenew(signals)
	}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	terminal := hasTerminal() // as it is now: when SIGHUP has come it has gone
	done := make(chan struct{})
	asked := g.app.stopAsked
	g.Go(func() {
		for {
			select {
			case <-asked:
				asked = nil
				cancel()
			case sig := <-signals:
				if sig == syscall.SIGHUP && s.hangup != nil && !terminal {
					nudge(s.hangup)
					continue
				}
				if isRenew(sig) {
					nudge(s.renew)
					continue
				}
				if sig == os.Interrupt && s.away.Load() {
					continue
				}
				again := s.draining.Swap(true)
				if again && sig == syscall.SIGHUP {
					continue // a window that closes sends it twice: the kernel to whoever is in front, the shell to its jobs
				}
				if again {
					g.giveBack()
					os.Exit(exitInterrupted)
				}
				s.interrupted.Store(sig == os.Interrupt)
				cancel()
			case <-done:
				return
			}
		}
	})
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// nudge tells who reads from a channel of one place that there is something to do.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// drains tells that the program is ending already: the next signal ends it at once.
func (s *stopper) drains() { s.draining.Store(true) }
