package control

import (
	"database/sql"
	"errors"
	"time"
)

// Item implements Store.
func (s *sqliteStore) Item(key string) (it Item, err error) {
	var modified int64
	err = s.db.QueryRow("SELECT value, modified FROM items WHERE key = ?", key).Scan(&it.Value, &modified)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Item{}, notFound("there is nothing under the key %q", key)
	case err != nil:
		return Item{}, s.failed(err)
	}
	it.Modified = fromMilli(modified)
	return it, nil
}

// PutItem implements Store.
func (s *sqliteStore) PutItem(key string, value []byte) error {
	if key == "" {
		return invalid("a key is missing")
	}
	if value == nil {
		value = []byte{}
	}
	return s.change(func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO items (key, value, modified) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, modified = excluded.modified`, key, value, milli(time.Now()))
		return err
	})
}

// AddItem implements Store.
func (s *sqliteStore) AddItem(key string, value []byte, stale time.Duration) error {
	if key == "" {
		return invalid("a key is missing")
	}
	if value == nil {
		value = []byte{}
	}
	return s.change(func(tx *sql.Tx) error {
		now := time.Now()
		r, err := tx.Exec(`INSERT INTO items (key, value, modified) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, modified = excluded.modified WHERE modified <= ?`, key, value, milli(now), milli(now.Add(-stale)))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return exists("there is something under the key %q", key)
	})
}

// below is the condition for keys under a prefix: "/" is followed by "0" in ASCII, so that the index is used and no character is special.
const below = "(key >= ?1 || '/' AND key < ?1 || '0')"

// DeleteItem implements Store.
func (s *sqliteStore) DeleteItem(key string) error {
	return s.change(func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM items WHERE key = ?1 OR "+below, key)
		return err
	})
}

// Items implements Store.
func (s *sqliteStore) Items(prefix string) ([]string, error) {
	return list(s, func(scan func(...any) error) (key string, err error) {
		err = scan(&key)
		return key, err
	}, "SELECT key FROM items WHERE ?1 = '' OR "+below+" ORDER BY key", prefix)
}
