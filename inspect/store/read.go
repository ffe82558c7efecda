package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// maxHeld is the most content of one side that Get returns, in bytes.
const maxHeld = 1 << 20

// List yields the exchanges that q asks for, newest first: those of the window that are newer than their rows, and the rows. When the database can not be read
// the window's are yielded all the same, before the error.
func (s *Store) List(ctx context.Context, q inspect.Query) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		l := listing{s: s, yield: yield, left: limited(q.Limit), last: q.Before}
		err := l.run(ctx, q)
		if err == nil || l.ended {
			return
		}
		if ctx.Err() == nil {
			q.Before, q.Limit = l.last, l.left
			for it, err := range s.window.List(ctx, q) {
				if err == nil && !l.item(it) {
					return
				}
			}
		}
		yield(inspect.Item{}, s.reading(err))
	}
}

// listing is one List.
type listing struct {
	s     *Store
	yield func(inspect.Item, error) bool
	left  int
	last  uint64 // the Seq that was yielded last; before any, where to begin
	ended bool   // nobody wants more
}

// item yields one, and says whether more are wanted.
func (l *listing) item(it inspect.Item) bool {
	l.left--
	l.last = it.Seq
	l.ended = !l.yield(it, nil) || l.left <= 0
	return !l.ended
}

// run merges the window's items with the rows.
func (l *listing) run(ctx context.Context, q inspect.Query) error {
	if l.left <= 0 {
		return nil
	}
	db, err := l.s.database()
	if err != nil {
		return err
	}
	unsettled, mine := l.s.window.unsettled(), map[inspect.ID]bool{}
	for _, it := range unsettled {
		mine[it.ID] = true
	}
	if q.Limit = l.left; q.Limit < 1<<30 {
		q.Limit += len(mine)
	}
	window := l.s.window.choose(unsettled, q)
	for it, err := range l.s.search(ctx, db, q) {
		if err != nil {
			return err
		}
		for ; len(window) > 0 && window[0].Seq > it.Seq; window = window[1:] {
			if !l.item(bare(window[0])) {
				return nil
			}
		}
		if !mine[it.ID] && !l.item(l.s.placed(it)) {
			return nil
		}
	}
	for _, it := range window {
		if !l.item(bare(it)) {
			break
		}
	}
	return ctx.Err()
}

// placed gives a row the Nth and Version that only the present run's have.
func (s *Store) placed(it inspect.Item) inspect.Item {
	if it.Run != s.o.Run {
		it.Nth = 0
	} else if w, ok := s.window.peek(it.ID); ok {
		it.Version = w.Version
	}
	return it
}

// row reads an exchange without its content. The error wraps ErrNotFound when there is none.
func (s *Store) row(ctx context.Context, id inspect.ID) (it inspect.Item, err error) {
	db, err := s.database()
	if err != nil {
		return it, err
	}
	it, err = scanItem(db.QueryRowContext(ctx, "SELECT "+itemColumns+itemTables+" WHERE e.id = ?", string(id)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		_, it, err = findPacked(db, id, "owner >= 0 ORDER BY last DESC")
	}
	if err != nil {
		return it, fmt.Errorf("exchange %q: %w", id, s.reading(err))
	}
	return s.placed(it), nil
}

// Get returns an exchange with as much of its content as memory may hold.
func (s *Store) Get(ctx context.Context, id inspect.ID) (inspect.Item, error) {
	if it, err := s.window.Get(ctx, id); err == nil {
		return it, nil
	}
	it, err := s.row(ctx, id)
	if err != nil {
		return it, err
	}
	for side := inspect.RequestSide; side <= inspect.ResponseSide && err == nil; side++ {
		if m := it.Message(side); m != nil {
			err = s.fill(ctx, it.Seq, side, m)
		}
	}
	return it, err
}

// fill reads the content of one message, at most maxHeld bytes of it.
func (s *Store) fill(ctx context.Context, seq uint64, side inspect.Side, m *inspect.Message) error {
	db, err := s.database()
	if err != nil {
		return err
	}
	var file string
	err = db.QueryRowContext(ctx, "SELECT file, tail, body FROM messages WHERE key = ?", int64(seq)*2+int64(side)).Scan(&file, &m.Tail, &m.Body)
	switch {
	case errors.Is(err, sql.ErrNoRows): // only a summary
		return nil
	case err != nil:
		return s.reading(err)
	case file == "":
		return nil
	}
	b, err := s.openBody(file, m.Kept)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, inspect.ErrNotFound): // somebody has taken it away: what else is known is shown
		m.Kept, m.Dropped = 0, true
		return nil
	case err != nil:
		return fmt.Errorf("content of the %s: %w", side, err)
	}
	defer b.Close()
	m.Body = make([]byte, min(m.Kept, maxHeld))
	_, err = b.ReadAt(m.Body, 0)
	return err
}

// Body opens the content of one side. While it still flows to a file it is what has got there.
func (s *Store) Body(ctx context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error) {
	if it, ok := s.window.peek(id); ok {
		m := it.Message(side)
		if m == nil || m.Kept <= int64(len(m.Body)) {
			return s.window.Body(ctx, id, side)
		}
		if b, err := s.spills.open(id, side, m.Kept); err == nil && b.Size() >= int64(len(m.Body)) {
			return b, nil
		}
	}
	b, err := s.rowBody(ctx, id, side)
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, inspect.ErrNotFound) {
		return s.window.Body(ctx, id, side)
	}
	return b, err
}

// rowBody opens the content of one side as the database has it.
func (s *Store) rowBody(ctx context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error) {
	db, err := s.database()
	if err != nil {
		return nil, err
	}
	var file string
	var kept int64
	var body []byte
	err = db.QueryRowContext(ctx, "SELECT m.file, m.kept, m.body FROM exchanges e JOIN messages m ON m.key = e.seq * 2 + ? WHERE e.id = ?", side, string(id)).
		Scan(&file, &kept, &body)
	switch {
	case err != nil:
		return nil, s.reading(err)
	case file != "":
		return s.openBody(file, kept)
	case body == nil:
		return nil, noContent(id, side)
	}
	return inMemory{bytes.NewReader(body)}, nil
}

// Since returns what changed in this run after version v, oldest change first.
func (s *Store) Since(v uint64, limit int) ([]inspect.Item, bool) { return s.window.Since(v, limit) }

// Version is that of the newest change in this run.
func (s *Store) Version() uint64 { return s.window.Version() }

// Run is this run's number.
func (s *Store) Run() int64 { return s.o.Run }

// Count is how many exchanges were recorded since the start of this run.
func (s *Store) Count() uint64 { return s.window.Count() }

// choose returns those of the items that q asks for.
func (m *Memory) choose(items []inspect.Item, q inspect.Query) (all []inspect.Item) {
	now := time.Now()
	for _, it := range items {
		if (q.Before == 0 || it.Seq < q.Before) && it.Seq > q.After && (q.Run == 0 || it.Run == q.Run) && m.matches(q, it, now) {
			all = append(all, it)
		}
	}
	return all
}
