package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// patience is how long one process waits for another that writes, before it looks whether it should still wait.
	patience = time.Second

	// openPatience is how long one process waits for another that opens the file.
	openPatience = 10 * time.Second

	// connections to the file: one is the writer's.
	connections = 6

	// checkUpTo is how large a file is looked through when it is opened after a kill -9. Damage in a larger one is found when it is met.
	checkUpTo = 64 << 20

	// catchUpFor is how long Attach does what agents have put off and not come to, when none is alive.
	catchUpFor = time.Second
)

// Open begins a run on the database in o.Dir, and makes both if they are missing. What is in the way of keeping captures but may pass, as a full disk, is
// no error: the Store is there, keeps its window, and Keep tries again; Keeping says why. So it is with a database of a newer version of adit. A damaged one is
// moved aside, and a fresh one begun. An error says that Dir can not be used at all, and what to do: NewMemory needs none.
func Open(o Options) (*Store, error) {
	s, err := prepare(o)
	if err != nil {
		return nil, err
	}
	if s.alive, s.o.Run, err = lockRun(s.o.Dir, s.o.Run); err != nil {
		return nil, fmt.Errorf("captures in %s: %w", s.o.Dir, err)
	}
	s.window = NewMemory(s.o)
	s.window.follow()
	s.spills = newSpills(spillDir(s.o.Dir, s.o.Run), s.o.pace, s.o.Files, s.o.Bytes/2)
	os.Mkdir(s.spills.dir, 0o700) // the writer does it if there is no room yet
	if err := s.attach(); err != nil {
		if errors.Is(err, errForeign) {
			return nil, errors.Join(fmt.Errorf("captures in %s: %w", s.path(), err), s.Close())
		}
		s.noteProblem(err)
	}
	return s, nil
}

// Attach opens the database in o.Dir to look at it, and to change marks and delete, and makes it if it is missing. There is no run: nothing can be
// recorded, and Keep, Since and Count are of no use. When no agent is alive, it does some of what those have put off first, for a second at most.
func Attach(o Options) (*Store, error) {
	s, err := prepare(o)
	if err != nil {
		return nil, err
	}
	s.window = NewMemory(s.o)
	if err := s.attach(); err != nil {
		return nil, errors.Join(fmt.Errorf("captures in %s: %w", s.path(), explain(err)), s.Close())
	}
	if runs, err := s.otherRuns(); err == nil && len(runs) == 0 { // no agent is alive that does it
		if err := s.catchUp(catchUpFor, 0); err != nil {
			s.o.Log.Warn("what was put off is put off again", "file", s.path(), "error", err)
		}
	}
	return s, nil
}

// prepare makes the directories.
func prepare(o Options) (*Store, error) {
	s := &Store{o: o.withDefaults()}
	s.others.Store(-1)
	for _, dir := range []string{s.o.Dir, s.bodies()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("captures can not be kept: %w\n  give a --state-dir that can be written, or go without: --no-inspect", err)
		}
	}
	return s, nil
}

// Close ends the store: call it when Keep has returned.
func (s *Store) Close() error {
	var errs []error
	if db := s.db.Swap(nil); db != nil {
		errs = append(errs, db.Close())
	}
	if s.alive != nil {
		errs = append(errs, os.RemoveAll(s.spills.dir), s.alive.Close(), remove(s.alive.Path()))
	}
	return errors.Join(errs...)
}

// attach opens the database, and makes those runs ended whose agents are dead.
func (s *Store) attach() error {
	db, err := s.openLocked()
	if err != nil {
		return err
	}
	i, err := os.Stat(s.path())
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.opened.Store(i)
	s.db.Store(db)
	if err := s.buryDead(); !isCode(err, sqlite3.SQLITE_BUSY) {
		return err
	}
	return nil // there is enough to read, and who follows the store or writes to it buries them later
}

func (s *Store) openLocked() (*sql.DB, error) {
	ctx, cancel := context.WithTimeout(context.Background(), openPatience)
	defer cancel()
	l := flock.New(s.path()+".lock", flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return nil, fmt.Errorf("another program is opening it: %w", errors.Join(err, l.Close()))
	}
	defer l.Close()
	db, err := openFile(s.path())
	if !damaged(err) && !exists(s.marker()) {
		return db, err
	}
	if db != nil {
		db.Close()
	}
	if err := s.moveAside(); err != nil {
		return nil, err
	}
	return openFile(s.path())
}

// openFile opens the SQLite file at path and brings it up to date.
func openFile(path string) (*sql.DB, error) {
	if err := private(path); err != nil {
		return nil, err
	}
	if i, err := os.Stat(path); err == nil && i.Size() == 0 {
		if err := begin(path); err != nil {
			return nil, err
		}
	}
	killed := exists(path + "-wal") // or another program has it open
	db, err := openWith(path, "journal_mode(WAL)", "synchronous(NORMAL)", "secure_delete(1)", "temp_store(MEMORY)",
		"cache_size(-1024)", "journal_size_limit(4194304)") // KiB, bytes
	if err != nil {
		return nil, err
	}
	if err = migrate(db, path); err == nil && killed {
		err = check(db)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// begin makes the file one that can give room back; that has to be the first thing in it.
func begin(path string) error {
	db, err := openWith(path, "auto_vacuum(INCREMENTAL)")
	if err != nil {
		return err
	}
	return errors.Join(migrate(db, path), db.Close())
}

func openWith(path string, pragmas ...string) (*sql.DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if full = filepath.ToSlash(full); full[0] != '/' {
		full = "/" + full // a drive: what stands behind "//" would be a host
	}
	options := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds())}, pragmas...)}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: full, RawQuery: options.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// check looks through a file that is not too large for that.
func check(db *sql.DB) error {
	var size int64
	if err := db.QueryRow("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size); err != nil || size > checkUpTo {
		return err
	}
	var found string
	if err := db.QueryRow("PRAGMA quick_check(1)").Scan(&found); err != nil || found == "ok" {
		return err
	}
	return fmt.Errorf("%w: %s", errDamaged, found)
}

// moveAside gives the damaged database another name, so that nothing in it is lost that could be saved.
func (s *Store) moveAside() error {
	to := s.path() + ".damaged-" + time.Now().UTC().Format("20060102T150405.000Z")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(s.path()+suffix, to+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(s.marker()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.o.Log.Warn("the database of captures is damaged: it was moved aside, nothing in it is deleted, and a fresh one begun", "file", s.path(), "moved", to)
	s.state.setNotice("the database was damaged: it is now " + to + ", and a fresh one was begun")
	return nil
}

// marker is a file that says that the database has been found damaged while it was in use.
func (s *Store) marker() string { return filepath.Join(s.o.Dir, "damaged") }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
