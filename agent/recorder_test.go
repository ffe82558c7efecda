package agent

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// memoryRecorder keeps the newest state of every exchange. It is a Reader as far as Replay needs one.
type memoryRecorder struct {
	inspect.Reader // nil: nobody reads anything else

	mu    sync.Mutex
	cond  *sync.Cond
	all   map[inspect.ID]*inspect.Exchange
	order []inspect.ID
}

func newMemoryRecorder() *memoryRecorder {
	m := &memoryRecorder{all: map[inspect.ID]*inspect.Exchange{}}
	m.cond = sync.NewCond(&m.mu)
	return m
}

func (m *memoryRecorder) Record(x *inspect.Exchange) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all[x.ID] == nil {
		m.order = append(m.order, x.ID)
	}
	m.all[x.ID] = x
	m.cond.Broadcast()
}

func (m *memoryRecorder) Get(_ context.Context, id inspect.ID) (inspect.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.all[id]
	if x == nil {
		return inspect.Item{}, inspect.ErrNotFound
	}
	return inspect.Item{Exchange: x}, nil
}

// listed is all that r has, newest first.
func listed(t testing.TB, r inspect.Reader) []inspect.Item {
	t.Helper()
	items, err := inspect.Collect(r.List(t.Context(), inspect.Query{Limit: -1}))
	if err != nil {
		t.Error(err)
	}
	return items
}

// nth waits for the nth exchange to be in one of the states.
func (m *memoryRecorder) nth(t testing.TB, n int, states ...inspect.State) *inspect.Exchange {
	t.Helper()
	begin := time.Now()
	stop := time.AfterFunc(patience, m.cond.Broadcast)
	defer stop.Stop()
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		if len(m.order) > n {
			x := m.all[m.order[n]]
			for _, s := range states {
				if x.State == s {
					return x
				}
			}
		}
		if time.Since(begin) >= patience {
			t.Fatalf("exchange %d does not come to %v", n, states)
		}
		m.cond.Wait()
	}
}
