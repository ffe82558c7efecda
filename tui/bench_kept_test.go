package tui

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
)

// kept is a bench on a real store in memory, whose requests are replayed by an agent that answers as it is told.
type kept struct {
	*bench
	*store.Memory

	mu       sync.Mutex
	sent     []inspect.Resend
	prepared []inspect.Resend
	answer   func(n int, x *inspect.Exchange) // changes the nth answer, from 1 on; nil: as before
	refuse   error                            // of Replay and Prepare
	verdict  inspect.Verdict
}

var _ inspect.Replayer = (*kept)(nil)

func newKept(t *testing.T, width, height int, xs ...*inspect.Exchange) *kept {
	t.Helper()
	return newBench(t, width, height).onStore(xs...)
}

// onStore puts a store under the bench.
func (b *bench) onStore(xs ...*inspect.Exchange) *kept {
	k := &kept{bench: b}
	k.Memory = store.NewMemory(store.Options{OnChange: func(uint64) { k.f.Publish() }})
	source := Source{Reader: k.Memory, Keeper: k.Memory, Replayer: k, Observer: k.f, Controller: k.f, Line: lineOf}
	hints, stop := k.f.Watch()
	b.t.Cleanup(stop)
	k.m.work.source, k.m.work.feed = source, newFeed(source, hints, nil)
	for _, x := range xs {
		k.Record(x)
	}
	k.sync()
	return k
}

// mark pins and tags an exchange, and writes a note.
func (k *kept) mark(id inspect.ID, note string) {
	k.t.Helper()
	pin := true
	if _, err := k.Mark(k.t.Context(), id, inspect.Marks{Note: &note, AddTags: []string{"bug-42", "seen"}, Pinned: &pin}); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kept) Replay(ctx context.Context, id inspect.ID, r inspect.Resend) (inspect.ID, error) {
	it, err := k.Get(ctx, id)
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.refuse != nil {
		return "", k.refuse
	}
	k.sent = append(k.sent, r)
	x := *it.Exchange
	if x.Response == nil {
		x.State, x.Response = inspect.Done, exchange(1, "", "", 200, "OK").Response
	}
	answer := *x.Response
	x.ID, x.ReplayOf, x.Response = inspect.ID(fmt.Sprintf("replay-%d", len(k.sent))), id, &answer
	x.Start = x.Start.Add(1000 * 1000 * 1000)
	if k.answer != nil {
		k.answer(len(k.sent), &x)
	}
	k.Record(&x)
	return x.ID, nil
}

func (k *kept) Prepare(ctx context.Context, id inspect.ID, r inspect.Resend) (inspect.Prepared, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.prepared = append(k.prepared, r)
	if k.refuse != nil {
		return inspect.Prepared{}, k.refuse
	}
	p := inspect.Prepared{To: "http://localhost:8000", Head: []byte("GET / HTTP/1.1\r\n\r\n")}
	if r.To != "" {
		p.To = "http://localhost:" + r.To
	}
	if e := r.Edit; e != nil {
		p.Head = fmt.Appendf(nil, "%s %s HTTP/1.1\r\nContent-Length: %d\r\n", e.Method, e.Target, len(e.Body))
		for _, f := range e.Fields {
			p.Head = fmt.Appendf(p.Head, "%s: %s\r\n", f.Name, f.Value)
		}
		p.Head = append(p.Head, "\r\n"...)
		p.Size = int64(len(e.Body))
	}
	return p, nil
}

func (k *kept) Verdict(context.Context, inspect.ID) (inspect.Verdict, error) { return k.verdict, nil }

// sends is how many requests were sent again.
func (k *kept) sends() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.sent)
}

// refusing makes the agent refuse what is sent and prepared; nil: no longer.
func (k *kept) refusing(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refuse = err
}

// lastSent is how the last request was sent again.
func (k *kept) lastSent() inspect.Resend {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.sent) == 0 {
		k.t.Fatal("nothing was sent")
	}
	return k.sent[len(k.sent)-1]
}
