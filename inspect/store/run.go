package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"github.com/adit-tunnel/adit/inspect"
)

// A run holds the lock of a file while it is alive: whoever can take it knows that the run's agent is dead.
func runFile(dir string, run int64) string {
	return filepath.Join(dir, fmt.Sprintf("run-%d.lock", run))
}

// spillDir is where a run's content goes before its exchange is written.
func spillDir(dir string, run int64) string { return filepath.Join(dir, fmt.Sprintf("spill-%d", run)) }

// lockRun takes the lock of a run, or of the next one that is free.
func lockRun(dir string, run int64) (*flock.Flock, int64, error) {
	for ; ; run++ {
		l, err := tryRun(dir, run)
		if l != nil || err != nil {
			return l, run, err
		}
	}
}

// tryRun takes a run's lock; nil: the run is alive.
func tryRun(dir string, run int64) (*flock.Flock, error) {
	l := flock.New(runFile(dir, run), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if ok {
		return l, nil
	}
	if err := errors.Join(err, l.Close()); err != nil {
		return nil, fmt.Errorf("locking the run: %w", err)
	}
	return nil, nil
}

// buryDead ends the runs whose agents are dead. When somebody keeps the database locked, they are dead a while longer: it is an error, and is tried again.
func (s *Store) buryDead() error {
	runs, err := s.otherRuns()
	if err != nil {
		return err
	}
	for run := range runs {
		l, err := tryRun(s.o.Dir, run)
		if l == nil && err == nil {
			continue
		}
		if err == nil {
			err = s.buryRun(run, l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// buryRun ends a run whose lock it is given. As long as that has not been done to the end, the lock's file stays.
func (s *Store) buryRun(run int64, l *flock.Flock) error {
	err := s.bury(run)
	if err == nil {
		err = s.sweep()
	}
	if err == nil {
		err = os.RemoveAll(spillDir(s.o.Dir, run))
	}
	if err = errors.Join(err, l.Close()); err == nil {
		err = remove(l.Path())
	}
	return err
}

// sweep deletes content that belongs to no exchange: its agent was killed between giving it its place and committing the exchange. Both are done while nobody
// else writes, and so is this.
func (s *Store) sweep() error {
	return s.changeSoon(func(tx *sql.Tx, _ *int64) error {
		all, err := column[string](tx, "SELECT file FROM messages WHERE file != ''")
		if err != nil {
			return err
		}
		owned := map[string]bool{}
		for _, f := range all {
			owned[f] = true
		}
		return filepath.WalkDir(s.bodies(), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if place, err := filepath.Rel(s.bodies(), path); err != nil || owned[place] {
				return err
			}
			return remove(path)
		})
	})
}

// otherRuns are the runs that have a lock, exchanges under way or packs, but for the own.
func (s *Store) otherRuns() (map[int64]bool, error) {
	all, err := column[int64](s.db.Load(), "SELECT run FROM exchanges WHERE state < 2 UNION SELECT owner FROM packs WHERE owner > 0")
	if err != nil {
		return nil, err
	}
	runs := map[int64]bool{}
	for _, run := range all {
		runs[run] = true
	}
	files, err := filepath.Glob(runFile(s.o.Dir, 0)[:len(runFile(s.o.Dir, 0))-len("0.lock")] + "*.lock")
	for _, f := range files {
		if run, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "run-"), ".lock"), 10, 64); err == nil {
			runs[run] = true
		}
	}
	if s.alive != nil {
		delete(runs, s.o.Run)
	}
	return runs, err
}

// bury marks the exchanges of a run that are under way as interrupted, and leaves its packs to all.
func (s *Store) bury(run int64) error {
	seqs, err := column[int64](s.db.Load(), "SELECT seq FROM exchanges WHERE run = ? AND state < 2", run)
	if err != nil {
		return err
	}
	packs, err := column[int64](s.db.Load(), "SELECT 1 FROM packs WHERE owner = ? LIMIT 1", run)
	if err != nil || len(seqs)+len(packs) == 0 {
		return err
	}
	return s.changeSoon(func(tx *sql.Tx, changed *int64) error {
		if _, err := tx.Exec("UPDATE packs SET owner = 0 WHERE owner = ?", run); err != nil {
			return err
		}
		for _, seq := range seqs {
			*changed++
			if _, err := tx.Exec("UPDATE exchanges SET state = ?, changed = ? WHERE seq = ? AND state < 2", inspect.Interrupted, *changed, seq); err != nil {
				return err
			}
		}
		return nil
	})
}
