package store

import (
	"context"
	"database/sql"
	"iter"
	"math"

	"github.com/adit-tunnel/adit/inspect"
)

// search yields the items of the database that q asks for, newest first and without content; Nth and Version as they were stored.
func (s *Store) search(ctx context.Context, db *sql.DB, q inspect.Query) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		before, left := int64(min(q.Before-1, math.MaxInt64-1)), limited(q.Limit)
		for {
			rows, err := db.QueryContext(ctx, "SELECT "+itemColumns+itemTables+" WHERE e.seq <= ? AND e.seq > ? ORDER BY e.seq DESC LIMIT 100", before, int64(q.After))
			if err != nil {
				yield(inspect.Item{}, err)
				return
			}
			var items []inspect.Item
			for rows.Next() {
				it, err := scanItem(rows.Scan)
				if err != nil {
					rows.Close()
					yield(inspect.Item{}, err)
					return
				}
				items = append(items, it)
			}
			rows.Close()
			for _, it := range items {
				before = int64(it.Seq) - 1
				if (q.Run == 0 || q.Run == it.Run) && matches(q, it) {
					if left--; left < 0 || !yield(it, nil) {
						return
					}
				}
			}
			if len(items) == 0 {
				return
			}
		}
	}
}
