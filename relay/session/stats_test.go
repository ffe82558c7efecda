package session

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

func newStats(handles ...uint32) (*stats, []*endpoint) {
	s := &session{}
	s.stats.init()
	var all []*endpoint
	for _, h := range handles {
		all = append(all, &endpoint{sess: s, handle: h, reg: &registry.Endpoint{Epoch: 9}})
	}
	return &s.stats, all
}

func TestStatsAreKeptUntilAcknowledged(t *testing.T) {
	st, es := newStats(1, 2)
	now := time.Unix(1e9, 0)
	if st.collect(now, false) != nil {
		t.Fatal("figures of nothing")
	}
	st.opened(es[0])
	st.opened(es[0])
	st.opened(es[1])
	st.closed(es[0], 3*time.Millisecond)
	m := st.collect(now, false)
	if m.Seq != "1" || len(m.Endpoints) != 2 {
		t.Fatalf("%+v", m)
	}
	if e := m.Endpoints[0]; e.Handle != 1 || e.Epoch != "9" || e.Opened != 2 || e.Open != 1 || e.First != "1" || len(e.Durations) != 1 || e.Durations[0] != 3000 {
		t.Fatalf("%+v", e)
	}
	if e := m.Endpoints[1]; e.Opened != 1 || e.Open != 1 || e.First != "" {
		t.Fatalf("%+v", e)
	}
	st.closed(es[1], time.Second)
	if st.collect(now.Add(time.Second), false) != nil {
		t.Fatal("a second message before the first was acknowledged")
	}
	again := st.collect(now.Add(statsAgain), false)
	if again == nil || again.Seq != "1" || again.Endpoints[0].First != "1" || again.Endpoints[1].Open != 0 || again.Endpoints[1].First != "" {
		t.Fatalf("%+v", again)
	}
	st.ack(7)
	st.ack(1)
	m = st.collect(now, false)
	if m == nil || m.Seq != "2" || len(m.Endpoints) != 1 || m.Endpoints[0].First != "2" || m.Endpoints[0].Durations[0] != 1e6 {
		t.Fatalf("%+v", m)
	}
	st.ack(2)
	if st.collect(now, false) != nil || st.held != 0 {
		t.Fatal("something is left")
	}
}

func TestStatsFitAMessage(t *testing.T) {
	handles := make([]uint32, maxEndpoints)
	for i := range handles {
		handles[i] = 1<<32 - 1 - uint32(i)
	}
	st, es := newStats(handles...)
	for i, e := range es {
		var due []arrear
		for n := range uint64(maxArrear) {
			due = append(due, arrear{math.MaxUint64 - n, math.MaxInt64 - int64(i)})
		}
		st.settle(e, due)
	}
	told := 0
	const closed = 2 * maxHeld
	for i := range closed {
		st.opened(es[i%len(es)])
		st.closed(es[i%len(es)], 1000*time.Hour)
	}
	next := uint64(1)
	for n := 0; ; n++ {
		m := st.collect(time.Unix(int64(n), 0), false)
		if m == nil {
			break
		}
		b, err := json.Marshal(wire.Message{Type: "Stats", Body: m})
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > wire.MaxMessage {
			t.Fatalf("a message of %d bytes", len(b))
		}
		again := st.refill()
		if b, err := json.Marshal(wire.Message{Type: "Stats", Body: &wire.Stats{Endpoints: again}}); err != nil || len(b) > wire.MaxMessage {
			t.Fatalf("said again it is a message of %d bytes (%v)", len(b), err)
		}
		for _, e := range m.Endpoints {
			if e.Epoch != "9" {
				told++
			}
			if e.First == "" {
				continue
			}
			if e.First != strconv.FormatUint(next, 10) {
				t.Fatalf("first is %s, want %d", e.First, next)
			}
			next += uint64(len(e.Durations))
		}
		if m.Seq != strconv.FormatUint(next-1, 10) {
			t.Fatalf("seq is %s, want %d", m.Seq, next-1)
		}
		st.ack(next - 1)
	}
	if told != maxArrear*len(es) {
		t.Fatalf("%d arrears came", told)
	}
	if next-1 != maxHeld {
		t.Fatalf("%d durations came, want %d", next-1, maxHeld)
	}
}

// A final message waits for nothing, and what nobody has acknowledged stays owed.
func TestFinalStats(t *testing.T) {
	st, es := newStats(1, 2)
	now := time.Unix(1e9, 0)
	st.opened(es[0])
	st.closed(es[0], time.Second)
	st.collect(now, false)
	st.opened(es[0])
	st.closed(es[0], time.Second)
	m := st.collect(now, true)
	if m == nil || m.Seq != "2" || len(m.Endpoints) != 1 || m.Endpoints[0].Opened != 2 || m.Endpoints[0].First != "2" {
		t.Fatalf("%+v", m)
	}
	st.ack(1)
	if due := st.due(es[0]); len(due) != 1 || due[0] != (arrear{9, 2}) {
		t.Fatalf("due %+v", due)
	}
	if owed := st.end(); len(owed) != 1 || owed[0] != es[0] {
		t.Fatalf("owed %+v", owed)
	}
	st.ack(2)
	if st.collect(now, false) != nil || st.held != 0 {
		t.Fatal("something is left")
	}
	if st.closed(es[1], time.Second); st.held != 0 || !st.opened(es[1]) || len(st.due(es[1])) != 1 {
		t.Fatal("what comes after the end is not owed")
	}
}
