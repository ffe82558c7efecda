package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// schema are the steps from an empty file to the present version; a step is never changed once it has been released. The file's user_version is how many
// of them it has seen.
//
// Moments and durations are nanoseconds. changes.n is the store's own version: every transaction that changes an exchange raises it, and the row's changed
// says to what. A run is numbered by the microsecond in which it began, and seq begins with the microsecond in which the exchange was first recorded (see
// number.after), so that a run's rows lie above run << 10.
var schema = []string{`
CREATE TABLE changes (n INTEGER NOT NULL, purges INTEGER NOT NULL) STRICT;
INSERT INTO changes VALUES (0, 0);
CREATE TABLE views (name TEXT PRIMARY KEY, filter TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE exchanges (
	seq INTEGER PRIMARY KEY, changed INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, run INTEGER NOT NULL, nth INTEGER NOT NULL,
	state INTEGER NOT NULL, flags INTEGER NOT NULL, -- inspect.State, and the bits of row.go
	status INTEGER NOT NULL, -- 0: no response
	pinned INTEGER NOT NULL DEFAULT 0, start INTEGER NOT NULL, duration INTEGER NOT NULL, wait INTEGER NOT NULL, connect INTEGER NOT NULL,
	tries INTEGER NOT NULL, req_size INTEGER NOT NULL, res_size INTEGER NOT NULL,
	endpoint TEXT NOT NULL COLLATE NOCASE, method TEXT NOT NULL COLLATE NOCASE, host TEXT NOT NULL COLLATE NOCASE,
	path TEXT NOT NULL, query TEXT NOT NULL, -- target is both; query begins with the question mark
	client TEXT NOT NULL, -- address:port, or nothing
	replay_of TEXT NOT NULL, reason TEXT NOT NULL, label TEXT NOT NULL,
	failure TEXT, -- as JSON
	note TEXT NOT NULL DEFAULT '',
	marked INTEGER NOT NULL DEFAULT 0, -- changed of when its marks changed last
	odd INTEGER NOT NULL DEFAULT 0, -- 1: SQL does not compare its names as Match does
	indexed INTEGER NOT NULL DEFAULT 0 -- 1: words has it as it is now
) STRICT;
CREATE UNIQUE INDEX exchanges_changed ON exchanges (changed);
CREATE INDEX exchanges_status ON exchanges (status);
CREATE INDEX exchanges_endpoint ON exchanges (endpoint);
CREATE INDEX exchanges_method ON exchanges (method);
CREATE INDEX exchanges_host ON exchanges (host);
CREATE INDEX exchanges_start ON exchanges (start);
CREATE INDEX exchanges_duration ON exchanges (duration);
CREATE INDEX exchanges_size ON exchanges (req_size + res_size);
CREATE INDEX exchanges_unfinished ON exchanges (run) WHERE state < 2;
CREATE INDEX exchanges_pinned ON exchanges (seq) WHERE pinned = 1;
CREATE INDEX exchanges_replay ON exchanges (replay_of) WHERE replay_of != '';
CREATE INDEX exchanges_marked ON exchanges (marked) WHERE marked > 0;
CREATE INDEX exchanges_note ON exchanges (seq) WHERE note != '';
CREATE INDEX exchanges_odd ON exchanges (seq) WHERE odd = 1;
CREATE INDEX exchanges_unindexed ON exchanges (seq) WHERE indexed = 0;
CREATE TABLE messages ( -- what does not fit the row of the exchange; a summary has none
	key INTEGER PRIMARY KEY, -- seq * 2 + side
	flags INTEGER NOT NULL, kept INTEGER NOT NULL,
	file TEXT NOT NULL, -- holds the kept bytes instead of body; its place below bodies/
	head BLOB, trailers BLOB, passed BLOB, tail BLOB, body BLOB
) STRICT;
CREATE INDEX messages_file ON messages (file, kept) WHERE file != '';
CREATE TABLE tags (tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tag, seq)) STRICT, WITHOUT ROWID;
CREATE INDEX tags_seq ON tags (seq);
CREATE VIRTUAL TABLE words USING fts5 (head, body, marks, content='', contentless_delete=1, tokenize='ascii'); -- rowid is seq; see words.go
CREATE TRIGGER exchanges_reword AFTER UPDATE OF changed ON exchanges WHEN old.indexed = 1 BEGIN
	UPDATE exchanges SET indexed = 0 WHERE seq = new.seq;
END;
CREATE TRIGGER exchanges_unword AFTER DELETE ON exchanges BEGIN
	DELETE FROM words WHERE rowid = old.seq;
END;
`, `
CREATE TABLE packs ( -- exchanges that wait to become rows: see pack.go
	last INTEGER PRIMARY KEY, -- seq of the newest in it
	owner INTEGER NOT NULL, -- the run that makes rows of it; 0: whoever has time; -1: nobody, it is damaged
	n INTEGER NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE INDEX packs_owner ON packs (owner, n);
`, `
ALTER TABLE exchanges ADD COLUMN sent_to TEXT NOT NULL DEFAULT ''; -- a replay's, when that is not where its endpoint leads
CREATE TABLE memos (
	n INTEGER PRIMARY KEY, -- a newer one has a higher
	list TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (list, text)
) STRICT;
`, `
ALTER TABLE exchanges ADD COLUMN kind INTEGER NOT NULL DEFAULT 0; -- inspect.Kind; connections have no messages, only sizes
CREATE INDEX exchanges_kind ON exchanges (kind) WHERE kind != 0;
`}

var (
	errForeign = errors.New("the database is an SQLite file, but not adit's: move it away, or give another --state-dir")
	errNewer   = errors.New("the database was written by a newer version of adit, which this one cannot read: update this program")
)

// migrate brings the file at path up to date. Before a file that holds something is changed, a copy of it is put beside it: captures.db.v1 is what it was
// with version 1. All steps are one transaction.
func migrate(db *sql.DB, path string) error {
	var have, tables int
	if err := db.QueryRow("PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if err := db.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	switch {
	case have < 0, have == 0 && tables > 0:
		return errForeign
	case have > len(schema):
		return errNewer
	case have == len(schema):
		return nil
	case have > 0:
		if err := keepCopy(db, fmt.Sprintf("%s.v%d", path, have)); err != nil {
			return fmt.Errorf("copying it before it is changed: %w", err)
		}
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, step := range schema[have:] {
		if _, err := tx.Exec(step); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", len(schema))); err != nil {
		return err
	}
	return tx.Commit()
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
