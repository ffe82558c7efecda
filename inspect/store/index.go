package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// Exchanges enter the words many at once, since that costs least, but not so many that others who write wait long.
const (
	indexRows = 100
	indexText = 256 << 10   // bytes after which a transaction takes no more exchanges
	abandoned = time.Minute // after which another run's exchange is not left to that run
)

const insertWords = "REPLACE INTO words (rowid, head, body, marks) VALUES (?, ?, ?, ?)"

// index enters some exchanges that have ended, or whose marks have changed, into the words; more says that there are others. One that waits for it is found
// all the same, only slower: it may be put off as long as the machine has no time. Those of other
// runs are left to these for a while.
func (s *Store) index(ctx context.Context, conn *sql.Conn, others time.Duration) (more bool, err error) {
	waiting, err := s.unindexed(ctx, conn, others)
	if err != nil || len(waiting) == 0 {
		return false, err
	}
	var all []wording
	for size := 0; len(all) < len(waiting) && size < indexText; {
		w, err := s.wording(ctx, conn, waiting[len(all)])
		if err != nil {
			return false, err
		}
		size += len(w.head) + len(w.body)
		all = append(all, w)
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	if err := enter(ctx, tx, all); err != nil {
		return false, fmt.Errorf("indexing words: %w", err)
	}
	return len(all) < len(waiting) || len(waiting) == indexRows, tx.Commit()
}

// unworded is an exchange that the words do not have.
type unworded struct {
	inspect.Item
	changed int64
}

// unindexed returns the next of them, in ascending order: the index wants them so.
func (s *Store) unindexed(ctx context.Context, q querier, others time.Duration) (all []unworded, err error) {
	rows, err := q.QueryContext(ctx, "SELECT e.changed, "+itemColumns+itemTables+` WHERE e.indexed = 0 AND e.state >= 2
		AND (e.run = ? OR e.start + e.duration < ?) ORDER BY e.seq LIMIT ?`, s.o.Run, time.Now().Add(-others).UnixNano(), indexRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u unworded
		if u.Item, err = scanItem(func(to ...any) error { return rows.Scan(append([]any{&u.changed}, to...)...) }); err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, rows.Err()
}

// wording is what the words are to know of an exchange.
type wording struct {
	seq               uint64
	changed           int64
	head, body, marks string
}

func (s *Store) wording(ctx context.Context, q querier, u unworded) (w wording, err error) {
	w = wording{seq: u.Seq, changed: u.changed, head: wordsOf(u.HeadText()), marks: markWords(u.Item)}
	var texts [2][]byte
	for side := range texts {
		if texts[side], err = s.text(ctx, q, u.Item, inspect.Side(side)); err != nil {
			return w, err
		}
	}
	w.body = bodyWords(texts[0], texts[1])
	return w, nil
}

// enter writes what the words are to know, but for exchanges that have been changed, deleted or indexed meanwhile.
func enter(ctx context.Context, tx *sql.Tx, all []wording) error {
	row, err := tx.PrepareContext(ctx, "UPDATE exchanges SET indexed = 1 WHERE seq = ? AND changed = ? AND indexed = 0")
	if err != nil {
		return err
	}
	defer row.Close()
	words, err := tx.PrepareContext(ctx, insertWords)
	if err != nil {
		return err
	}
	defer words.Close()
	for _, w := range all {
		done, err := row.ExecContext(ctx, w.seq, w.changed)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			continue
		}
		if _, err := words.ExecContext(ctx, w.seq, w.head, w.body, w.marks); err != nil {
			return err
		}
	}
	return nil
}
