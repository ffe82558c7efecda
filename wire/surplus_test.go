package wire

import (
	"context"
	"testing"
	"time"
)

// TestQueuesHaveTheirOwn: what a leg's queues may hold in any case they hold without a budget, and more only of what there is; all of it is given back.
func TestQueuesHaveTheirOwn(t *testing.T) {
	const step = 16 << 10
	m := &Message{Type: MsgNotice}
	for name, tt := range map[string]struct {
		size    int // of the budget
		out, in int // bytes that are taken, by steps
	}{
		"nothing": {0, ownOutbox, ownInbox - step},
		"a lot":   {256 << 20, maxOutbox, maxInbox - step},
		"little":  {6 << 20, ownOutbox + 288<<10, maxInbox - step}, // a sixteenth of what is free, and the first window of all others
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBudget(tt.size)
			o := outbox{wake: make(chan struct{}, 1), more: surplus{budget: b, own: ownOutbox}}
			n := 0
			for o.message(make([]byte, step)) {
				n += step
			}
			if n != tt.out {
				t.Errorf("the outbox takes %d bytes", n)
			}
			i := inbox{wake: make(chan struct{}, 1), more: surplus{budget: NewBudget(tt.size), own: ownInbox}}
			for n = 0; i.put(m, step); n += step {
			}
			if n != tt.in {
				t.Errorf("the inbox takes %d bytes", n)
			}
			for i.close(); ; {
				if _, ok := i.get(); !ok {
					break
				}
			}
			buf, _ := o.take(nil)
			if held := b.Held(); held != int(minus(uint64(len(buf)), ownOutbox)) {
				t.Errorf("%d bytes are held for %d that are being written", held, len(buf))
			}
			o.close()
			if held := b.Held() + i.more.budget.Held(); held != 0 || !o.message(make([]byte, maxOutbox+1)) || o.size() > len(buf) {
				t.Errorf("afterwards %d bytes are held, %d of the outbox", held, o.size())
			}
		})
	}
}

// TestInboxAfterTheEnd: messages that come when nobody takes any more are not held.
func TestInboxAfterTheEnd(t *testing.T) {
	b := NewBudget(256 << 20)
	i := inbox{wake: make(chan struct{}, 1), more: surplus{budget: b, own: ownInbox}}
	i.close()
	if _, ok := i.get(); ok {
		t.Fatal("a message of nobody's")
	}
	for range 3 {
		if !i.put(&Message{Type: MsgNotice}, MaxMessage) {
			t.Fatal("it is full")
		}
	}
	if b.Held() == 0 {
		t.Fatal("nothing is held")
	}
	if i.drop(); b.Held() != 0 {
		t.Errorf("%d bytes are held", b.Held())
	}
}

// TestLongestMessages: without a budget a queue has room for the longest message, and the outbox behind word of every stream, too.
func TestLongestMessages(t *testing.T) {
	i := inbox{wake: make(chan struct{}, 1), more: surplus{budget: NewBudget(0), own: ownInbox}}
	if !i.put(&Message{Type: MsgNotice}, MaxMessage) {
		t.Error("the inbox does not take it")
	}
	o := outbox{wake: make(chan struct{}, 1), more: surplus{budget: NewBudget(0), own: ownOutbox}}
	for n := range uint32(MaxStreams) {
		o.signal(appendReset, signal{stream: n, code: CodeAgentGone})
		o.credit(&Stream{id: n}, 1, 1)
	}
	buf, _ := o.take(nil)
	if n := o.waiting(); n != len(buf) || n != MaxStreams*(2*HeaderSize+resetSize+creditSize) {
		t.Errorf("%d bytes of %d are waiting while they are written", n, len(buf))
	}
	if !o.message(make([]byte, HeaderSize+MaxMessage)) {
		t.Error("the outbox does not take it")
	}
}

// look writes n bytes, or nothing, before each of a few looks at what g needs.
func look(t *testing.T, g *gather, n int) {
	for range 5 {
		if n > 0 {
			g.mu.Lock()
			g.add(make([]byte, n))
			_ = g.writeOnce()
			g.mu.Unlock()
		}
		if g.most != n {
			t.Errorf("%d was needed of %d", g.most, n)
		}
		g.rest()
	}
}

// TestGatherGrowsOfTheBudget: a fast link's buffer grows if there is memory for that, keeps while it is needed, and shrinks when little is written, or it ends.
func TestGatherGrowsOfTheBudget(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *gather){
		"rests":    func(t *testing.T, g *gather) { look(t, g, 0) },
		"trickles": func(t *testing.T, g *gather) { look(t, g, gatherMin/4-1) },
		"ends":     func(_ *testing.T, g *gather) { _ = g.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			for _, tt := range []struct{ size, limit int }{{0, gatherMin}, {4 << 20, 4 * gatherMin}, {256 << 20, gatherMax}} {
				conn, far := memPair(1 << 20)
				defer far.Close()
				b := NewBudget(tt.size)
				g := newGather(conn)
				g.more = surplus{budget: b, own: 2 * gatherMin}
				g.slow.Store(false)
				g.mu.Lock()
				for range 10 {
					g.adapt(g.limit, time.Microsecond)
				}
				g.mu.Unlock()
				if g.limit != tt.limit || b.Held() != 2*(tt.limit-gatherMin) {
					t.Errorf("of %d: a limit of %d, %d held", tt.size, g.limit, b.Held())
				}
				g.most = tt.limit / 4
				if g.rest(); g.limit != tt.limit {
					t.Errorf("of %d: a limit of %d while a quarter is needed", tt.size, g.limit)
				}
				if end(t, g); g.limit != gatherMin || b.Held() != 0 {
					t.Errorf("afterwards: a limit of %d, %d held", g.limit, b.Held())
				}
				_ = g.Close()
			}
		})
	}
}

// TestQueueWithoutMemory: a leg that cannot have memory for what its other side does not take ends as with a flood.
func TestQueueWithoutMemory(t *testing.T) {
	r, a := memPair(4 << 10)
	defer a.Close()
	l, err := NewRelayLeg(r, LegOptions{Budget: NewBudget(0)})
	if err != nil {
		t.Fatal(err)
	}
	end := make(chan error, 1)
	go func() { end <- l.Run(context.Background()) }()
	for n := 0; l.Send(MsgNotice, 0, &Notice{Text: string(make([]byte, 1<<10))}) == nil; n += 1 << 10 {
		if n > maxOutbox {
			t.Fatal("it takes all")
		}
	}
	wantCode(t, waitEnd(t, end), CodeControlFlood)
}
