package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

const (
	lookForDead = 30 * time.Second // how often the writer looks for runs whose agents are dead, and for files that are too old
	steps       = 64               // of deleting in one go, before the writer writes again
)

// house is what the writer knows from keeping house before.
type house struct {
	version int64 // PRAGMA data_version: it changes with what others commit
	marked  int64 // changes up to here have been seen
	purges  int64
	buried  time.Time // when it looked for dead runs last
}

// keepHouse follows what others did to the database, and deletes what is too old or too much.
func (w *writer) keepHouse(ctx context.Context) error {
	if w.replaced() {
		w.s.o.Log.Warn("the database of captures was taken away: a fresh one is begun", "file", w.s.path())
		w.close()
		w.s.window.unwrite()
		w.after = 0
		return errors.Join(w.s.db.Swap(nil).Close(), w.open())
	}
	if err := w.follow(); err != nil {
		return err
	}
	w.s.spills.forget(w.s.window.wants)
	waiting, err := w.s.countWaiting()
	if err != nil {
		return err
	}
	w.packs = waiting > 0
	w.s.state.setWaiting(waiting)
	if time.Since(w.house.buried) > lookForDead {
		if err := w.s.buryDead(); err != nil {
			return err
		}
		w.house.buried = time.Now()
		if err := removeAll([]string{w.s.path() + ".v*", w.s.path() + ".damaged-*"}, time.Now().Add(-w.s.o.MaxAge)); err != nil {
			return err
		}
	}
	return w.s.retain(ctx)
}

// replaced says that the file at the database's path is not the one that is open.
func (w *writer) replaced() bool {
	i, err := os.Stat(w.s.path())
	return err == nil && !os.SameFile(i, w.s.opened.Load().(fs.FileInfo)) || errors.Is(err, fs.ErrNotExist)
}

// follow takes over the marks that others have set on this run's exchanges, tells of theirs, and forgets what they have purged.
func (w *writer) follow() error {
	var version, now, purges int64
	ctx, h := context.Background(), &w.house
	if err := w.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
		return err
	}
	if version == h.version {
		return nil
	}
	w.s.writing.Lock()
	defer w.s.writing.Unlock()
	if err := w.conn.QueryRowContext(ctx, "SELECT n, purges FROM changes").Scan(&now, &purges); err != nil {
		return err
	}
	if err := w.followMarks(); err != nil {
		return err
	}
	if err := w.followOthers(now); err != nil {
		return err
	}
	if purges != h.purges && h.version != 0 {
		if err := w.followPurge(); err != nil {
			return err
		}
	}
	h.version, h.marked, h.purges = version, now, purges
	return nil
}

func (w *writer) followMarks() error {
	rows, err := w.conn.QueryContext(context.Background(), "SELECT "+itemColumns+itemTables+" WHERE e.marked > ? AND e.run = ?", w.house.marked, w.s.o.Run)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		it, err := scanItem(rows.Scan)
		if err != nil {
			return err
		}
		_, err = w.s.window.remark(it.ID, func(marks) marks { return marks{it.Pinned, it.Tags, it.Note} })
		if err != nil && !errors.Is(err, inspect.ErrNotFound) {
			return err
		}
	}
	return rows.Err()
}

// followOthers tells of what other agents have recorded. What was there at the start, when the store had the version now, is no news.
func (w *writer) followOthers(now int64) error {
	if w.house.version == 0 {
		w.s.others.Store(now)
		return nil
	}
	var n int64
	err := w.conn.QueryRowContext(context.Background(), "SELECT changed FROM exchanges WHERE changed > ? AND run != ? ORDER BY changed DESC LIMIT 1",
		w.house.marked, w.s.o.Run).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil && n > w.s.Others() {
		w.s.others.Store(n)
		w.s.window.announce()
	}
	return err
}

// followPurge forgets what was committed and is not there any more. Everybody is told to read again, since it may be others' as well.
func (w *writer) followPurge() error {
	if err := w.s.forgetPurged(); err != nil {
		return err
	}
	var gone []inspect.ID
	for _, id := range w.s.window.onDisk() {
		var n int
		err := w.conn.QueryRowContext(context.Background(), "SELECT 1 FROM exchanges WHERE id = ?", string(id)).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			gone = append(gone, id)
		} else if err != nil {
			return err
		}
	}
	w.s.window.purged(gone)
	return nil
}

// retain deletes the oldest exchanges until the rest is young and small enough.
func (s *Store) retain(ctx context.Context) error {
	old := number{seq: uint64(time.Now().Add(-s.o.MaxAge).UnixMicro()) << seqBits}
	for range steps {
		size, err := s.size()
		if err != nil {
			return err
		}
		s.state.setBytes(size)
		below, room := int64(old.seq), int64(math.MaxInt64)
		if size > s.o.MaxBytes {
			below, room = math.MaxInt64, size-s.o.MaxBytes
		}
		n, err := s.deletePacks(below)
		if err == nil && n == 0 {
			n, err = s.deleteStep(oldest, below, step, room)
		}
		if err != nil || n == 0 || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// oldest are some rows e below a place, no more of them than it takes to give so much room back: a few large ones may do.
const oldest = `e.seq IN (SELECT seq FROM (SELECT seq, sum(n) OVER (ORDER BY seq) - n AS given FROM (
	SELECT seq, (SELECT coalesce(sum(kept), 0) FROM messages WHERE key IN (o.seq * 2, o.seq * 2 + 1)) AS n
	FROM exchanges o WHERE pinned = 0 AND state >= 2 AND seq < ? ORDER BY seq LIMIT ?)) WHERE given < ?)`

// deleteStep deletes some exchanges and gives their room back to the disk.
func (s *Store) deleteStep(where string, args ...any) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	seqs, err := s.delete(where, args...)
	if err != nil || len(seqs) == 0 {
		return 0, err
	}
	return len(seqs), s.giveBack()
}

// giveBack gives room that is free back to the disk.
func (s *Store) giveBack() error {
	db, err := s.database()
	if err == nil {
		_, err = db.Exec("PRAGMA incremental_vacuum(1000)")
	}
	return err
}

// size is what the database and the files of content take, in bytes.
func (s *Store) size() (n int64, err error) {
	db, err := s.database()
	if err != nil {
		return 0, err
	}
	err = db.QueryRow(`SELECT (SELECT (p.page_count - f.freelist_count) * s.page_size FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s) +
		(SELECT coalesce(sum(kept), 0) FROM messages WHERE file != '')`).Scan(&n)
	return n, err
}
