package tui

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/web"
)

// start is when the fake agent's day begins.
var start = time.Date(2026, 3, 4, 22, 41, 7, 120_000_000, time.UTC)

// firstSeq is the place of the first exchange of this run; there are others before it.
const firstSeq = 1001

// fake is an agent in memory: a store, a state and a bus.
type fake struct {
	inspect.Bus
	inspect.Controller // nil: no key starts or stops an endpoint
	mu                 sync.Mutex
	status             inspect.Status
	items              []inspect.Item // in the order of Seq
	earlier            []inspect.Item // of earlier runs
	version            uint64
	unkept             bool         // what is put does not get to the disk
	lost               uint64       // changes up to this version have been forgotten
	content            inspect.Body // of all exchanges that have more than is in memory
	verdict            inspect.Verdict
	reads              int // calls of Since
	lists              []inspect.Query
	dials              int // calls of Reconnect
	replays            []inspect.ID
	refuse             error  // of Replay
	unread             error  // that List ends with
	broken             error  // of Get
	pasted             string // what was copied last
}

var (
	_ inspect.Reader     = (*fake)(nil)
	_ inspect.Observer   = (*fake)(nil)
	_ inspect.Replayer   = (*fake)(nil)
	_ inspect.Controller = (*fake)(nil)
)

func (f *fake) source() Source {
	return Source{Reader: f, Replayer: f, Observer: f, Controller: f, Line: lineOf}
}

// lineOf writes what the local API tells.
func lineOf(w io.Writer, it inspect.Item, _, _ io.ReaderAt) error {
	return json.NewEncoder(w).Encode(web.DetailOf(it))
}

// put records a state of an exchange.
func (f *fake) put(x *inspect.Exchange) inspect.Item {
	f.mu.Lock()
	f.version++
	it := inspect.Item{Seq: firstSeq + uint64(len(f.items)), Version: f.version, Committed: !f.unkept, Exchange: x}
	it.Nth = it.Seq - firstSeq + 1
	if i := slices.IndexFunc(f.items, func(i inspect.Item) bool { return i.ID == x.ID }); i >= 0 {
		it.Seq, it.Nth = f.items[i].Seq, f.items[i].Nth
		f.items[i] = it
	} else {
		if n := len(f.items); n > 0 {
			it.Seq, it.Nth = f.items[n-1].Seq+1, f.items[n-1].Nth+1
		}
		f.items = append(f.items, it)
	}
	f.mu.Unlock()
	f.Publish()
	return it
}

// forget lets the oldest n exchanges and their changes go.
func (f *fake) forget(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range f.items[:n] {
		f.lost = max(f.lost, it.Version)
	}
	f.items = slices.Clone(f.items[n:])
}

func (f *fake) set(st inspect.Status) {
	f.mu.Lock()
	f.status = st
	f.mu.Unlock()
	f.Publish()
}

func (f *fake) Status() inspect.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// List gives those of earlier runs, too, when the query does not ask for this one's only.
func (f *fake) List(_ context.Context, q inspect.Query) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		f.mu.Lock()
		items := slices.Clone(f.items)
		f.lists = append(f.lists, q)
		f.mu.Unlock()
		if q.Run == 0 {
			items = slices.Concat(f.earlier, items)
		}
		slices.Reverse(items)
		n := 0
		for _, it := range items {
			if q.Before > 0 && it.Seq >= q.Before || it.Seq <= q.After || !q.Filter.Match(it, start, nil) {
				continue
			}
			if n++; q.Limit > 0 && n > q.Limit || !yield(it, nil) {
				return
			}
		}
		if f.unread != nil {
			yield(inspect.Item{}, f.unread)
		}
	}
}

func (f *fake) Get(_ context.Context, id inspect.ID) (inspect.Item, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return inspect.Item{}, f.broken
	}
	for _, it := range slices.Concat(f.earlier, f.items) {
		if it.ID == id {
			return it, nil
		}
	}
	return inspect.Item{}, inspect.ErrNotFound
}

func (f *fake) Since(v uint64, limit int) ([]inspect.Item, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	var items []inspect.Item
	for _, it := range f.items {
		if it.Version > v {
			items = append(items, it)
		}
	}
	slices.SortFunc(items, func(a, b inspect.Item) int { return int(a.Version) - int(b.Version) })
	return items[:min(len(items), limit)], v < f.lost
}

