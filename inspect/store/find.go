package store

import (
	"context"

	"github.com/adit-tunnel/adit/inspect"
)

// Find returns the IDs on the disk that begin or end with part, the newest first, at most limit.
func (s *Store) Find(ctx context.Context, part string, limit int) (ids []inspect.ID, err error) {
	db, err := s.database()
	if err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, `SELECT id FROM exchanges WHERE substr(id, 1, length(?1)) = ?1 OR substr(id, -length(?1)) = ?1
		ORDER BY id DESC LIMIT ?2`, part, limit)
	if err != nil {
		return nil, explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id inspect.ID
		if err := rows.Scan(&id); err != nil {
			return nil, explain(err)
		}
		ids = append(ids, id)
	}
	return ids, explain(rows.Err())
}
