package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/adit-tunnel/adit/inspect"
)

// querier is *sql.DB, *sql.Tx or *sql.Conn.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// column collects a query's only column.
func column[T any](q querier, query string, args ...any) (all []T, err error) {
	rows, err := q.QueryContext(context.Background(), query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// changePatience is how long a change that somebody has asked for waits for others who write.
const changePatience = 5 * time.Second

// change does all of f or nothing. f raises changed, the store's version, with each exchange that it changes.
func (s *Store) change(f func(tx *sql.Tx, changed *int64) error) error {
	return s.changeWithin(changePatience, f)
}

// changeSoon is change for what can be tried again later: it gives others who write no more than the usual patience.
func (s *Store) changeSoon(f func(tx *sql.Tx, changed *int64) error) error {
	return s.changeWithin(0, f)
}

func (s *Store) changeWithin(limit time.Duration, f func(tx *sql.Tx, changed *int64) error) error {
	db, err := s.database()
	if err != nil {
		return err
	}
	tx, err := db.Begin()
	for end := time.Now().Add(limit); isCode(err, sqlite3.SQLITE_BUSY) && time.Now().Before(end); {
		tx, err = db.Begin()
	}
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var changed int64
	if err := tx.QueryRow("SELECT n FROM changes").Scan(&changed); err != nil {
		return err
	}
	if err := f(tx, &changed); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE changes SET n = ?", changed); err != nil {
		return err
	}
	return tx.Commit()
}

// database is the database, or an error that says why there is none.
func (s *Store) database() (*sql.DB, error) {
	if db := s.db.Load(); db != nil {
		return db, nil
	}
	return nil, errors.New(cmp.Or(s.state.told().Problem, "the store of captures is not open"))
}

// Mark changes the marks of an exchange: in the window, and in the database as soon as it is there.
func (s *Store) Mark(ctx context.Context, id inspect.ID, c inspect.Marks) (inspect.Item, error) {
	if err := checkMarks(c); err != nil {
		return inspect.Item{}, err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.window.unknownToDisk(id) {
		return s.window.Mark(ctx, id, c)
	}
	var now marks
	var listed []inspect.ID
	err := s.change(func(tx *sql.Tx, changed *int64) (err error) {
		seq, was, err := readMarks(tx, id)
		if errors.Is(err, inspect.ErrNotFound) {
			if listed, err = s.unpackWith(tx, changed, id); err == nil {
				seq, was, err = readMarks(tx, id)
			}
		}
		if err != nil {
			return err
		}
		now = was.with(c)
		*changed++
		return writeMarks(tx, seq, now, *changed)
	})
	if err != nil {
		return inspect.Item{}, fmt.Errorf("marking exchange %q: %w", id, explain(err))
	}
	s.window.unpacked(listed)
	if it, err := s.window.remark(id, func(marks) marks { return now }); err == nil {
		return it, nil
	}
	it, err := s.row(ctx, id)
	return it, err
}

// readMarks reads the marks of an exchange. The error wraps ErrNotFound when there is none.
func readMarks(tx *sql.Tx, id inspect.ID) (seq int64, k marks, err error) {
	err = tx.QueryRow("SELECT seq, pinned, note FROM exchanges WHERE id = ?", string(id)).Scan(&seq, &k.Pinned, &k.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, k, inspect.ErrNotFound
	}
	if err == nil {
		k.Tags, err = column[string](tx, "SELECT tag FROM tags WHERE seq = ? ORDER BY tag", seq)
	}
	return seq, k, err
}

func writeMarks(tx *sql.Tx, seq int64, k marks, changed int64) error {
	tags, err := json.Marshal(append([]string{}, k.Tags...)) // nil would be null
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE exchanges SET pinned = ?, note = ?, changed = ?, marked = ? WHERE seq = ?", k.Pinned, k.Note, changed, changed, seq)
	if err == nil {
		_, err = tx.Exec("DELETE FROM tags WHERE seq = ?", seq)
	}
	if err == nil {
		_, err = tx.Exec("INSERT INTO tags (tag, seq) SELECT value, ? FROM json_each(?)", seq, string(tags))
	}
	return err
}

// Views returns the saved filters by name.
func (s *Store) Views(ctx context.Context) (all []inspect.View, err error) {
	db, err := s.database()
	if err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, "SELECT name, filter FROM views ORDER BY name")
	if err != nil {
		return nil, explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v inspect.View
		if err := rows.Scan(&v.Name, &v.Filter); err != nil {
			return nil, explain(err)
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// SaveView keeps a filter under a name.
func (s *Store) SaveView(ctx context.Context, v inspect.View) error {
	if err := checkView(v); err != nil {
		return err
	}
	db, err := s.database()
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "INSERT OR REPLACE INTO views (name, filter) VALUES (?, ?)", v.Name, v.Filter)
	return explain(err)
}

// DeleteView forgets the filter of that name.
func (s *Store) DeleteView(ctx context.Context, name string) error {
	db, err := s.database()
	if err != nil {
		return err
	}
	r, err := db.ExecContext(ctx, "DELETE FROM views WHERE name = ?", name)
	if err != nil {
		return explain(err)
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return noView(name)
}