func (f *fake) Body(context.Context, inspect.ID, inspect.Side) (inspect.Body, error) {
	if f.content == nil {
		return nil, inspect.ErrNotFound
	}
	return f.content, nil
}

func (f *fake) Run() int64 { return 1 }

func (f *fake) Count() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.items) == 0 {
		return 0
	}
	return f.items[len(f.items)-1].Nth
}

func (f *fake) Version() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.version
}

func (f *fake) Clear(context.Context) error { return nil }

func (f *fake) Reconnect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials++
}

// Replay answers as the original was answered, 200 where it was not.
func (f *fake) Replay(ctx context.Context, id inspect.ID, _ inspect.Resend) (inspect.ID, error) {
	f.mu.Lock()
	f.replays = append(f.replays, id)
	n := len(f.replays)
	f.mu.Unlock()
	if f.refuse != nil {
		return "", f.refuse
	}
	it, _ := f.Get(ctx, id)
	x := *it.Exchange
	x.ID, x.ReplayOf = inspect.ID(fmt.Sprintf("replay-%d", n)), id
	f.put(&x)
	return x.ID, nil
}

func (*fake) Prepare(context.Context, inspect.ID, inspect.Resend) (inspect.Prepared, error) {
	return inspect.Prepared{}, nil
}

func (f *fake) Verdict(context.Context, inspect.ID) (inspect.Verdict, error) {
	return f.verdict, nil
}

// clip keeps what was copied last.
func (f *fake) clip(_ context.Context, text string) (ways []string, file string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pasted = text
	return []string{"pbcopy"}, "", nil
}

// exchange makes the nth exchange of the day, one a second.
func exchange(n int, method, target string, status int, reason string) *inspect.Exchange {
	body := []byte(fmt.Sprintf(`{"event":"push","number":%d}`, n))
	answer := []byte("ok\n")
	return &inspect.Exchange{
		ID:       inspect.ID(fmt.Sprintf("018f-%04d", n)),
		Endpoint: "command_line",
		Start:    start.Add(time.Duration(n) * time.Second),
		Duration: 12 * time.Millisecond,
		Wait:     11 * time.Millisecond,
		Connect:  400 * time.Microsecond,
		Tries:    1,
		Client:   netip.MustParseAddrPort("203.0.113.9:51234"),
		State:    inspect.Done,
		Request: inspect.Request{
			Method: method, Target: target, Host: "otter.tunnel.example.com",
			Message: inspect.Message{
				Head: fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: otter.tunnel.example.com\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
					method, target, len(body)),
				Body: body, Kept: int64(len(body)), Size: int64(len(body)), Whole: true,
			},
		},
		Response: &inspect.Response{
			Status: status, Reason: reason,
			Message: inspect.Message{
				Head: fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", status, reason, len(answer)),
				Body: answer, Kept: int64(len(answer)), Size: int64(len(answer)), Whole: true,
			},
		},
	}
}

// failed makes the nth exchange one that the local service did not answer.
func failed(n int, method, target string) *inspect.Exchange {
	x := exchange(n, method, target, 502, "Bad Gateway")
	x.State, x.Response.Made = inspect.Failed, true
	x.Failure = &inspect.Failure{
		Code: 2001, Name: "LOCAL_REFUSED", Text: "nothing listens on localhost:8000",
		Remedy: "Start your service, or give the port it listens on.",
	}
	return x
}

// online is the state of an agent that works.
func online() inspect.Status {
	return inspect.Status{
		State: inspect.Online, Account: "acme", Plan: "free", Region: "eu-1", Version: "0.1.0", Relay: "tunnel.example.com:4443",
		Latency: 45 * time.Millisecond, Proof: start, Web: "http://127.0.0.1:4040",
		Endpoints: []inspect.Endpoint{{
			Name: "command_line", URL: "http://9a1b-quiet-otter-7c2f.tunnel.example.com", Upstream: "http://localhost:8000", Inspect: true,
			Proof: start.Add(-4 * time.Second),
		}},
	}
}
