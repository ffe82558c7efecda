package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/adit-tunnel/adit/inspect"
)

// Words are indexed in a transaction of many exchanges, which costs least, and bounded, so that nobody who writes waits long for it.
const (
	indexRows = 100
	indexText = 256 << 10 // bytes after which a transaction takes no more exchanges
)

// index enters exchanges that have ended into the words, some at once: those of this run and of runs that are over. more says that there were others. A row
// that waits for it is found all the same, only slower: it may be put off as long as the machine has no time.
func (s *Store) index(ctx context.Context, db *sql.DB) (more bool, err error) {
	waiting, more, err := s.unindexed(ctx, db)
	if err != nil || len(waiting) == 0 {
		return false, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	for _, w := range waiting {
		if err := w.enter(ctx, tx); err != nil {
			return false, fmt.Errorf("words of exchange %d: %w", w.seq, err)
		}
	}
	return more, tx.Commit()
}

// wording is what the words are to know of an exchange, which has not been changed since.
type wording struct {
	seq               uint64
	changed           int64
	head, body, marks string
}

// unindexed words the next exchanges, in ascending order: the index wants them so.
func (s *Store) unindexed(ctx context.Context, db *sql.DB) (all []wording, more bool, err error) {
	rows, err := db.QueryContext(ctx, "SELECT e.changed, "+itemColumns+itemTables+` WHERE e.indexed = 0 AND e.state >= ?
		AND (e.run = ? OR e.run NOT IN (SELECT run FROM runs)) ORDER BY e.seq LIMIT ?`, inspect.Done, s.o.Run, indexRows)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for size := 0; rows.Next() && size < indexText; {
		var w wording
		it, err := scanItem(func(to ...any) error { return rows.Scan(append([]any{&w.changed}, to...)...) })
		if err != nil {
			return nil, false, err
		}
		w.seq, w.head, w.marks = it.Seq, headWords(it), markWords(it)
		if w.body, err = s.bodyWords(ctx, db, it); err != nil {
			return nil, false, err
		}
		size += len(w.head) + len(w.body)
		all = append(all, w)
	}
	return all, len(all) == indexRows || rows.Next(), rows.Err()
}

// enter writes w, unless the exchange has been changed or indexed meanwhile, by another agent.
func (w *wording) enter(ctx context.Context, tx *sql.Tx) error {
	done, err := tx.ExecContext(ctx, "UPDATE exchanges SET indexed = 1 WHERE seq = ? AND changed = ? AND indexed = 0", w.seq, w.changed)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, "REPLACE INTO words (rowid, head, body, marks) VALUES (?, ?, ?, ?)", w.seq, w.head, w.body, w.marks)
	return err
}
