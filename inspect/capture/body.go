package capture

import "github.com/adit-tunnel/adit/inspect"

// body is the content of one side: what memory holds of its beginning, and what becomes of the rest. Bytes below a published length are never written again:
// content is only appended, and what is published is cut to its capacity, so that nobody can see or reach what comes behind it.
type body struct {
	side  inspect.Side
	pass  pass
	spent bool // its file was begun by an answer that another one has replaced
	bytes []byte
	size  int64
	over  *overflow // what came when memory had no more room; nil: it had
	times *times    // nil: it is no stream
}

// add counts p and copies what memory takes; what comes behind goes on to the overflow.
func (b *body) add(t *tap, p []byte) {
	if b.times != nil {
		b.times.note(t, b.size)
	}
	b.size += int64(len(p))
	if b.pass == looked {
		b.look(p)
	}
	if b.pass == refused {
		return
	}
	if b.over == nil {
		if p = b.keep(t, p); len(p) == 0 {
			return
		}
		if b.pass == held {
			b.refuse()
			return
		}
		b.over = b.overflow(t)
	}
	b.over.add(t, p)
}

// keep copies what there is room for, and returns the rest.
func (b *body) keep(t *tap, p []byte) (rest []byte) {
	n := min(len(p), t.budget.side-len(b.bytes))
	if !b.grow(t, n) {
		return p
	}
	b.bytes = append(b.bytes, p[:n]...)
	return p[n:]
}

// grow makes room for n more bytes: what is needed at first, since most bodies come in one piece, and twice what there was later. The
// budget is charged what is really taken.
func (b *body) grow(t *tap, n int) bool {
	need, have := len(b.bytes)+n, cap(b.bytes)
	if need <= have {
		return true
	}
	want := max(need, min(2*have, t.budget.side))
	if !t.takeContent(want - have) {
		if want = need; !t.takeContent(want - have) {
			return false
		}
	}
	grown := make([]byte, len(b.bytes), want)
	copy(grown, b.bytes)
	b.bytes = grown
	return true
}

// takeContent is take for content.
func (t *tap) takeContent(n int) bool { return t.budget.hasRoom(n) && t.take(n) }

// refuse forgets the content: it may hold what must not be recorded.
func (b *body) refuse() { b.pass, b.bytes = refused, nil }

// end redacts what was held until it was whole, and closes the file.
func (b *body) end(t *tap, m *inspect.Message) {
	if b.pass == held {
		b.release(t, m)
	}
	b.close()
}

// close ends what is open. What is held still was cut off, and cannot be read.
func (b *body) close() {
	if b.pass == held {
		b.refuse()
	}
	if b.over != nil {
		b.over.close()
	}
}

// tell writes what there is of b into m.
func (b *body) tell(m *inspect.Message) {
	m.Size = b.size
	if b.times != nil {
		m.Passed = b.times.told()
	}
	if b.pass == held {
		return // nothing yet
	}
	m.Body, m.Kept = b.bytes[:len(b.bytes):len(b.bytes)], int64(len(b.bytes))
	if b.over != nil {
		m.Kept, m.Tail = b.over.kept, b.over.tail.told()
	}
	m.Withheld = b.pass == refused && b.size > 0
	m.Dropped = m.Dropped || m.Kept < m.Size
}
