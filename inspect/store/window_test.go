package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// exchange is a state with a body of size bytes.
func exchange(id string, s inspect.State, size int) *inspect.Exchange {
	x := &inspect.Exchange{ID: inspect.ID(id), Endpoint: "web", State: s}
	x.Request.Body = make([]byte, size)
	return x
}

// newWindow is a window whose places are 1, 2, 3.
func newWindow(o Options) *Memory {
	m := NewMemory(o)
	m.place = func(time.Time) uint64 { return m.placed.Add(1) }
	return m
}

func list(t testing.TB, r inspect.Reader, q inspect.Query) []inspect.Item {
	t.Helper()
	items, err := inspect.Collect(r.List(t.Context(), q))
	if err != nil {
		t.Error(err)
	}
	return items
}

func ids(items []inspect.Item) []string {
	out := []string{}
	for _, it := range items {
		out = append(out, string(it.ID))
	}
	return out
}

func wantIDs(t *testing.T, what string, items []inspect.Item, want ...string) {
	t.Helper()
	if got := ids(items); !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestStatesOfOneExchange(t *testing.T) {
	var versions []uint64
	m := newWindow(Options{OnChange: func(v uint64) { versions = append(versions, v) }})
	for _, s := range []inspect.State{inspect.Pending, inspect.Open, inspect.Done, inspect.Open} {
		m.Record(exchange("a", s, 1))
	}
	it, err := m.Get(t.Context(), "a")
	if err != nil || it.Seq != 1 || it.Version != 3 || it.State != inspect.Done {
		t.Errorf("%+v, %v", it, err)
	}
	if m.Count() != 1 || m.Bytes() != 1 || !slices.Equal(versions, []uint64{1, 2, 3}) {
		t.Errorf("count %d, bytes %d, versions %v", m.Count(), m.Bytes(), versions)
	}
	if _, err := m.Get(t.Context(), "b"); !errors.Is(err, inspect.ErrNotFound) {
		t.Error("what was never recorded is there")
	}
}

func TestList(t *testing.T) {
	m := newWindow(Options{})
	for i := range 250 {
		x := exchange(fmt.Sprint(i+1), inspect.Done, 1)
		if i%2 == 0 {
			x.Endpoint = "odd"
		}
		m.Record(x)
	}
	if got := list(t, m, inspect.Query{}); len(got) != 100 || got[0].Seq != 250 || got[99].Seq != 151 {
		t.Errorf("%d items", len(got))
	}
	wantIDs(t, "limit", list(t, m, inspect.Query{Limit: 2}), "250", "249")
	wantIDs(t, "before", list(t, m, inspect.Query{Limit: 2, Before: 100}), "99", "98")
	wantIDs(t, "endpoint", list(t, m, inspect.Query{Limit: 2, Endpoint: "odd", Before: 8}), "7", "5")
	wantIDs(t, "before the first", list(t, m, inspect.Query{Before: 1}))
	wantIDs(t, "the end", list(t, m, inspect.Query{Before: 3, Limit: 9}), "2", "1")
	wantIDs(t, "before the future", list(t, m, inspect.Query{Before: 9999, Limit: 1}), "250")
	wantIDs(t, "no such endpoint", list(t, m, inspect.Query{Endpoint: "none"}))
}

func TestSince(t *testing.T) {
	m := newWindow(Options{})
	if items, lagged := m.Since(0, 0); len(items) != 0 || lagged {
		t.Error("an empty store has changes")
	}
	m.Record(exchange("a", inspect.Pending, 1)) // 1
	m.Record(exchange("b", inspect.Done, 1))    // 2
	m.Record(exchange("c", inspect.Done, 1))    // 3
	m.Record(exchange("a", inspect.Done, 1))    // 4
	items, lagged := m.Since(0, 0)
	if wantIDs(t, "all", items, "b", "c", "a"); lagged {
		t.Error("lagged")
	}
	items, _ = m.Since(2, 1)
	wantIDs(t, "one", items, "c")
	items, _ = m.Since(3, 1)
	wantIDs(t, "the next", items, "a")
	items, _ = m.Since(4, 1)
	wantIDs(t, "none", items)
}

func TestSinceLagged(t *testing.T) {
	m := newWindow(Options{Exchanges: 2})
	for _, id := range []string{"a", "b", "c"} {
		m.Record(exchange(id, inspect.Done, 1))
	}
	items, lagged := m.Since(0, 0)
	if wantIDs(t, "what is left", items, "b", "c"); !lagged {
		t.Error("a was forgotten without a word")
	}
	if _, lagged = m.Since(1, 0); lagged {
		t.Error("lagged, although a was seen before it was forgotten")
	}
}

func TestEvictionByBytes(t *testing.T) {
	m := newWindow(Options{Bytes: 100})
	m.Record(exchange("slow", inspect.Open, 30))
	m.Record(exchange("b", inspect.Done, 40))
	m.Record(exchange("c", inspect.Done, 30))
	m.Record(exchange("d", inspect.Done, 1))
	wantIDs(t, "the oldest that ended is gone", list(t, m, inspect.Query{}), "d", "c", "slow")
	m.Record(exchange("slow", inspect.Open, 80))
	wantIDs(t, "another one is gone", list(t, m, inspect.Query{}), "d", "slow")
	m.Record(exchange("huge", inspect.Done, 101))
	wantIDs(t, "nothing larger than the window", list(t, m, inspect.Query{}), "slow")
	if m.Bytes() != 80 || m.Count() != 5 {
		t.Errorf("%d bytes, %d counted", m.Bytes(), m.Count())
	}
}

// An exchange under way that had to go comes back at its place when it ends, and is counted once.
func TestStrayedExchangesComeBack(t *testing.T) {
	m := newWindow(Options{Exchanges: 2})
	for _, id := range []string{"a", "b", "c"} {
		m.Record(exchange(id, inspect.Pending, 1))
	}
	wantIDs(t, "a had to go", list(t, m, inspect.Query{}), "c", "b")
	m.Record(exchange("a", inspect.Open, 1))
	wantIDs(t, "a is still under way", list(t, m, inspect.Query{}), "c", "b")
	m.Record(exchange("c", inspect.Done, 1))
	m.Record(exchange("b", inspect.Done, 1))
	m.Record(exchange("a", inspect.Done, 1))
	wantIDs(t, "a is back, c had ended first", list(t, m, inspect.Query{}), "b", "a")
	if it, _ := m.Get(t.Context(), "a"); it.Seq != 1 {
		t.Errorf("a has the place %d", it.Seq)
	}
	if m.Count() != 3 {
		t.Errorf("%d counted", m.Count())
	}
}

func TestStraysDoNotPileUp(t *testing.T) {
	m := newWindow(Options{Exchanges: 3})
	for i := range 100 {
		m.Record(exchange(fmt.Sprint(i), inspect.Pending, 1))
	}
	if len(m.strayed) > 3 {
		t.Errorf("%d strays are remembered", len(m.strayed))
	}
}

func TestClear(t *testing.T) {
	var last uint64
	m := newWindow(Options{OnChange: func(v uint64) { last = v }})
	m.Record(exchange("a", inspect.Pending, 5))
	m.Record(exchange("b", inspect.Done, 5))
	seen := last
	m.Clear(t.Context())
	if last <= seen {
		t.Error("nobody was told")
	}
	if _, lagged := m.Since(seen, 0); !lagged {
		t.Error("whoever has seen everything is not told to read again")
	}
	if _, lagged := m.Since(last, 0); lagged {
		t.Error("lagged after reading again")
	}
	wantIDs(t, "what is under way stays", list(t, m, inspect.Query{}), "a")
	m.Record(exchange("a", inspect.Done, 5))
	m.Clear(t.Context())
	wantIDs(t, "all gone", list(t, m, inspect.Query{}))
	m.Record(exchange("c", inspect.Done, 5))
	if it, _ := m.Get(t.Context(), "c"); it.Seq != 3 || m.Count() != 3 || m.Bytes() != 5 {
		t.Errorf("seq %d, count %d, bytes %d", it.Seq, m.Count(), m.Bytes())
	}
}

func TestWeight(t *testing.T) {
	x := &inspect.Exchange{}
	x.Request.Head, x.Request.Body, x.Request.Trailers = make([]byte, 1), make([]byte, 2), make([]byte, 4)
	x.Request.Target, x.Request.Host = "12345678", "1234567890123456"
	x.Response = &inspect.Response{Message: inspect.Message{Head: make([]byte, 32), Body: make([]byte, 64), Trailers: make([]byte, 128)}}
	if w := weight(x); w != 255 {
		t.Errorf("weight %d, want 255", w)
	}
}

func TestConcurrentUse(t *testing.T) {
	m := newWindow(Options{Exchanges: 50, Bytes: 2000, OnChange: func(uint64) {}})
	var wg sync.WaitGroup
	const writers, each = 4, 500
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprint(w, "-", i)
				m.Record(exchange(id, inspect.Pending, 10))
				m.Record(exchange(id, inspect.Open, 20))
				m.Record(exchange(id, inspect.Done, 30))
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			var v uint64
			for range 300 {
				items, lagged := m.Since(v, 10)
				if lagged {
					items = list(t, m, inspect.Query{Limit: 10})
				}
				for _, it := range items {
					v = max(v, it.Version)
					m.Get(t.Context(), it.ID)
				}
			}
			m.Clear(t.Context())
		})
	}
	wg.Wait()
	if m.Count() != writers*each {
		t.Errorf("%d counted", m.Count())
	}
	if n := len(list(t, m, inspect.Query{Limit: 1000})); n > 50 || m.Bytes() > 2000 {
		t.Errorf("%d exchanges of %d bytes", n, m.Bytes())
	}
}

func BenchmarkRecord(b *testing.B) {
	m := newWindow(Options{})
	pool := make([]*inspect.Exchange, 40_000)
	for i := range pool {
		pool[i] = exchange(fmt.Sprintf("0193a2b4-5c6d-7e8f-9a0b-%012x", i*7919), inspect.Done, 512)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m.Record(pool[i%len(pool)])
		i++
	}
}

// A listed exchange has no content, but the name that was read from it.
func TestListedWithLabel(t *testing.T) {
	m := newWindow(Options{Label: func(x *inspect.Exchange) string { return string(x.Request.Body) }})
	x := exchange("a", inspect.Done, 0)
	x.Request.Body = []byte("stripe · invoice.paid")
	m.Record(x)
	if got := list(t, m, inspect.Query{}); len(got) != 1 || got[0].Label != "stripe · invoice.paid" || got[0].Request.Body != nil {
		t.Errorf("%+v", got)
	}
}
