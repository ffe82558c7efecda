package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/adit-tunnel/adit/inspect"
)

var errDamaged = errors.New("it is damaged")

// state is what Keeping tells.
type state struct {
	mu sync.Mutex
	inspect.Keeping
}

func (s *state) note(problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Problem = problem
}

// failed says that nothing can be written now.
func (s *Store) failed(err error) {
	text := explain(err).Error()
	s.state.mu.Lock()
	known := s.state.Problem == text
	s.state.Problem = text
	s.state.mu.Unlock()
	if !known {
		s.o.Log.Warn("captures are not written", "file", s.path(), "error", err)
	}
}

// damaged says that err means that the file is no database any more.
func damaged(err error) bool {
	return errors.Is(err, errDamaged) || isCode(err, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
}

// isCode says that err is SQLite's with one of these codes.
func isCode(err error, codes ...int) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code()&0xff == c {
			return true
		}
	}
	return false
}

// explain puts what is wrong and what to do for what the system and SQLite say in their own words.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case isCode(err, sqlite3.SQLITE_FULL), errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk is full: free some space, and captures are written again: %w", err)
	case damaged(err):
		return fmt.Errorf("the database is damaged: it is moved aside when adit is started again, and a fresh one begun: %w", err)
	case isCode(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
		return fmt.Errorf("another program keeps the database locked: end it, and captures are written again: %w", err)
	case isCode(err, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN), errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the database can not be written: make its directory writable, or give another --state-dir: %w", err)
	case isCode(err, sqlite3.SQLITE_IOERR):
		return fmt.Errorf("the disk fails: look at the system's log: %w", err)
	}
	return err
}
