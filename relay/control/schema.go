package control

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// schema are the steps from an empty file to the present version; a step is never changed once it has been released. The file's user_version is how many
// of them it has seen.
var schema = []string{`
CREATE TABLE changes (n INTEGER NOT NULL) STRICT;
INSERT INTO changes VALUES (1);
CREATE TABLE plans (
	name TEXT PRIMARY KEY, endpoints INTEGER NOT NULL, sessions INTEGER NOT NULL, rate INTEGER NOT NULL,
	bandwidth INTEGER NOT NULL, session_seconds INTEGER NOT NULL, random_only INTEGER NOT NULL
) STRICT;
INSERT INTO plans VALUES ('free', 0, 0, 0, 0, 0, 0);
CREATE TABLE accounts (
	name TEXT PRIMARY KEY, plan TEXT NOT NULL REFERENCES plans (name), proof TEXT NOT NULL UNIQUE, created INTEGER NOT NULL
) STRICT;
CREATE TABLE tokens (
	id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
	scopes TEXT NOT NULL, note TEXT NOT NULL, file TEXT NOT NULL, absent INTEGER NOT NULL, created INTEGER NOT NULL
) STRICT;
CREATE INDEX tokens_account ON tokens (account);
CREATE TABLE adopted (hash BLOB PRIMARY KEY) STRICT;
CREATE TABLE domains (
	name TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE, created INTEGER NOT NULL
) STRICT;
`, `
CREATE TABLE items (key TEXT PRIMARY KEY, value BLOB NOT NULL, modified INTEGER NOT NULL) STRICT;
`, `
ALTER TABLE changes ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
UPDATE changes SET used = EXISTS (SELECT 1 FROM tokens) OR EXISTS (SELECT 1 FROM accounts) OR EXISTS (SELECT 1 FROM adopted);
`}

// begin makes the store at path if there is none: under another name, and whole before it gets its own. So a file without a byte is none that somebody has
// just begun. It has lost what it held, as on a full disk or by a copy that was cut short, and to begin anew in it would let everybody in who reaches the relay.
func begin(path string) error {
	i, err := os.Stat(path)
	switch {
	case err == nil && i.Size() == 0:
		return errEmpty
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if to, no := os.Readlink(path); no == nil {
		return fmt.Errorf("it is a link to %s, which is not there", to) // a disk that is not mounted
	}
	fresh := path + ".new"
	for _, left := range []string{fresh, fresh + "-wal", fresh + "-shm", path + "-wal", path + "-shm"} { // of what was cut short, or taken away
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := private(fresh); err != nil {
		return err
	}
	db, _, err := openFile(fresh)
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

var errEmpty = errors.New("it has lost its content, as on a full disk or by a copy that was cut short: restore it from a copy, " +
	"or delete it to begin without accounts and tokens")

// migrate brings the file at path up to date, and says whether it is newer than this program. Before a file that holds something is changed, a copy of it
// is put beside it: control.db.v1 is what it was with version 1. All steps are one transaction.
func migrate(db *sql.DB, path string) (newer bool, err error) {
	have, err := schemaVersion(db)
	switch {
	case err != nil:
		return false, err
	case have < 0:
		return false, errForeign
	case have > len(schema):
		return true, nil
	case have == len(schema):
		return false, nil
	case have == 0:
		var tables int
		if err := db.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
			return false, err
		}
		if tables > 0 {
			return false, errForeign
		}
	default:
		if err := keepCopy(db, fmt.Sprintf("%s.v%d", path, have)); err != nil {
			return false, fmt.Errorf("copying it before it is changed: %w", err)
		}
	}
	tx, err := db.Begin()
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	for _, step := range schema[have:] {
		if _, err := tx.Exec(step); err != nil {
			return false, err
		}
	}
	if _, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", len(schema))); err != nil {
		return false, err
	}
	return false, tx.Commit()
}

var errForeign = errors.New("it is an SQLite file, but not adit's: move it away, or give another --state-dir")

func schemaVersion(db *sql.DB) (n int, err error) {
	err = db.QueryRow("PRAGMA user_version").Scan(&n)
	return n, err
}

// keepCopy writes a whole copy to path. One that is there is of a migration that did not succeed.
func keepCopy(db *sql.DB, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := private(path); err != nil {
		return err
	}
	_, err := db.Exec("VACUUM INTO ?", path)
	return err
}

// private makes the file for its owner's eyes only, if it is missing: SQLite gives its other files the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
