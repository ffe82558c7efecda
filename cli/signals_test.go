//go:build unix

package cli

import (
	"context"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// TestNohup: what nohup has made a program ignore stays ignored, and while a pager has the terminal SIGINT is left to it. SIGTERM asks for the drain all the same.
func TestNohup(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	var s stopper
	ctx, stop := s.watch(context.Background(), newGuard(&app{}))
	defer stop()
	if !signal.Ignored(syscall.SIGHUP) {
		t.Error("SIGHUP is not ignored any more")
	}
	s.away.Store(true) // an interrupt is meant for the pager that has the terminal
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("SIGTERM does not ask for the drain")
	}
	if s.interrupted.Load() {
		t.Error("SIGTERM was taken for SIGINT")
	}
}
