package store

import "github.com/adit-tunnel/adit/inspect"

// List returns the exchanges that q asks for, newest first.
func (m *Memory) List(q inspect.Query) []inspect.Item {
	limit := limited(q.Limit)
	m.mu.Lock()
	defer m.mu.Unlock()
	end := len(m.bySeq.list)
	if q.Before > 0 {
		end = m.bySeq.search(q.Before)
	}
	items := make([]inspect.Item, 0, min(limit, end))
	for i := end - 1; i >= 0 && len(items) < limit; i-- {
		e := m.bySeq.list[i].e
		if e.x != nil && (q.Endpoint == "" || e.x.Endpoint == q.Endpoint) {
			items = append(items, e.item())
		}
	}
	return items
}

// Get returns the exchange of that ID as it is now.
func (m *Memory) Get(id inspect.ID) (inspect.Item, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byID[id]
	if e == nil {
		return inspect.Item{}, false
	}
	return e.item(), true
}

// Since returns what changed after version v, oldest change first, at most limit (0: DefaultLimit). Ask again with the last item's Version
// until nothing comes. lagged says that something after v has been forgotten, by eviction or Clear: read again with List.
func (m *Memory) Since(v uint64, limit int) (items []inspect.Item, lagged bool) {
	limit = limited(limit)
	m.mu.Lock()
	defer m.mu.Unlock()
	if v >= m.version {
		return nil, false
	}
	for _, p := range m.byVersion.list[m.byVersion.search(v+1):] {
		if len(items) == limit {
			break
		}
		if m.byVersion.current(p) {
			items = append(items, p.e.item())
		}
	}
	return items, v < m.forgotten
}

// Count is how many exchanges were recorded since the start, kept or not.
func (m *Memory) Count() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seq
}

// Bytes is what the exchanges in the window hold.
func (m *Memory) Bytes() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes
}

func (e *entry) item() inspect.Item {
	return inspect.Item{Seq: e.seq, Version: e.version, Exchange: e.x}
}

func limited(n int) int {
	if n <= 0 {
		return DefaultLimit
	}
	return n
}
