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

	// probing is how long the index may look for the rows of one condition. Only words with a star come near it: "a*" are a great many words.
	probing = 25 * time.Millisecond
)

// plan finds out how to search.
func (c *search) plan(ctx context.Context) error {
	root := inspect.And{}
	if c.q.Filter != nil {
		root = append(root, c.q.Filter.Root)
	}
	w := where{args: []any{nil, nil}, now: c.now, known: map[*inspect.Term]known{}}
	rows, few, err := c.probe(ctx, root, &w)
	if err != nil {
		return err
	}
	if few {
		c.sparse, w.sparse = true, true
		c.few = between(rows, c.after, c.before)
	}
	c.where, c.exact = w.node(root, true)
	if w.trusting {
		c.where = "(e.indexed != 1 OR " + c.where + ")"
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
		for _, part := range n {
			found, ok, err := c.probe(ctx, part, w)
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
		return c.probeTerm(ctx, n, w)
	}
	return nil, false, nil
}

// probeTerm asks the index of one term's field, if there is one.
func (c *search) probeTerm(ctx context.Context, t *inspect.Term, w *where) ([]int64, bool, error) {
	if match, exact := phrase(t); match != "" {
		return c.probeWords(ctx, t, match, exact, w)
	}
	one := where{now: c.now}
	if sql, indexed := one.indexed(t); indexed {
		return c.query(ctx, "SELECT e.seq FROM exchanges e WHERE "+sql+" LIMIT ?", append(one.args, c.store.o.few+1)...)
	}
	return nil, false, nil
}

// probeWords asks the index of words. Rows that it does not have yet can match as well; they are asked for first, so that none is missed that gets there
// meanwhile.
func (c *search) probeWords(ctx context.Context, t *inspect.Term, match string, exact bool, w *where) ([]int64, bool, error) {
	limited, cancel := context.WithTimeout(ctx, probing)
	defer cancel()
	waiting, few, err := c.query(limited, "SELECT e.seq FROM exchanges e WHERE e.indexed != 1 LIMIT ?", c.store.o.few+1)
	if err == nil && few {
		var found []int64
		found, few, err = c.query(limited, "SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", match, c.store.o.few+1)
		if err == nil && few {
			all := append(found, waiting...)
			w.known[t] = known{true, listed(all), exact && len(waiting) == 0}
			return all, true, nil
		}
		if err == nil {
			w.known[t] = known{}
		}
	}
	if limited.Err() != nil && ctx.Err() == nil {
		err = nil // it takes too long
	}
	return nil, false, err
}

// query returns the numbers that a query gives, the first ones; few says that they are all.
func (c *search) query(ctx context.Context, query string, args ...any) (seqs []int64, few bool, err error) {
	rows, err := c.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, false, err
		}
		seqs = append(seqs, seq)
	}
	return seqs, len(seqs) <= c.store.o.few, rows.Err()
}
