package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// step is how many exchanges are deleted in one transaction, so that nobody who writes waits long for it.
const step = 64

// Purge deletes the exchanges that q asks for from the window and the database, in steps, and then what is left of them in the files. When ctx ends between
// two steps, n have been deleted.
func (s *Store) Purge(ctx context.Context, q inspect.Query) (n int, err error) {
	return s.deleteAll(ctx, q.Limit, everything(q), selection{
		of: func(items []inspect.Item) []inspect.Item { return s.window.choose(items, q) },
		ids: func(left int) ([]inspect.ID, error) {
			q.Limit = left
			return victims(ctx, s, q)
		},
	})
}

// Delete deletes exchanges as Purge does, pinned ones, too.
func (s *Store) Delete(ctx context.Context, ids ...inspect.ID) (n int, err error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id inspect.ID) bool {
		it, here := s.window.peek(id)
		return here && !it.Ended()
	})
	if len(ids) == 0 {
		return 0, nil
	}
	wanted := map[inspect.ID]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	return s.deleteAll(ctx, 0, false, selection{
		of: func(items []inspect.Item) []inspect.Item {
			return slices.DeleteFunc(slices.Clone(items), func(it inspect.Item) bool { return !wanted[it.ID] })
		},
		ids: func(int) ([]inspect.ID, error) { return ids, nil },
	})
}

// selection is what is to be deleted.
type selection struct {
	of  func(items []inspect.Item) []inspect.Item // those of the items in a pack that are
	ids func(left int) ([]inspect.ID, error)      // those of the window and the rows, at most left; 0: all
}

// deleteAll deletes what is selected, at most as many as most says (0 or below: all), and takes it out of the files.
func (s *Store) deleteAll(ctx context.Context, most int, all bool, sel selection) (n int, err error) {
	seen := map[int64]bool{}
	for _, purge := range []func() (int, error){
		func() (int, error) { return s.purgePacks(ctx, most, sel, seen) },
		func() (int, error) { return s.purgeRows(ctx, most, sel) },
		func() (int, error) { return s.purgePacks(ctx, most, sel, seen) }, // what has just been packed
	} {
		deleted, err := purge()
		n += deleted
		if err != nil {
			return n, explain(err)
		}
		if most > 0 {
			if most -= deleted; most == 0 {
				break
			}
		}
	}
	return n, s.scrub(ctx, all) // also for n == 0: an earlier one may not have come so far
}

// purgeRows deletes what is selected from the window and the rows.
func (s *Store) purgeRows(ctx context.Context, most int, sel selection) (n int, err error) {
	ids, err := sel.ids(most)
	for some := range slices.Chunk(ids, step) {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			break
		}
		var deleted int
		deleted, err = s.purge(some)
		n += deleted
	}
	return n, err
}

// everything says that q leaves out nothing.
func everything(q inspect.Query) bool {
	q.Limit = max(q.Limit, 0)
	return q == inspect.Query{}
}

// purge deletes exchanges that have ended, of which the row of one of this run may not know yet. The writer stands meanwhile, so that none of them is
// written again.
func (s *Store) purge(ids []inspect.ID) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	text, err := json.Marshal(ids)
	if err != nil {
		return 0, err
	}
	var seqs []int64
	if s.db.Load() != nil {
		seqs, err = s.delete("e.id IN (SELECT value FROM json_each(?)) AND (e.state >= 2 OR e.run = ?)", string(text), s.o.Run)
		if err != nil {
			return 0, err
		}
	}
	return len(seqs) + s.window.drop(ids), nil
}

// delete deletes the exchanges e that a condition holds for, with their words, tags, content and files, and returns their places.
func (s *Store) delete(where string, args ...any) (seqs []int64, err error) {
	var files []string
	err = s.change(func(tx *sql.Tx, _ *int64) error {
		if seqs, err = column[int64](tx, "SELECT e.seq FROM exchanges e WHERE "+where, args...); err != nil || len(seqs) == 0 {
			return err
		}
		text, err := json.Marshal(seqs)
		if err != nil {
			return err
		}
		all := string(text)
		messages := "FROM messages WHERE key IN (SELECT value * 2 FROM json_each(?1) UNION ALL SELECT value * 2 + 1 FROM json_each(?1))"
		if files, err = column[string](tx, "SELECT file "+messages+" AND file != ''", all); err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE " + messages, "DELETE FROM tags WHERE seq IN (SELECT value FROM json_each(?1))",
			"DELETE FROM exchanges WHERE seq IN (SELECT value FROM json_each(?1))",
		} {
			if _, err := tx.Exec(statement, all); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		err = errors.Join(err, remove(filepath.Join(s.bodies(), f)))
	}
	return seqs, err
}

// scrub takes what was deleted out of the files: words that the index still has in lists of words that are deleted, pages that are free, and the log. Free
// pages are overwritten when they become free (secure_delete). The copies that were made before the database was brought up to date go, and with all of it
// those that were damaged, too.
func (s *Store) scrub(ctx context.Context, all bool) error {
	db, err := s.database()
	if err != nil {
		return nil // there is nothing on the disk
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return explain(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "UPDATE changes SET purges = purges + 1"); err != nil {
		return explain(err)
	}
	if err := mergeWords(ctx, conn); err != nil {
		return fmt.Errorf("deleting words from the index: %w", explain(err))
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA incremental_vacuum"); err != nil {
		return explain(err)
	}
	patterns := []string{s.path() + ".v*"}
	if all {
		patterns = append(patterns, s.path()+".damaged-*")
	}
	if err := removeAll(patterns, time.Now()); err != nil {
		return err
	}
	return emptyLog(ctx, conn)
}

// mergeWords writes the index of words anew, without what is deleted, in small steps.
func mergeWords(ctx context.Context, conn *sql.Conn) error {
	pages := -200 // the first one says that everything is to be merged into one
	for {
		var before, after int64
		if err := conn.QueryRowContext(ctx, "SELECT total_changes()").Scan(&before); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "INSERT INTO words (words, rank) VALUES ('merge', ?)", pages); err != nil {
			return err
		}
		if err := conn.QueryRowContext(ctx, "SELECT total_changes()").Scan(&after); err != nil {
			return err
		}
		if pages > 0 && after-before < 2 {
			return nil
		}
		pages = 200
	}
}

// emptyLog writes the log back into the database and empties it. For that nobody may be reading the old state.
func emptyLog(ctx context.Context, conn *sql.Conn) error {
	const tries = 50
	for range tries {
		var busy, log, written int
		if err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &written); err != nil {
			return explain(err)
		}
		if busy == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("all of it is deleted, but another program reads the database, so that its log could not be emptied: purge again when that one is done")
}

// removeAll deletes the files of some patterns that are older than a moment.
func removeAll(patterns []string, before time.Time) (err error) {
	for _, p := range patterns {
		files, _ := filepath.Glob(p) // the patterns are ours
		for _, f := range files {
			i, no := os.Stat(f)
			if no == nil && !i.ModTime().After(before) {
				err = errors.Join(err, remove(f))
			}
		}
	}
	return err
}

// Clear deletes the exchanges of this run that have ended and are not pinned.
func (s *Store) Clear(ctx context.Context) error {
	_, err := s.Purge(ctx, inspect.Query{Run: s.o.Run})
	return err
}
