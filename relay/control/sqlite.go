package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite" // the driver
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// lookEvery is for how long Renew may answer as before a change that another process made.
	lookEvery = 250 * time.Millisecond

	// connections to the file: one that waits for another process to be through with it leaves one to who only reads.
	connections = 2

	// patience is how long one process waits for another that writes.
	patience = 10 * time.Second
)

// Open opens the store in the SQLite file at path, and makes it with mode 0600 if it is missing. Several processes may have it open at once. A file of an older
// version is brought up to date, after a copy was put beside it. One of a newer version is only read: notice says so then, and what would change it is
// refused with ErrReadOnly.
func Open(path string) (s Store, notice string, err error) {
	db, newer, err := open(path)
	if err != nil {
		return nil, "", fmt.Errorf("control store %s: %w", path, explain(err))
	}
	own := &sqliteStore{db: db, path: path, readOnly: newer}
	if newer {
		notice = own.refusal().Error()
	}
	return own, notice, nil
}

func open(path string) (_ *sql.DB, newer bool, err error) {
	unlock, err := lock(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := begin(path); err != nil {
		return nil, false, err
	}
	return openFile(path)
}

// openFile opens the SQLite file at path and brings it up to date.
func openFile(path string) (_ *sql.DB, newer bool, err error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, false, err
	}
	if full = filepath.ToSlash(full); full[0] != '/' {
		full = "/" + full // a drive: what stands behind "//" would be a host
	}
	pragmas := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()), "journal_mode(WAL)", "foreign_keys(1)", "synchronous(FULL)", "cache_size(-512)", // KiB
	}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: full, RawQuery: pragmas.Encode()}).String())
	if err != nil {
		return nil, false, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if newer, err = migrate(db, path); err == nil {
		err = connect(db)
	}
	if err != nil {
		return nil, false, errors.Join(err, db.Close())
	}
	return db, newer, nil
}

// connect opens all the connections there will be, which stay: so it is known how many files a relay has open.
func connect(db *sql.DB) error {
	var all [connections]*sql.Conn
	var errs []error
	for i := range all {
		c, err := db.Conn(context.Background())
		if err == nil {
			_, err = c.ExecContext(context.Background(), "SELECT n FROM changes")
			all[i] = c
		}
		errs = append(errs, err)
	}
	for _, c := range all {
		if c != nil {
			errs = append(errs, c.Close()) // gives it back
		}
	}
	return errors.Join(errs...)
}

// sqliteStore is the store of a relay alone.
type sqliteStore struct {
	db       *sql.DB
	path     string
	readOnly bool

	mu     sync.Mutex
	seen   int64     // the number of changes at the last look
	looked time.Time // zero: look at once
}

// Close implements Lookup.
func (s *sqliteStore) Close() error { return s.db.Close() }

// refusal is why the store cannot be changed.
func (s *sqliteStore) refusal() *Error {
	return &Error{ErrReadOnly, fmt.Sprintf("control store %s was written by a newer version of adit: this one reads it, but does not change it\n"+
		"  update this program", s.path)}
}

// change does all of f or nothing, and lets Renew see it at once.
func (s *sqliteStore) change(f func(*sql.Tx) error) error {
	if s.readOnly {
		return s.refusal()
	}
	err := s.transaction(f)
	s.mu.Lock()
	s.looked = time.Time{}
	s.mu.Unlock()
	var own *Error
	if err != nil && !errors.As(err, &own) {
		return s.failed(err)
	}
	return err
}

func (s *sqliteStore) transaction(f func(*sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE changes SET n = n + 1"); err != nil {
		return err
	}
	return tx.Commit()
}

// version is the number of changes, as it was within the last lookEvery.
func (s *sqliteStore) version() (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.looked.IsZero() && time.Since(s.looked) < lookEvery {
		return s.seen, nil
	}
	if err := s.db.QueryRow("SELECT n FROM changes").Scan(&s.seen); err != nil {
		return 0, s.failed(err)
	}
	s.looked = time.Now()
	return s.seen, nil
}

// failed is an error that is not the caller's, with the store it is about.
func (s *sqliteStore) failed(err error) error {
	return fmt.Errorf("control store %s: %w", s.path, explain(err))
}

// explain puts the system's words for what SQLite says in its own.
func explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("it is damaged: restore it from a copy, or move it away and begin anew: %w", err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("no space left on device: %w", err)
	}
	return err
}

// broke says that err is SQLite's refusal with that code: a key that is there already, or one that is missing or referred to.
func broke(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == code
}

// list collects the rows of a query.
func list[T any](s *sqliteStore, scan func(func(...any) error) (T, error), query string, args ...any) (all []T, err error) {
	rows, err := s.db.Query(query, args...)
	if err != nil {
		return nil, s.failed(err)
	}
	defer rows.Close()
	all = []T{}
	for rows.Next() {
		v, err := scan(rows.Scan)
		if err != nil {
			return nil, s.failed(err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(err)
	}
	return all, nil
}

// needOne turns the outcome of a statement about one thing into ErrNotFound when there was none.
func needOne(r sql.Result, err error, format string, a ...any) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return notFound(format, a...)
}

func notFound(format string, a ...any) *Error { return &Error{ErrNotFound, fmt.Sprintf(format, a...)} }
func exists(format string, a ...any) *Error   { return &Error{ErrExists, fmt.Sprintf(format, a...)} }

// Moments are kept as milliseconds since 1970.
func milli(t time.Time) int64     { return t.UnixMilli() }
func fromMilli(n int64) time.Time { return time.UnixMilli(n).UTC() }
