package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// model is the window in the simplest words: a slice that is searched and sorted.
type model struct {
	limit     Options
	items     []modelItem // by seq
	strayed   map[inspect.ID]uint64
	seq       uint64
	version   uint64
	forgotten uint64
}

type modelItem struct {
	inspect.Item
	ended uint64 // version at which it ended
}

func (m *model) record(x *inspect.Exchange) {
	at := slices.IndexFunc(m.items, func(it modelItem) bool { return it.ID == x.ID })
	seq, strayed := m.strayed[x.ID]
	if at >= 0 && m.items[at].Ended() || strayed && !x.Ended() {
		return
	}
	m.version++
	it := modelItem{Item: inspect.Item{Seq: seq, Nth: seq, Version: m.version, Exchange: x}}
	if x.Ended() {
		it.ended = m.version
	}
	switch {
	case at >= 0:
		it.Seq, it.Nth = m.items[at].Seq, m.items[at].Nth
		m.items[at] = it
	case strayed:
		delete(m.strayed, x.ID)
		m.items = append(m.items, it)
	default:
		m.seq++
		it.Seq, it.Nth = m.seq, m.seq
		m.items = append(m.items, it)
	}
	slices.SortFunc(m.items, func(a, b modelItem) int { return int(a.Seq) - int(b.Seq) })
	for len(m.items) > m.limit.Exchanges || m.bytes() > m.limit.Bytes {
		m.evictOne()
	}
}

func (m *model) bytes() (n int64) {
	for _, it := range m.items {
		n += weight(it.Exchange)
	}
	return n
}

func (m *model) evictOne() {
	victim := -1
	for i, it := range m.items {
		if it.ended > 0 && (victim < 0 || it.ended < m.items[victim].ended) {
			victim = i
		}
	}
	if victim < 0 {
		victim = 0
		if len(m.strayed) >= m.limit.Exchanges {
			clear(m.strayed)
		}
		m.strayed[m.items[0].ID] = m.items[0].Seq
	}
	m.remove(victim)
}

func (m *model) remove(i int) {
	m.forgotten = max(m.forgotten, m.items[i].Version)
	m.items = slices.Delete(m.items, i, i+1)
}

func (m *model) clear() {
	m.items = slices.DeleteFunc(m.items, func(it modelItem) bool { return it.Ended() })
	m.version++
	m.forgotten = m.version
}

func (m *model) list(q inspect.Query) (out []inspect.Item) {
	for _, it := range slices.Backward(m.items) {
		if (q.Before == 0 || it.Seq < q.Before) && (q.Endpoint == "" || q.Endpoint == it.Endpoint) && len(out) < q.Limit {
			out = append(out, it.Item)
		}
	}
	return out
}

func same(a, b inspect.Item) bool {
	return a.Seq == b.Seq && a.Nth == b.Nth && a.Version == b.Version && a.ID == b.ID && a.State == b.State
}

func (m *model) since(v uint64, limit int) (out []inspect.Item, lagged bool) {
	for _, it := range m.items {
		if it.Version > v {
			out = append(out, it.Item)
		}
	}
	slices.SortFunc(out, func(a, b inspect.Item) int { return int(a.Version) - int(b.Version) })
	return out[:min(len(out), limit)], v < m.forgotten
}

// Whatever is recorded in whatever order: the store answers like the model, and stays within its limits.
func TestStoreIsLikeItsModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		o := Options{Exchanges: 1 + rnd.IntN(60), Bytes: int64(1 + rnd.IntN(3000))}
		real, want := newWindow(o), &model{limit: o, strayed: map[inspect.ID]uint64{}}
		for step := range 1500 {
			if rnd.IntN(300) == 0 {
				real.Clear(t.Context())
				want.clear()
			}
			x := exchange(fmt.Sprint(step/4+rnd.IntN(40)), inspect.State(rnd.IntN(4)), rnd.IntN(100))
			x.Endpoint = fmt.Sprint(rnd.IntN(3))
			real.Record(x)
			want.record(x)

			q := inspect.Query{Before: uint64(rnd.IntN(int(want.seq) + 2)), Limit: 1 + rnd.IntN(70)}
			if rnd.IntN(2) == 0 {
				q.Endpoint = "1"
			}
			if got, want := list(t, real, q), want.list(q); !slices.EqualFunc(got, want, same) {
				t.Fatalf("seed %d, step %d: List(%+v) = %v, want %v", seed, step, q, ids(got), ids(want))
			}
			v, limit := uint64(rnd.IntN(int(want.version)+2)), 1+rnd.IntN(70)
			got, lagged := real.Since(v, limit)
			expected, late := want.since(v, limit)
			if !slices.EqualFunc(got, expected, same) || lagged != late {
				t.Fatalf("seed %d, step %d: Since(%d) = %v, %v, want %v, %v", seed, step, v, ids(got), lagged, ids(expected), late)
			}
			if real.Count() != want.seq || real.Bytes() != want.bytes() || real.Bytes() > o.Bytes || len(real.byID) > o.Exchanges {
				t.Fatalf("seed %d, step %d: count %d of %d, bytes %d of %d", seed, step, real.Count(), want.seq, real.Bytes(), want.bytes())
			}
			if n := len(real.bySeq.list) + len(real.byVersion.list) + len(real.byEnd.list); n > 6*o.Exchanges+400 {
				t.Fatalf("seed %d, step %d: %d places for %d exchanges", seed, step, n, o.Exchanges)
			}
		}
	}
}

// A reader that only asks Since, and lists when told to, ends with what is in the store.
func TestFollowingReaderSeesEverything(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	m := newWindow(Options{Exchanges: 100})
	seen := map[inspect.ID]uint64{}
	var v uint64
	follow := func() {
		for {
			items, lagged := m.Since(v, 7)
			if lagged {
				items = list(t, m, inspect.Query{Limit: 1000})
			}
			for _, it := range items {
				seen[it.ID] = it.Version
				v = max(v, it.Version)
			}
			if len(items) == 0 || lagged {
				return
			}
		}
	}
	for step := range 5000 {
		m.Record(exchange(fmt.Sprint(step/5+rnd.IntN(10)), inspect.State(rnd.IntN(4)), 10))
		if rnd.IntN(50) == 0 {
			follow()
		}
	}
	follow()
	for _, it := range list(t, m, inspect.Query{Limit: 1000}) {
		if seen[it.ID] != it.Version {
			t.Errorf("%s was last seen at %d, is at %d", it.ID, seen[it.ID], it.Version)
		}
	}
}
