package capture

import "github.com/adit-tunnel/adit/inspect"

// overflow is what becomes of content that memory has no room for: it goes to a file of the recorder's while that takes it, and then only the end of it is
// remembered.
type overflow struct {
	kept  int64         // bytes from the beginning, in memory or in the file
	spill inspect.Spill // nil: there is none, or none any more
	tail  tail
}

// overflow begins one; a file gets what memory holds first.
func (b *body) overflow(t *tap) *overflow {
	o := &overflow{kept: int64(len(b.bytes))}
	if s, ok := t.rec.(inspect.Spiller); ok && !b.spent {
		o.spill = s.Spill(t.x.ID, b.side)
	}
	if o.spill != nil && len(b.bytes) > 0 && !o.spill.Write(b.bytes) {
		o.close()
	}
	return o
}

func (o *overflow) add(t *tap, p []byte) {
	if o.spill != nil {
		if o.spill.Write(p) {
			o.kept += int64(len(p))
			return
		}
		o.close()
	}
	o.tail.add(t, p)
}

func (o *overflow) close() {
	if o.spill != nil {
		o.spill.Close()
		o.spill = nil
	}
}

// tailSize is how much of the end of content is remembered whose middle is lost.
const tailSize = 64 << 10

// tail is the last bytes of what was added: a ring, which is there only when something was.
type tail struct {
	ring []byte
	n    int64  // bytes that were added
	last []byte // what was told last: it is not written to any more
	upTo int64  // n then
}

func (r *tail) add(t *tap, p []byte) {
	if r.ring == nil {
		if r.n > 0 || !t.takeContent(tailSize) {
			r.n += int64(len(p)) // the budget had no room once: what comes later would be no longer the end of all
			return
		}
		r.ring = make([]byte, tailSize)
	}
	if skip := len(p) - tailSize; skip > 0 {
		r.n += int64(skip)
		p = p[skip:]
	}
	for len(p) > 0 {
		k := copy(r.ring[r.n%tailSize:], p)
		r.n += int64(k)
		p = p[k:]
	}
}

// told returns a copy, the same one until there is more.
func (r *tail) told() []byte {
	if r.ring == nil || r.n == r.upTo {
		return r.last
	}
	r.upTo = r.n
	if r.n <= tailSize {
		r.last = append([]byte(nil), r.ring[:r.n]...)
		return r.last
	}
	at := r.n % tailSize
	r.last = append(append(make([]byte, 0, tailSize), r.ring[at:]...), r.ring[:at]...)
	return r.last
}
