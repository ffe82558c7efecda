package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/inspect"
)

var errDamaged = errors.New("it is damaged")

// state is what Keeping tells.
type state struct {
	complaint budget.Complaint
	said      atomic.Bool // the log has been told of the problem there is

	mu  sync.Mutex
	now inspect.Keeping
}

func (s *state) setNotice(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Notice = text
}

// setProblem returns the problem there was.
func (s *state) setProblem(text string) (was string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, s.now.Problem = s.now.Problem, text
	return was
}

func (s *state) setWaiting(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Waiting = n
}

func (s *state) setBytes(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Bytes = n
}

// told is what is known without looking.
func (s *state) told() inspect.Keeping {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// count enters what was written.
func (s *state) count(all []unwritten) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range all {
		switch {
		case u.lost || !u.Ended():
		case u.Summary:
			s.now.Summaries++
		default:
			s.now.Stored++
		}
	}
}

// Keeping says how the store is.
func (s *Store) Keeping() inspect.Keeping {
	k := s.state.told()
	k.Place, k.NotStored = s.path(), s.window.numberLost()
	if s.alive == nil {
		k.Bytes, _ = s.size()
		k.Waiting, _ = s.countWaiting()
	}
	return k
}

// failed says that nothing can be written now.
func (s *Store) failed(err error) {
	if s.noteProblem(err) {
		s.window.announce()
	}
}

// noteProblem is failed for Open, before whom OnChange tells is there: it says whether there is news. The log has it once a minute. What has been found damaged is
// remembered for the next start.
func (s *Store) noteProblem(err error) (news bool) {
	text := explain(err).Error()
	was := s.state.setProblem(text)
	if n, due := s.state.complaint.Due(); due {
		s.state.said.Store(true)
		s.o.Log.Warn("captures are not written", "file", s.path(), "error", text, "times", n)
	}
	if was != text {
		s.noteDamage(err)
	}
	return was != text
}

// noteDamage leaves a mark for the next start if err says that the database is damaged, and goes on saying so although what is written may be well.
func (s *Store) noteDamage(err error) {
	if !damaged(err) || exists(s.marker()) {
		return
	}
	s.state.setNotice("the database is damaged: it is moved aside at the next start")
	s.o.Log.Warn("the database of captures is damaged: it is moved aside at the next start", "file", s.path(), "error", err)
	if err := private(s.marker()); err != nil {
		s.o.Log.Warn("that could not be noted", "error", err)
	}
}

// reading explains what went wrong with reading.
func (s *Store) reading(err error) error {
	s.noteDamage(err)
	return explain(err)
}

// recovered says that all is well, in the log if that was told of the trouble.
func (s *Store) recovered() {
	if s.state.setProblem("") == "" {
		return
	}
	if s.state.said.Swap(false) {
		s.o.Log.Info("captures are written again", "file", s.path())
	}
	s.window.announce()
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

// isExactly says that err is SQLite's with this extended code.
func isExactly(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == code
}

// explain puts what is wrong and what to do for what the system and SQLite say in their own words.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case isCode(err, sqlite3.SQLITE_FULL), isExactly(err, sqlite3.SQLITE_IOERR_SHMSIZE), errors.Is(err, syscall.ENOSPC):
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
