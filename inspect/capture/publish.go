package capture

import (
	"bytes"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// body is the content of one side: a prefix of what passed. Bytes below a published length are never written again: content is only
// appended, and what is published is cut to its capacity, so that nobody can see or reach what comes behind it.
type body struct {
	bytes []byte
	size  int64
	full  bool // something was left out: nothing may follow it
}

// add counts p and copies what the budget allows.
func (b *body) add(t *Tap, p []byte) {
	b.size += int64(len(p))
	if b.full {
		return
	}
	if room := t.budget.side - len(b.bytes); len(p) > room {
		p, b.full = p[:room], true
	}
	if !b.grow(t, len(p)) {
		b.full = true
		return
	}
	b.bytes = append(b.bytes, p...)
}

// grow makes room for n more bytes: what is needed at first, since most bodies come in one piece, and twice what there was later. The
// budget is charged what is really taken.
func (b *body) grow(t *Tap, n int) bool {
	need, have := len(b.bytes)+n, cap(b.bytes)
	if need <= have {
		return true
	}
	want := max(need, min(2*have, t.budget.side))
	if !t.take(want - have) {
		if want = need; !t.take(want - have) {
			return false
		}
	}
	grown := make([]byte, len(b.bytes), want)
	copy(grown, b.bytes)
	b.bytes = grown
	return true
}

// tell writes what there is of b into m.
func (b *body) tell(m *inspect.Message) {
	m.Body, m.Kept, m.Size = b.bytes[:len(b.bytes):len(b.bytes)], int64(len(b.bytes)), b.size
	m.Dropped = m.Dropped || b.full
}

// take reserves n bytes of the budget until the tap ends.
func (t *Tap) take(n int) bool {
	if !t.budget.take(n) {
		return false
	}
	t.held += n
	return true
}

// end marks m as whole.
func (t *Tap) end(m *inspect.Message, b *body, trailers []byte) {
	m.Whole = true
	if len(trailers) == 0 {
		return
	}
	if t.take(len(trailers)) {
		m.Trailers = bytes.Clone(trailers)
	} else {
		b.full = true
	}
}

// flowed publishes the exchange again when the last time was a while ago.
func (t *Tap) flowed() {
	if now := t.budget.now(); now.Sub(t.published) >= t.every {
		t.publish(now)
	}
}

// publish gives the recorder a copy of what is known now. Called with the lock held, so that states reach the recorder in order; Record never blocks.
func (t *Tap) publish(now time.Time) {
	t.published = now
	if !t.hasRes {
		x := t.x.Exchange // alone: it is smaller
		t.tell(&x, now)
		t.rec.Record(&x)
		return
	}
	x := *t.x
	t.complete(&x, now)
	t.rec.Record(&x.Exchange)
}

// complete adds to x what t.x does not have.
func (t *Tap) complete(x *known, now time.Time) {
	t.tell(&x.Exchange, now)
	if t.hasRes {
		t.resBody.tell(&x.response.Message)
		x.Response = &x.response
	}
}

// tell adds the duration and the request's body. The duration is measured on this machine's clock: Start may have come from another's.
func (t *Tap) tell(x *inspect.Exchange, now time.Time) {
	x.Duration = max(now.Sub(t.began), 0)
	t.reqBody.tell(&x.Request.Message)
}
