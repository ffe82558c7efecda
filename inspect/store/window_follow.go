package store

import (
	"slices"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// onDisk is what the writer has done for an entry. changed and written are versions.
type onDisk struct {
	changed   uint64    // when its state was recorded
	written   uint64    // the changed of the state that was written; 0: none was
	content   int64     // bytes of content that were written
	contentAt time.Time // and when
	answered  bool      // there was a response among it
	packed    bool      // it is in a pack, and no row
	lost      bool      // the writer has passed it over for good
}

// behind says that what is shown is newer than what is written.
func (d *onDisk) behind() bool { return d.changed > d.written }

// committed says that a kill -9 does not take e away: what has ended is on the disk as it is shown, what is under way perhaps as it was some moments ago.
func (e *entry) committed() bool {
	return e.disk.written > 0 && !(e.x.Ended() && e.disk.behind())
}

// follow makes the window keep account of what a writer has still to write.
func (m *Memory) follow() { m.recorded = make(chan struct{}, 1) }

func (m *Memory) wake() {
	if m.recorded == nil {
		return
	}
	select {
	case m.recorded <- struct{}{}:
	default:
	}
}

// unwritten is a state that the writer has to write.
type unwritten struct {
	inspect.Item
	e      *entry
	disk   onDisk // as it was when the state was taken
	lost   bool   // the writer has not written it, and will not
	packed bool   // it went into a pack
	kept   int64  // bytes of content that the writer has written with it; below 0: those of before stay
}

// unwritten returns states that are not written yet: those of again, and what has changed after a version, at most limit; and the version to go on from. An
// exchange that changes meanwhile is there twice, the newer state last.
func (m *Memory) unwritten(again []inspect.ID, after uint64, limit int) (all []unwritten, next uint64) {
	m.mu.Lock()
	for _, id := range again {
		if e := m.byID[id]; e != nil && e.due() {
			all = append(all, unwritten{Item: m.item(e), e: e, disk: e.disk})
		}
	}
	m.mu.Unlock()
	all = slices.Grow(all, batch)
	next = after
	for more := true; more && len(all) < limit; {
		all, next, more = m.unwrittenSome(all, next, limit)
	}
	return all, next
}

// unwrittenSome appends those among a chunk of changes: the traffic waits for the lock. more says that there are others behind it.
func (m *Memory) unwrittenSome(all []unwritten, after uint64, limit int) (_ []unwritten, next uint64, more bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	changes := m.byVersion.list[m.byVersion.search(after+1):]
	for _, p := range changes[:min(len(changes), chunk)] {
		if len(all) >= limit {
			break
		}
		after = p.key
		if m.byVersion.current(p) && p.e.due() {
			all = append(all, unwritten{Item: m.item(p.e), e: p.e, disk: p.e.disk})
		}
	}
	return all, after, len(changes) > chunk
}

// due says that there is something to write.
func (e *entry) due() bool { return e.disk.behind() && !e.disk.lost }

// settle enters what the writer has made of the states that it was given. What has become committed by it gets a new version.
func (m *Memory) settle(all []unwritten) {
	var version uint64
	for some := range slices.Chunk(all, chunk) {
		version = max(version, m.settleSome(some))
	}
	if version > 0 {
		m.changed(version)
	}
}

// settleSome is settle for a chunk of states: the traffic waits for the lock. It returns the newest version, if there is a new one.
func (m *Memory) settleSome(some []unwritten) (version uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range some {
		e := u.e
		if e.x == nil { // it had to go; if it was under way, it may be back
			e = m.byID[u.ID]
		}
		switch {
		case e == nil:
			if u.Ended() && !u.lost { // it had to go while it was being written, and was taken for lost
				m.lost--
			}
			continue
		case u.lost:
			e.disk.lost = true
			m.lost++
			continue
		}
		was := e.committed()
		e.disk.written, e.disk.packed = max(e.disk.written, u.disk.changed), u.packed
		if u.kept >= 0 {
			e.disk.content, e.disk.contentAt, e.disk.answered = u.kept, time.Now(), u.disk.answered
		}
		if e.committed() && !was {
			m.touch(e)
			version = m.version
		}
	}
	return version
}

// touch gives e a new version although its state is the same.
func (m *Memory) touch(e *entry) {
	m.version++
	e.version = m.version
	m.byVersion.drop()
	m.byVersion.push(e.version, e)
}

// unsettled returns the items that are not on the disk as rows as they are, newest first.
func (m *Memory) unsettled() (all []inspect.Item) {
	for before, more := uint64(0), true; more; more = before > 0 {
		all, before = m.unsettledSome(all, before)
	}
	return all
}

// unsettledSome appends the unsettled ones of the next exchanges before a place, and returns the place to go on from, 0 behind the oldest: the traffic
// waits for the lock.
func (m *Memory) unsettledSome(all []inspect.Item, before uint64) ([]inspect.Item, uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	end := len(m.bySeq.list)
	if before > 0 {
		end = m.bySeq.search(before)
	}
	places := m.bySeq.list[max(end-chunk, 0):end]
	for _, p := range slices.Backward(places) {
		if x := p.e.x; x != nil && (p.e.disk.behind() || p.e.disk.packed || !x.Ended()) {
			all = append(all, m.item(p.e))
		}
	}
	if len(places) < chunk {
		return all, 0
	}
	return all, places[0].key
}

// peek returns the item of an exchange if it is in the window.
func (m *Memory) peek(id inspect.ID) (inspect.Item, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byID[id]
	if e == nil {
		return inspect.Item{}, false
	}
	return m.item(e), true
}

// numberLost is how many exchanges were never written.
func (m *Memory) numberLost() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lost
}

// announce tells of something that is no change of an exchange.
func (m *Memory) announce() {
	m.mu.Lock()
	m.version++
	version := m.version
	m.mu.Unlock()
	m.changed(version)
}

// unknownToDisk says that an exchange is in the window and nowhere else.
func (m *Memory) unknownToDisk(id inspect.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byID[id]
	return e != nil && e.disk.written == 0
}

// wants says that the content of an exchange is still to be written.
func (m *Memory) wants(id inspect.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, strayed := m.strayed[id]
	e := m.byID[id]
	return strayed || e != nil && (!e.x.Ended() || e.disk.behind() && !e.disk.lost)
}

// onDisk returns the exchanges that have ended and are rows.
func (m *Memory) onDisk() (ids []inspect.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, e := range m.byID {
		if e.x.Ended() && e.committed() && !e.disk.packed {
			ids = append(ids, id)
		}
	}
	return ids
}

// unwrite makes everything one that has still to be written.
func (m *Memory) unwrite() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.byID {
		e.disk.written, e.disk.content, e.disk.packed = 0, 0, false
	}
}

// inPacks returns the exchanges that are in a pack, and the lowest Seq there is.
func (m *Memory) inPacks() (ids []inspect.ID, oldest uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, e := range m.byID {
		if e.disk.packed {
			ids = append(ids, id)
		}
	}
	if e := m.bySeq.first(); e != nil {
		oldest = e.seq
	}
	return ids, oldest
}

// unpacked enters that exchanges are in no pack any more.
func (m *Memory) unpacked(ids []inspect.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if e := m.byID[id]; e != nil {
			e.disk.packed = false
		}
	}
}
