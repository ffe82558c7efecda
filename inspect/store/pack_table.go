package store

import (
	"cmp"
	"context"
	"database/sql"

	"github.com/adit-tunnel/adit/inspect"
)

// packRow is a pack as the table has it.
type packRow struct {
	last, owner int64
	n           int
	data        []byte
}

// selectPacks is what scan reads.
const selectPacks = "SELECT last, owner, n, data FROM packs WHERE "

func (p *packRow) scan(rows *sql.Rows) error {
	err := rows.Scan(&p.last, &p.owner, &p.n, &p.data)
	p.n = max(p.n, 1)
	return err
}

// readPacks reads packs until they have most exchanges, or a few more.
func readPacks(q querier, most int, which string, args ...any) (all []packRow, err error) {
	rows, err := q.QueryContext(context.Background(), selectPacks+which, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for n := 0; n < most && rows.Next(); {
		var p packRow
		if err := p.scan(rows); err != nil {
			return nil, err
		}
		all = append(all, p)
		n += p.n
	}
	return all, rows.Err()
}

func (p packRow) delete(tx *sql.Tx) error {
	_, err := tx.Exec("DELETE FROM packs WHERE last = ?", p.last)
	return err
}

// findMost is in how many exchanges of packs one is looked for that has just been shown: it takes some 0.1 s at most.
const findMost = 100_000

// findPacked looks for an exchange in some packs, and returns its pack and what that has of it. The error is ErrNotFound when it is in none.
func findPacked(q querier, id inspect.ID, which string, args ...any) (p packRow, it inspect.Item, err error) {
	rows, err := q.QueryContext(context.Background(), selectPacks+which, args...)
	if err != nil {
		return p, it, err
	}
	defer rows.Close()
	for n := 0; n < findMost && rows.Next(); n += p.n {
		if err := p.scan(rows); err != nil {
			return p, it, err
		}
		items, _ := unpacked(p.data) // none, of a damaged one
		for _, it := range items {
			if it.ID == id {
				return p, it, nil
			}
		}
	}
	return p, it, cmp.Or(rows.Err(), inspect.ErrNotFound)
}
