package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/adit-tunnel/adit/inspect"
)

// purgePacks deletes what is selected from packs that have not been seen, at most as many as most says (0 or below: all), and says how many.
func (s *Store) purgePacks(ctx context.Context, most int, sel selection, seen map[int64]bool) (n int, err error) {
	db, err := s.database()
	if err != nil {
		return 0, nil // there is nothing on the disk
	}
	if most <= 0 {
		most = math.MaxInt
	}
	lasts, err := column[int64](db, "SELECT last FROM packs ORDER BY last DESC")
	for i := 0; i < len(lasts) && err == nil && n < most; i++ {
		if err = ctx.Err(); err == nil && !seen[lasts[i]] {
			seen[lasts[i]] = true
			var gone int
			gone, err = s.purgePack(lasts[i], sel, most-n)
			n += gone
		}
	}
	return n, err
}

// purgePack does it for one pack. One that is damaged goes as a whole: what is to be deleted may be in it.
func (s *Store) purgePack(last int64, sel selection, most int) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	var gone []inspect.ID
	err = s.change(func(tx *sql.Tx, _ *int64) error {
		packs, err := readPacks(tx, 1, "last = ?", last)
		if err != nil || len(packs) == 0 {
			return err
		}
		p := packs[0]
		items, err := unpacked(p.data)
		if err != nil {
			n = p.n
			return p.delete(tx)
		}
		var rest pack
		rest, gone = without(items, sel.of(items), most)
		if len(gone) == 0 {
			return nil
		}
		if err := p.delete(tx); err != nil || rest.n == 0 {
			return err
		}
		_, err = tx.Exec(insertPack, rest.row(p.owner)...)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.window.unpacked(gone)
	s.window.drop(gone)
	return n + len(gone), nil
}

// without packs the items but for the last of those that are to go, which it returns.
func without(items, chosen []inspect.Item, most int) (rest pack, gone []inspect.ID) {
	goes := map[inspect.ID]bool{}
	for _, it := range chosen[max(len(chosen)-most, 0):] {
		goes[it.ID] = true
		gone = append(gone, it.ID)
	}
	for i := range items {
		if !goes[items[i].ID] {
			rest.add(&items[i])
		}
	}
	return rest, gone
}

// forgetPurged enters which exchanges of the window others have purged from packs.
func (s *Store) forgetPurged() error {
	ids, oldest := s.window.inPacks()
	if len(ids) == 0 {
		return nil
	}
	packs, err := readPacks(s.db.Load(), math.MaxInt, "owner = ? AND last >= ?", s.o.Run, int64(oldest))
	if err != nil {
		return err
	}
	still := map[inspect.ID]bool{}
	for _, p := range packs {
		items, err := unpacked(p.data)
		if errors.Is(err, errPack) {
			continue
		}
		for _, it := range items {
			still[it.ID] = true
		}
	}
	var gone []inspect.ID
	for _, id := range ids {
		if !still[id] {
			gone = append(gone, id)
		}
	}
	s.window.unpacked(gone)
	return nil
}

// oldestPacks are some below a place that are older than all rows which may go.
const oldestPacks = `last < ?1 AND last < coalesce((SELECT seq FROM exchanges WHERE pinned = 0 AND state >= 2 ORDER BY seq LIMIT 1), ?1) ORDER BY last LIMIT 4`

// deletePacks deletes some packs, with what is in them, and gives their room back to the disk.
func (s *Store) deletePacks(below int64) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	db, err := s.database()
	if err != nil {
		return 0, err
	}
	lasts, err := column[int64](db, "SELECT last FROM packs WHERE "+oldestPacks, below)
	if err != nil || len(lasts) == 0 {
		return 0, err
	}
	_, err = db.Exec("DELETE FROM packs WHERE last IN (SELECT value FROM json_each(?))", listed(lasts))
	return len(lasts), cmp.Or(err, s.giveBack())
}
