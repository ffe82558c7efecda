//go:build unix

package terminal

import (
	"os"
	"testing"
)

func TestSuspension(t *testing.T) {
	inFront := func(answers ...bool) func() bool {
		n := -1
		return func() bool { n = min(n+1, len(answers)-1); return answers[n] }
	}
	nothing := func() error { return nil }
	screen := New(os.Stdin, os.Stdout)
	t.Run("waits until it is in front", func(t *testing.T) {
		s := &suspension{screen: screen, done: make(chan struct{}), stop: nothing, front: inFront(true, false, false, true)}
		if err := s.Run(); err != nil {
			t.Error(err)
		}
	})
	t.Run("leaves from the background", func(t *testing.T) {
		done := make(chan struct{})
		close(done)
		s := &suspension{screen: screen, done: done, stop: nothing, front: inFront(true, false)}
		defer func() {
			if _, ok := recover().(Abandoned); !ok {
				t.Error("it did not leave")
			}
		}()
		_ = s.Run()
	})
}
