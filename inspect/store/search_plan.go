package store

import (
	"context"
	"slices"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

const (
	// fewRows is how many rows may match a condition for an index to lead the search. With more, walking from the newest row on finds the first page soon.
	fewRows = 2000

	// probing is how long the index of words may look for rows before the search begins. Only words with a star come near it: "a*" are a great many words.
	probing = 25 * time.Millisecond
)

// plan finds out how to search.
func (c *search) plan(ctx context.Context) error {
	root := inspect.And{}
	if c.q.Filter != nil {
		root = append(root, c.q.Filter.Root)
	}
	w := where{args: []any{nil, nil}, now: c.now, known: map[*inspect.Term]known{}}
	c.probeUntil = time.Now().Add(probing)
	rows, few, err := c.probe(ctx, root, &w)
	if err != nil {
		return err
	}
	if few {
		c.sparse, w.sparse = true, true
		c.few = between(rows, c.after, c.before)
	}
	c.where, c.exact = w.node(root, true)
	if c.right = w.right(); c.right != "1" {
		c.where = "(NOT " + c.right + " OR " + c.where + ")"
	}
	if c.q.Endpoint != "" {
		c.where += " AND e.endpoint = " + w.arg(c.q.Endpoint) + " COLLATE BINARY"
	}
	if c.q.Run != 0 {
		c.where += " AND e.run = " + w.arg(c.q.Run)
	}
	c.args = w.args
	return nil
}

// between sorts rows, newest first, and leaves out what lies outside.
func between(rows []int64, after, before int64) []int64 {
	slices.Sort(rows)
	rows = slices.Compact(rows)
	rows = slices.DeleteFunc(rows, func(seq int64) bool { return seq <= after || seq >= before })
	slices.Reverse(rows)
	return rows
}

// probe asks the indexes for all rows that can match n: few says that they are few and rows has them all. What is learned about terms is put into w.
func (c *search) probe(ctx context.Context, n inspect.Node, w *where) (rows []int64, few bool, err error) {
	switch n := n.(type) {
	case inspect.And:
		for i := 0; i < len(n) && (!few || len(rows) > page); i++ {
			found, ok, err := c.probe(ctx, n[i], w)
			if err != nil {
				return nil, false, err
			}
			if ok && (!few || len(found) < len(rows)) {
				rows, few = found, true
			}
		}
		return rows, few, nil
	case inspect.Or:
		for _, part := range n {
			found, ok, err := c.probe(ctx, part, w)
			if err != nil || !ok {
				return nil, false, err
			}
			rows = append(rows, found...)
		}
		return rows, len(rows) <= c.store.o.few, nil
	case *inspect.Term:
		if c.probed++; c.probed <= maxTerms {
			return c.probeTerm(ctx, n, w)
		}
	}
	return nil, false, nil
}

// probeTerm asks the index of one term's field, if there is one.
func (c *search) probeTerm(ctx context.Context, t *inspect.Term, w *where) ([]int64, bool, error) {
	if match, exact := phrase(t); match != "" {
		return c.probeWords(ctx, t, match, exact, w)
	}
	one := where{now: c.now}
	sql, ok := one.indexed(t)
	if !ok {
		return nil, false, nil
	}
	var d *doubt
	if one.named {
		d = &c.odd
	}
	return c.all(ctx, d, "SELECT e.seq FROM exchanges e WHERE "+sql+" LIMIT ?", append(one.args, c.store.o.few+1)...)
}

// probeWords asks the index of words, if there is time left.
func (c *search) probeWords(ctx context.Context, t *inspect.Term, match string, exact bool, w *where) ([]int64, bool, error) {
	soon, cancel := context.WithDeadline(ctx, c.probeUntil)
	defer cancel()
	rows, few, err := c.all(soon, &c.unworded, "SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", match, c.store.o.few+1)
	switch {
	case err == nil && few:
		w.known[t] = known{true, listed(rows), exact && len(c.unworded.rows) == 0}
	case err == nil:
		w.known[t] = known{}
	case soon.Err() != nil && ctx.Err() == nil: // it has told of some
		return nil, false, nil
	}
	return rows, few && err == nil, err
}

// doubt are rows for which SQL may be wrong.
type doubt struct {
	where string
	rows  []int64 // the first ones; nil: not asked yet
}

// all returns the rows that a query for at most one more than few finds, if they are few; and those of d, if it is not nil. The latter are asked for first, so
// that none is missed that gets into the words meanwhile.
func (c *search) all(ctx context.Context, d *doubt, query string, args ...any) (rows []int64, few bool, err error) {
	if d == nil {
		return c.query(ctx, query, args...)
	}
	if d.rows == nil {
		doubtful, _, err := c.query(ctx, "SELECT e.seq FROM exchanges e WHERE "+d.where+" LIMIT ?", c.store.o.few+1)
		if err != nil {
			return nil, false, err
		}
		d.rows = doubtful
	}
	if len(d.rows) > c.store.o.few {
		return nil, false, nil
	}
	rows, few, err = c.query(ctx, query, args...)
	return append(rows, d.rows...), few, err
}

// query returns the numbers that a query gives, the first ones; few says that they are all, if there is no error.
func (c *search) query(ctx context.Context, query string, args ...any) (seqs []int64, few bool, err error) {
	rows, err := c.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	seqs = []int64{}
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, false, err
		}
		seqs = append(seqs, seq)
	}
	return seqs, len(seqs) <= c.store.o.few, rows.Err()
}
