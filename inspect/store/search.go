package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// How a search proceeds: from the newest row on, in steps that are short queries each. So no long read keeps the log from being written back, what is found is
// there at once, and ctx is heeded soon. A step looks at a stretch of rows, longer ones as long as little is found; or, when an index has told that few rows
// can match at all, at the next of those.
const (
	page        = 100   // rows that are read whole at once
	longestStep = 16384 // rows of the longest one: some milliseconds
)

// search is one way through the database.
type search struct {
	store *Store
	db    *sql.DB
	q     inspect.Query
	now   time.Time

	where string // what SQL can tell of the filter, with args; the first two are for each step to fill in
	args  []any
	exact bool   // where is the whole filter: the rows that are right need no second look
	right string // the rows of which where tells the truth

	few    []int64 // with sparse: the rows that are left, newest first
	sparse bool

	probed     int       // conditions that an index was asked about
	probeUntil time.Time // when the index of words is not asked any more
	unworded   doubt
	odd        doubt

	after, before int64 // the rows that are left lie between
	length        int   // of the next stretch, in rows
}

// hit is a row that a step has found.
type hit struct {
	seq  int64
	sure bool // it matches; otherwise Match has to say so
}

// search yields the items of the database that q asks for, newest first and without content; Nth and Version as they were stored.
func (s *Store) search(ctx context.Context, db *sql.DB, q inspect.Query) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		c := &search{
			store: s, db: db, q: q, now: time.Now(), length: s.o.few / 8, after: int64(min(q.After, math.MaxInt64)), before: math.MaxInt64,
			unworded: doubt{where: "e.indexed = 0"}, odd: doubt{where: "e.odd = 1"},
		}
		if q.Before > 0 {
			c.before = int64(min(q.Before, math.MaxInt64))
		}
		err := c.run(ctx, limited(q.Limit), func(it inspect.Item) bool { return yield(it, nil) })
		if err != nil {
			yield(inspect.Item{}, cmp.Or(ctx.Err(), err))
		}
	}
}

// run finds at most left items; it ends without an error when found wants no more.
func (c *search) run(ctx context.Context, left int, found func(inspect.Item) bool) error {
	if err := c.plan(ctx); err != nil {
		return err
	}
	for more := true; more; {
		hits, rest, err := c.step(ctx)
		if err != nil {
			return err
		}
		more = rest
		for len(hits) > 0 {
			n := min(page, len(hits), left)
			items, err := c.load(ctx, hits[:n])
			if err != nil {
				return err
			}
			for _, it := range items {
				if left--; !found(it) || left == 0 {
					return nil
				}
			}
			hits = hits[n:]
		}
	}
	return nil
}

// step finds the rows of the next stretch that match, or may match; more says that there are rows behind it.
func (c *search) step(ctx context.Context) (hits []hit, more bool, err error) {
	if c.sparse {
		n := min(page, len(c.few))
		hits, err = c.hits(ctx, fewQuery, listed(c.few[:n]))
		c.few = c.few[n:]
		return hits, len(c.few) > 0, err
	}
	from := c.after + 1
	err = c.db.QueryRowContext(ctx, "SELECT seq FROM exchanges WHERE seq > ? AND seq < ? ORDER BY seq DESC LIMIT 1 OFFSET ?", c.after, c.before, c.length-1).Scan(&from)
	if err != nil && err != sql.ErrNoRows {
		return nil, false, err
	}
	more = err == nil
	if hits, err = c.hits(ctx, stretchQuery, from); err != nil {
		return nil, false, err
	}
	c.before = from
	if len(hits) < page {
		c.length = min(4*c.length, longestStep)
	}
	return hits, more, nil
}

// What a step asks, with where in the middle.
const (
	stretchQuery = " FROM exchanges e WHERE e.seq >= ?1 AND e.seq < ?2 AND "
	fewQuery     = " FROM exchanges e WHERE e.seq IN (SELECT value FROM json_each(?1)) AND e.seq < ?2 AND "
	newestFirst  = " ORDER BY e.seq DESC"
)

// hits are the rows of a step that where holds for.
func (c *search) hits(ctx context.Context, which string, first any) (hits []hit, err error) {
	c.args[0], c.args[1] = first, c.before
	rows, err := c.db.QueryContext(ctx, "SELECT e.seq, "+c.right+which+c.where+newestFirst, c.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var h hit
		if err := rows.Scan(&h.seq, &h.sure); err != nil {
			return nil, err
		}
		h.sure = h.sure && c.exact
		hits = append(hits, h)
	}
	return hits, rows.Err()
}

// load reads rows, and leaves out those that do not match after all.
func (c *search) load(ctx context.Context, hits []hit) (items []inspect.Item, err error) {
	seqs := make([]int64, len(hits))
	sure := make(map[uint64]bool, len(hits))
	for i, h := range hits {
		seqs[i] = h.seq
		sure[uint64(h.seq)] = h.sure
	}
	rows, err := c.db.QueryContext(ctx, "SELECT "+itemColumns+itemTables+" WHERE e.seq IN (SELECT value FROM json_each(?)) ORDER BY e.seq DESC", listed(seqs))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		it, err := scanItem(rows.Scan)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	items = slices.DeleteFunc(items, func(it inspect.Item) bool {
		return !sure[it.Seq] && err == nil && !c.matches(ctx, it, &err)
	})
	return items, err
}

// matches asks the filter itself; content is read when a term wants it.
func (c *search) matches(ctx context.Context, it inspect.Item, failed *error) bool {
	return c.q.Filter.Match(it, c.now, func(side inspect.Side) []byte {
		text, err := c.store.text(ctx, c.db, it, side)
		*failed = cmp.Or(*failed, err)
		return text
	})
}

// listed writes numbers for json_each.
func listed(seqs []int64) string {
	b, _ := json.Marshal(seqs) // integers: it can not fail
	return string(b)
}
