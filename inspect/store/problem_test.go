package store

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestProblemIsSaid: that captures cannot be written stands in the log once a minute, however often it is tried and whatever the words of the error, and that
// they are written again does when that was said.
func TestProblemIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s := &Store{window: NewMemory(Options{}), o: Options{Log: slog.New(slog.NewTextHandler(&log, nil))}}
		fail := func(times int) {
			for i := range times {
				s.failed(fmt.Errorf("try %d: %w", i%2, syscall.ENOSPC))
				time.Sleep(retryAfter)
			}
		}
		wants := func(lost, again int) {
			t.Helper()
			if l, a := strings.Count(log.String(), "captures are not written"), strings.Count(log.String(), `msg="captures are written again"`); l != lost || a != again {
				t.Fatalf("said %d and %d times, want %d and %d:\n%s", l, a, lost, again, log.String())
			}
		}
		fail(75)
		wants(3, 0)
		if !strings.Contains(log.String(), "times=30") {
			t.Errorf("how often is not said:\n%s", log.String())
		}
		s.recovered()
		wants(3, 1)
		s.failed(errors.New("for a moment"))
		if s.Keeping().Problem == "" {
			t.Error("who looks does not see it")
		}
		s.recovered()
		wants(3, 1)
		time.Sleep(time.Minute)
		fail(1)
		wants(4, 1)
	})
}
