package store

import (
	"context"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

const (
	look      = 20 * time.Millisecond // how often Changed looks whether somebody has committed,
	lookAlive = time.Second           // and whether all agents are alive: nobody else may be there to say what has become of their exchanges
)

// Latest is the version of the whole store: every change of an exchange, by any agent, raises it when it is committed.
func (s *Store) Latest(ctx context.Context) (v int64, err error) {
	db, err := s.database()
	if err != nil {
		return 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT n FROM changes").Scan(&v)
	return v, s.reading(err)
}

// Changed waits until the store's version is above v or ctx ends, and returns the version then.
func (s *Store) Changed(ctx context.Context, v int64) (int64, error) {
	t := time.NewTicker(look)
	defer t.Stop()
	for looked := time.Now(); ; {
		now, err := s.Latest(ctx)
		if err != nil || now > v {
			return now, err
		}
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-t.C:
		}
		if time.Since(looked) > lookAlive {
			looked = time.Now()
			_ = s.buryDead() // what cannot be written now is tried again
		}
	}
}

// Changes returns the exchanges that changed after the store's version v, by any agent, in the order in which that was committed, without content and as they
// are now; at most limit (0: 100). next is the version to go on from: behind the last of them, or behind all when there are no more.
func (s *Store) Changes(ctx context.Context, v int64, limit int) (items []inspect.Item, next int64, err error) {
	latest, err := s.Latest(ctx) // what is asked for next has all changes up to it
	if err != nil {
		return nil, v, err
	}
	return s.changes(ctx, v, 0, limit, latest)
}

// Others is the version up to which Keep has noticed what other agents changed.
func (s *Store) Others() int64 { return s.others.Load() }

// OthersSince is Changes for what other agents recorded, as far as Keep has noticed.
func (s *Store) OthersSince(ctx context.Context, v int64, limit int) (items []inspect.Item, next int64, err error) {
	noticed := s.Others()
	if v >= noticed {
		return nil, v, nil
	}
	return s.changes(ctx, v, s.o.Run, limit, noticed)
}

// changes returns what changed after v in all runs but one. The store had the version latest before.
func (s *Store) changes(ctx context.Context, v, but int64, limit int, latest int64) (items []inspect.Item, next int64, err error) {
	db, err := s.database()
	if err != nil {
		return nil, v, err
	}
	limit, next = limited(limit), v
	rows, err := db.QueryContext(ctx, "SELECT e.changed, "+itemColumns+itemTables+" WHERE e.changed > ? AND e.run != ? ORDER BY e.changed LIMIT ?", v, but, limit)
	if err != nil {
		return nil, v, s.reading(err)
	}
	defer rows.Close()
	for rows.Next() {
		it, err := scanItem(func(to ...any) error { return rows.Scan(append([]any{&next}, to...)...) })
		if err != nil {
			return items, next, s.reading(err)
		}
		items = append(items, s.placed(it))
	}
	if err := rows.Err(); err != nil {
		return items, next, s.reading(err)
	}
	if len(items) < limit { // the last changes may be of exchanges that have been purged
		next = max(next, latest)
	}
	return items, next, nil
}
