package cli

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// stopper turns signals into the end of a context: the first SIGTERM, SIGINT or SIGHUP asks for a drain, the second one of any
// kind ends the program at once.
type stopper struct {
	interrupted atomic.Bool // the first was SIGINT
}

// watch returns a context that ends with the first signal; stop ends the watching.
func (s *stopper) watch(ctx context.Context, g *guard) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	g.Go(func() {
		select {
		case first := <-signals:
			s.interrupted.Store(first == os.Interrupt)
			cancel()
		case <-done:
			return
		}
		select {
		case <-signals:
			g.giveBack()
			os.Exit(exitInterrupted)
		case <-done:
		}
	})
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
