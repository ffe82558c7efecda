package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// Memory is the window. When it outgrows a limit, the exchange that ended first goes; those under way go only when nothing else is left,
// and come back when they end. Safe for concurrent use; nothing blocks but for the moment another call takes.
type Memory struct {
	limit    Options
	place    func(at time.Time) uint64
	onChange func(version uint64)

	mu        sync.Mutex
	byID      map[inspect.ID]*entry
	bySeq     sequence // all, oldest first
	byVersion sequence // all, in the order of their last change
	byEnd     sequence // those that have ended, in that order
	strayed   map[inspect.ID]number
	bytes     int64
	count     uint64 // of exchanges, kept or not
	version   uint64
	forgotten uint64                        // the highest version that somebody might miss
	views     []inspect.View                // by name
	memos     map[inspect.MemoList][]string // newest first
	recorded  chan struct{}                 // wakes the writer; nil: there is none
	lost      uint64                        // exchanges that left, or were passed over, before the writer had written them

	_      [64]byte      // what comes is not kept waiting by what is recorded: another line of the processor's caches
	placed atomic.Uint64 // the newest place
}

// entry is an exchange in the window. x is nil when it has left.
type entry struct {
	number
	version uint64
	x       *inspect.Exchange
	bytes   int64
	marks   marks
	disk    onDisk
}

// number is an exchange's place: Seq among all, Nth in this run.
type number struct{ seq, nth uint64 }

// seqBits is how many bits of Seq tell the agents apart.
const seqBits = 10

// Place makes a place, which is the exchange's Seq, of the microsecond and ten bits of the run, so that two agents give none twice.
func (m *Memory) Place(at time.Time) uint64 {
	now := uint64(at.UnixMicro())<<seqBits | uint64(m.limit.Run)&(1<<seqBits-1)
	for {
		last := m.placed.Load()
		place := max(now, last+1<<seqBits)
		if m.placed.CompareAndSwap(last, place) {
			return place
		}
	}
}

var (
	_ inspect.Recorder = (*Memory)(nil)
	_ inspect.Reader   = (*Memory)(nil)
	_ inspect.Keeper   = (*Memory)(nil)
	_ inspect.Spiller  = (*Memory)(nil)
	_ inspect.Placer   = (*Memory)(nil)
)

// NewMemory returns an empty window. Of the options only Exchanges, Bytes, Run, OnChange and Label count.
func NewMemory(o Options) *Memory {
	o = o.withDefaults()
	m := &Memory{limit: o, onChange: o.OnChange, byID: map[inspect.ID]*entry{}, strayed: map[inspect.ID]number{}}
	m.place = m.Place
	m.bySeq.current = func(p place) bool { return p.e.x != nil }
	m.byVersion.current = func(p place) bool { return p.e.x != nil && p.e.version == p.key }
	m.byEnd.current = m.bySeq.current
	return m
}

// Record keeps x, as a new exchange or as a later state of one that is known by its ID; a state that comes after the end is ignored. The
// store keeps x itself: it must not be changed any more.
func (m *Memory) Record(x *inspect.Exchange) {
	m.mu.Lock()
	changed := m.put(x)
	if changed {
		m.evict()
	}
	version := m.version
	m.mu.Unlock()
	if changed {
		m.changed(version)
		m.wake()
	}
}

// put enters x and says whether that changed anything.
func (m *Memory) put(x *inspect.Exchange) bool {
	e := m.byID[x.ID]
	switch n, strayed := m.strays(x.ID); {
	case e != nil && e.x.Ended(), strayed && !x.Ended():
		return false
	case e != nil:
		m.bytes -= e.bytes
	case strayed:
		delete(m.strayed, x.ID)
		e = &entry{number: n}
		m.bySeq.insert(n.seq, e)
	default:
		m.count++
		e = &entry{number: number{x.Place, m.count}}
		if e.seq == 0 {
			e.seq = m.place(time.Now())
		}
		m.bySeq.insert(e.seq, e)
	}
	m.version++
	e.disk.changed = m.version
	m.enter(e, x)
	return true
}

// strays says that an exchange was forgotten while it was under way, and which number it had.
func (m *Memory) strays(id inspect.ID) (n number, ok bool) {
	if len(m.strayed) > 0 { // rarely: nothing need be looked up
		n, ok = m.strayed[id]
	}
	return n, ok
}

// enter makes x the state of e as of the current version.
func (m *Memory) enter(e *entry, x *inspect.Exchange) {
	known := e.x != nil
	e.x, e.version, e.bytes = x, m.version, weight(x)
	m.bytes += e.bytes
	if known {
		m.byVersion.drop()
	} else {
		m.byID[x.ID] = e
	}
	m.byVersion.push(e.version, e)
	if x.Ended() {
		m.byEnd.push(e.version, e)
	}
}

// evict makes the window fit its limits again. It begins when a few exchanges are too many, since it is the old ones, long out of the processor's caches, that
// cost time.
func (m *Memory) evict() {
	if len(m.byID) <= m.limit.Exchanges+m.limit.Exchanges/64 && m.bytes <= m.limit.Bytes {
		return
	}
	for len(m.byID) > m.limit.Exchanges || m.bytes > m.limit.Bytes {
		e := m.byEnd.first()
		if e == nil {
			e = m.bySeq.first()
			m.stray(e)
		} else if m.recorded != nil && e.disk.behind() && !e.disk.lost {
			m.lost++
		}
		m.forget(e)
	}
}

// stray remembers an exchange under way that is forgotten, so that its end is not taken for another exchange. Those whose end never comes
// must not pile up.
func (m *Memory) stray(e *entry) {
	if len(m.strayed) >= m.limit.Exchanges {
		clear(m.strayed)
	}
	m.strayed[e.x.ID] = e.number
}

// forget takes e out of the window.
func (m *Memory) forget(e *entry) {
	delete(m.byID, e.x.ID)
	m.bytes -= e.bytes
	m.forgotten = max(m.forgotten, e.version)
	ended := e.x.Ended()
	e.x = nil
	m.bySeq.drop()
	m.byVersion.drop()
	if ended {
		m.byEnd.drop()
	}
}

// Clear forgets every exchange that has ended and is not pinned; those under way stay. Whoever asks Since for what came before is told to read again.
func (m *Memory) Clear(context.Context) error {
	m.mu.Lock()
	var all []*entry
	for _, e := range m.byID {
		if e.x.Ended() && !e.marks.Pinned {
			all = append(all, e)
		}
	}
	m.forgetAll(all)
	return nil
}

// forgetAll takes entries out of the window, unlocks it and tells of it.
func (m *Memory) forgetAll(all []*entry) {
	for _, e := range all {
		m.forget(e)
	}
	m.version++
	m.forgotten = m.version
	version := m.version
	m.mu.Unlock()
	m.changed(version)
}

func (m *Memory) changed(version uint64) {
	if m.onChange != nil {
		m.onChange(version)
	}
}

// weight is what x holds in memory, but for what every exchange holds.
func weight(x *inspect.Exchange) int64 {
	of := func(m *inspect.Message) int {
		return len(m.Head) + len(m.Body) + len(m.Tail) + len(m.Trailers) + 16*len(m.Passed)
	}
	n := of(&x.Request.Message) + len(x.Request.Target) + len(x.Request.Host)
	if x.Response != nil {
		n += of(&x.Response.Message)
	}
	return int64(n)
}
