package store

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

// runLock is held while a run is alive: whoever can take it knows that the run's agent is dead.
type runLock struct{ *flock.Flock }

func runFile(dir string, run int64) string {
	return filepath.Join(dir, fmt.Sprintf("run-%d.lock", run))
}

// lockRun takes the lock of a run, or of the next one that is free.
func lockRun(dir string, run int64) (*runLock, int64, error) {
	for ; ; run++ {
		l := flock.New(runFile(dir, run), flock.SetPermissions(0o600))
		ok, err := l.TryLock()
		if ok {
			return &runLock{l}, run, nil
		}
		if err := errors.Join(err, l.Close()); err != nil {
			return nil, 0, fmt.Errorf("locking the run: %w", err)
		}
	}
}

func (l *runLock) close() error {
	if l == nil {
		return nil
	}
	return l.Close()
}
