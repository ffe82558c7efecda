package capture

import (
	"bytes"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// take reserves n bytes of the budget until the tap ends.
func (t *tap) take(n int) bool {
	if !t.budget.take(n) {
		return false
	}
	t.held += n
	return true
}

// head keeps a head, if there is room for it and extra bytes.
func (t *tap) head(m *inspect.Message, raw []byte, extra int) bool {
	lines, redacted := t.redact.lines(raw)
	if !t.take(len(lines) + extra) {
		m.Dropped = true
		return false
	}
	if !redacted {
		lines = bytes.Clone(lines)
	}
	m.Head, m.Redacted = lines, redacted
	return true
}

// end marks m as whole.
func (t *tap) end(m *inspect.Message, b *body, trailers []byte) {
	m.Whole = true
	b.end(t, m)
	if len(trailers) == 0 {
		return
	}
	lines, redacted := t.redact.lines(trailers)
	if !t.take(len(lines)) {
		m.Dropped = true
		return
	}
	m.Trailers, m.Redacted = bytes.Clone(lines), m.Redacted || redacted
}

// streams makes the exchange one that people watch. The first piece often comes with the head.
func (t *tap) streams() { t.every, t.published = everyEvents, time.Time{} }

// flow tells content of one side.
func (t *tap) flow(b *body, p []byte) {
	if len(p) > 0 {
		b.add(t, p)
		t.flowed(b.times != nil)
	}
}

// flowed publishes the exchange again when the last time was a while ago; a stream also when that is only to come.
func (t *tap) flowed(stream bool) {
	if t.waits && !stream {
		return // it is going to be published anyway
	}
	now := time.Now()
	switch left := t.every - now.Sub(t.published); {
	case left <= 0:
		t.publish(now)
	case stream:
		if t.news = true; t.due == nil {
			t.due = time.AfterFunc(left, Tap{t, t.turn}.flowedBefore)
		}
	}
}

// flowedBefore publishes what has come since the last time.
func (h Tap) flowedBefore() {
	t := h.lock()
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	if t.due = nil; t.news {
		t.publish(time.Now())
	}
}

// publish gives the recorder a copy of what is known now. Called with the lock held, so that states reach the recorder in order; Record never blocks.
func (t *tap) publish(now time.Time) {
	t.published, t.news = now, false
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
func (t *tap) complete(x *known, now time.Time) {
	t.tell(&x.Exchange, now)
	if t.hasRes {
		t.resBody.tell(&x.response.Message)
		x.Response = &x.response
	}
}

// tell adds the duration and the request's body. The duration is measured on this machine's clock: Start may have come from another's.
func (t *tap) tell(x *inspect.Exchange, now time.Time) {
	x.Duration = max(now.Sub(t.began), 0)
	t.reqBody.tell(&x.Request.Message)
}
