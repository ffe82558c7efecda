package store

import (
	"cmp"
	"database/sql"
	"errors"
	"slices"

	"github.com/adit-tunnel/adit/inspect"
)

// newestPacks are those that an agent makes rows of: its own, since its window knows what is in them, and those of runs that have ended.
const newestPacks = "+owner IN (0, ?) ORDER BY last DESC" // the index by owner would not help

// unpackNewest makes rows of the newest packs, about as many as a full one has, and says of how many exchanges; 0: there are none.
func (s *Store) unpackNewest() (n int, err error) {
	var ids []inspect.ID
	s.writing.Lock() // so that who marks or purges here waits for it
	defer s.writing.Unlock()
	err = s.change(func(tx *sql.Tx, changed *int64) error {
		ids, n, err = s.unpack(tx, changed, packRows, newestPacks, s.o.Run)
		return err
	})
	if err == nil {
		s.window.unpacked(ids)
	}
	return n, err
}

// unpack makes rows of packs until there are most exchanges, or a few more. A pack that is damaged stays where it is.
func (s *Store) unpack(tx *sql.Tx, changed *int64, most int, which string, args ...any) (ids []inspect.ID, n int, err error) {
	packs, err := readPacks(tx, most, which, args...)
	if err != nil || len(packs) == 0 {
		return nil, 0, err
	}
	var all []inspect.Item
	for _, p := range packs {
		n += p.n
		if items, broken := unpacked(p.data); broken != nil {
			err = s.setAside(tx, p)
		} else {
			all = append(all, items...)
			err = p.delete(tx)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	slices.SortFunc(all, func(a, b inspect.Item) int { return cmp.Compare(a.Seq, b.Seq) }) // the words want them so
	for _, it := range all {
		ids = append(ids, it.ID)
	}
	return ids, n, insertSummaries(tx, all, changed)
}

// insertSummaries makes rows of exchanges that have no content and no marks, and enters their words, which are few. These come last: each change of a row
// would have them written.
func insertSummaries(tx *sql.Tx, all []inspect.Item, changed *int64) error {
	for _, insert := range []struct {
		statement string
		args      func(it *inspect.Item) []any
	}{
		{insertExchange, func(it *inspect.Item) []any { *changed++; return exchangeRow(it, *changed, "", true) }},
		{insertWords, func(it *inspect.Item) []any { return []any{int64(it.Seq), wordsOf(it.HeadText()), "", ""} }},
	} {
		stmt, err := tx.Prepare(insert.statement)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for i := range all {
			if _, err := stmt.Exec(insert.args(&all[i])...); err != nil {
				return err
			}
		}
	}
	return nil
}

// setAside leaves a damaged pack to who can read it. It goes when it is too old, and with the next purge.
func (s *Store) setAside(tx *sql.Tx, p packRow) error {
	s.state.setNotice("a part of the database is damaged: exchanges that came in a flood are not listed")
	s.o.Log.Warn("a pack of exchanges is damaged: they are not listed", "file", s.path(), "pack", p.last, "exchanges", p.n)
	_, err := tx.Exec("UPDATE packs SET owner = -1 WHERE last = ?", p.last)
	return err
}

// countWaiting returns how many exchanges are in packs.
func (s *Store) countWaiting() (n uint64, err error) {
	db, err := s.database()
	if err != nil {
		return 0, err
	}
	err = db.QueryRow("SELECT coalesce(sum(max(n, 0)), 0) FROM packs WHERE owner >= 0").Scan(&n)
	return n, err
}

// unpackWith makes rows of the pack that an exchange is in, if it is in one of those looked at.
func (s *Store) unpackWith(tx *sql.Tx, changed *int64, id inspect.ID) (ids []inspect.ID, err error) {
	p, _, err := findPacked(tx, id, newestPacks, s.o.Run)
	if errors.Is(err, inspect.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		ids, _, err = s.unpack(tx, changed, 1, "last = ?", p.last)
	}
	return ids, err
}
