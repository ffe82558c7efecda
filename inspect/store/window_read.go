package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// chunk is how many exchanges List looks at while the lock is held.
const chunk = 64

// List yields the exchanges that q asks for, newest first.
func (m *Memory) List(ctx context.Context, q inspect.Query) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		if q.Run != 0 && q.Run != m.limit.Run {
			return
		}
		left, now := limited(q.Limit), time.Now()
		for before := q.Before; left > 0; {
			items, last := m.chunk(before, q.After)
			for _, it := range items {
				if !m.matches(q, it, now) {
					continue
				}
				if left--; left < 0 || !yield(bare(m.labelled(it)), nil) {
					return
				}
			}
			if before = last; last == 0 {
				return
			}
			if err := ctx.Err(); err != nil {
				yield(inspect.Item{}, err)
				return
			}
		}
	}
}

// chunk returns the next exchanges before a place, and the place to go on from, 0 behind the oldest.
func (m *Memory) chunk(before, after uint64) (items []inspect.Item, last uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := len(m.bySeq.list)
	if before > 0 {
		i = m.bySeq.search(before)
	}
	for n := 0; n < chunk; n++ {
		if i--; i < 0 || m.bySeq.list[i].key <= after {
			return items, 0
		}
		e := m.bySeq.list[i].e
		if e.x != nil {
			items = append(items, m.item(e))
		}
	}
	return items, m.bySeq.list[i].key
}

// matches says that q asks for an item, but for its place.
func (m *Memory) matches(q inspect.Query, it inspect.Item, now time.Time) bool {
	if q.Endpoint != "" && it.Endpoint != q.Endpoint {
		return false
	}
	if q.Filter.NeedsBody() { // it may ask for the label
		it = m.labelled(it)
	}
	return q.Filter.Match(it, now, func(side inspect.Side) []byte {
		if msg := it.Message(side); msg != nil {
			return textOf(it.Exchange, side, msg.Body)
		}
		return nil
	})
}

// labelled is the item with its label, which may stand in the content that bare takes away.
func (m *Memory) labelled(it inspect.Item) inspect.Item {
	if it.Ended() && it.Label == "" {
		it.Label = m.limit.Label(it.Exchange)
	}
	return it
}

// bare is the item without its content.
func bare(it inspect.Item) inspect.Item {
	x := *it.Exchange
	x.Request.Body, x.Request.Tail = nil, nil
	if x.Response != nil {
		r := *x.Response
		r.Body, r.Tail = nil, nil
		x.Response = &r
	}
	it.Exchange = &x
	return it
}

// Get returns the exchange of that ID as it is now.
func (m *Memory) Get(_ context.Context, id inspect.ID) (inspect.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byID[id]
	if e == nil {
		return inspect.Item{}, missing(id)
	}
	return m.item(e), nil
}

// Body opens the content of one side.
func (m *Memory) Body(ctx context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error) {
	it, err := m.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	msg := it.Message(side)
	if msg == nil || msg.Body == nil {
		return nil, noContent(id, side)
	}
	return inMemory{bytes.NewReader(msg.Body)}, nil
}

// inMemory is content that needs no closing.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

func noContent(id inspect.ID, side inspect.Side) error {
	return fmt.Errorf("content of the %s of exchange %q: %w", side, id, inspect.ErrNotFound)
}

func missing(id inspect.ID) error { return fmt.Errorf("exchange %q: %w", id, inspect.ErrNotFound) }

// Since returns what changed after version v, oldest change first, at most limit (0: DefaultLimit). Ask again with the last item's Version
// until nothing comes. lagged says that something after v has been forgotten, by eviction or Clear: read again with List.
func (m *Memory) Since(v uint64, limit int) (items []inspect.Item, lagged bool) {
	limit = limited(limit)
	m.mu.Lock()
	defer m.mu.Unlock()
	if v >= m.version {
		return nil, false
	}
	changes := m.byVersion.list[m.byVersion.search(v+1):]
	items = make([]inspect.Item, 0, min(limit, len(changes)))
	for _, p := range changes {
		if len(items) == limit {
			break
		}
		if m.byVersion.current(p) {
			items = append(items, m.item(p.e))
		}
	}
	return items, v < m.forgotten
}

// Version is that of the newest change.
func (m *Memory) Version() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.version
}

// Run is this run's number.
func (m *Memory) Run() int64 { return m.limit.Run }

// Count is how many exchanges were recorded since the start, kept or not.
func (m *Memory) Count() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count
}

// Bytes is what the exchanges in the window hold.
func (m *Memory) Bytes() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes
}

func (m *Memory) item(e *entry) inspect.Item {
	return inspect.Item{
		Seq: e.seq, Nth: e.nth, Version: e.version, Run: m.limit.Run, Committed: e.committed(),
		Pinned: e.marks.Pinned, Tags: e.marks.Tags, Note: e.marks.Note, Exchange: e.x,
	}
}

func limited(n int) int {
	switch {
	case n == 0:
		return DefaultLimit
	case n < 0:
		return math.MaxInt
	}
	return n
}
