package capture

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// recorder keeps every state it is given, with a copy of what could be seen at that time.
type recorder struct {
	mu   sync.Mutex
	all  []*inspect.Exchange
	seen []string
}

func (r *recorder) Record(x *inspect.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, x)
	r.seen = append(r.seen, flat(x))
}

func (r *recorder) last() *inspect.Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[len(r.all)-1]
}

// unchanged checks that nothing that was published has changed since.
func (r *recorder) unchanged(t *testing.T) {
	t.Helper()
	for i, x := range r.all {
		if flat(x) != r.seen[i] {
			t.Errorf("state %d (%v) has changed after it was published", i, x.State)
		}
	}
}

func flat(x *inspect.Exchange) string {
	of := func(m inspect.Message) string {
		return strings.Join([]string{string(m.Head), string(m.Body), string(m.Tail), string(m.Trailers), fmt.Sprint(m.Passed)}, "|")
	}
	parts := []string{string(x.ID), x.State.String(), of(x.Request.Message)}
	if x.Response != nil {
		parts = append(parts, x.Response.Reason, of(x.Response.Message))
	}
	return strings.Join(parts, "|")
}

const head = "POST /hook HTTP/1.1\r\nHost: example.com\r\n\r\n"
const resHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"

func begin() Begin {
	return Begin{
		ID: "id-1", Endpoint: "web", Start: time.Unix(1, 0), Client: netip.MustParseAddrPort("192.0.2.1:5"),
		Method: "POST", Target: "/hook", Host: "example.com", Head: []byte(head),
	}
}

func TestStates(t *testing.T) { synctest.Test(t, states) }

func states(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &recorder{}
	x := begin()
	tap := b.Start(rec, x)
	clear(x.Head)
	time.Sleep(2 * moment)
	synctest.Wait()
	piece := []byte("hello ")
	tap.RequestBody(piece)
	copy(piece, "world!")
	tap.RequestBody(piece)
	clear(piece)
	trailers := []byte("X-Sum: 1\r\n")
	tap.RequestEnd(trailers)
	clear(trailers)
	time.Sleep(10 * time.Millisecond)
	synctest.Wait()
	answer := []byte(resHead)
	tap.ResponseHead(Head{Status: 200, Reason: "OK", Bytes: answer, Wait: 7 * time.Millisecond, Connect: 3 * time.Millisecond, Tries: 2})
	clear(answer)
	tap.ResponseBody([]byte("fine"))
	tap.ResponseEnd([]byte("X-End: 2\r\n"))
	time.Sleep(10 * time.Millisecond)
	synctest.Wait()
	tap.Done()
	tap.Fail(&inspect.Failure{})
	tap.Done()
	tap.ResponseBody([]byte("late"))

	if len(rec.all) != 4 {
		t.Fatalf("%d states, want 4", len(rec.all))
	}
	rec.unchanged(t)
	pending, sent, open, done := rec.all[0], rec.all[1], rec.all[2], rec.all[3]
	if sent.State != inspect.Pending || !sent.Request.Whole || string(sent.Request.Body) != "hello world!" || pending.Request.Whole {
		t.Errorf("sent: %+v", sent)
	}
	if pending.State != inspect.Pending || pending.Response != nil || string(pending.Request.Head) != head {
		t.Errorf("pending: %+v", pending)
	}
	if open.State != inspect.Open || open.Response.Status != 200 || open.Duration != 26*time.Millisecond || !open.Request.Whole {
		t.Errorf("open: %+v", open)
	}
	if open.Wait != 7*time.Millisecond || open.Connect != 3*time.Millisecond || open.Tries != 2 {
		t.Errorf("times: %+v", open)
	}
	if string(done.Request.Body) != "hello world!" || string(done.Request.Trailers) != "X-Sum: 1\r\n" || done.Request.Size != 12 {
		t.Errorf("request: %+v", done.Request)
	}
	r := done.Response
	if string(r.Head) != resHead || string(r.Body) != "fine" || string(r.Trailers) != "X-End: 2\r\n" || !r.Whole || r.Dropped {
		t.Errorf("response: %+v", r)
	}
	if done.State != inspect.Done || done.Duration != 28*time.Millisecond || done.Failure != nil {
		t.Errorf("done: %+v", done)
	}
	if b.Used() != 0 {
		t.Errorf("%d bytes are still taken", b.Used())
	}
}

// TestFastExchangesAreToldOnce: what ends within a moment is published with its end only, in the place that it got when it arrived.
func TestFastExchangesAreToldOnce(t *testing.T) { synctest.Test(t, testFastExchangesAreToldOnce) }

func testFastExchangesAreToldOnce(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &placing{}
	slow, fast := b.Start(rec, begin()), b.Start(rec, begin())
	for _, tap := range []Tap{fast, slow} {
		tap.RequestEnd(nil)
		tap.ResponseHead(Head{Status: 200, Reason: "OK", Bytes: []byte(resHead), Tries: 1})
		tap.ResponseBody([]byte("fine"))
		if tap == fast {
			tap.Done()
		}
		time.Sleep(2 * moment)
		synctest.Wait()
	}
	slow.Done()
	var got []string
	for _, x := range rec.all {
		got = append(got, fmt.Sprint(x.State, " ", x.Place))
	}
	if want := []string{"done 2", "pending 1", "open 1", "done 1"}; !slices.Equal(got, want) {
		t.Errorf("published %v, want %v", got, want)
	}
	replay := begin()
	replay.ReplayOf = "id-0"
	b.Start(rec, replay).Done()
	if n := len(rec.all); rec.all[n-2].State != inspect.Pending {
		t.Error("a replay is not there when it is begun")
	}
}

// placing is a recorder whose places are 1, 2, 3.
type placing struct {
	recorder
	n uint64
}

func (p *placing) Place(time.Time) uint64 { p.n++; return p.n }

func TestFail(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &recorder{}
	tap := b.Start(rec, begin())
	f := &inspect.Failure{Code: 7, Name: "LOCAL_REFUSED"}
	tap.Fail(f)
	if x := rec.last(); x.State != inspect.Failed || x.Failure != f || x.Response != nil || !x.Ended() {
		t.Errorf("%+v", x)
	}
}

func TestFurtherHeadReplacesTheResponse(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &recorder{}
	tap := b.Start(rec, begin())
	tap.ResponseHead(Head{Status: 200, Reason: "OK", Bytes: []byte(resHead), Tries: 1})
	tap.ResponseBody([]byte("half of it"))
	tap.ResponseHead(Head{Status: 502, Reason: "Bad Gateway", Made: true, Tries: 1})
	tap.ResponseBody([]byte("sorry"))
	tap.Done()
	if r := rec.last().Response; r.Status != 502 || string(r.Body) != "sorry" || r.Size != 5 || !r.Made {
		t.Errorf("%+v", r)
	}
	if rec.unchanged(t); b.Used() != 0 {
		t.Errorf("%d bytes are still taken", b.Used())
	}
}

func TestUpgraded(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &recorder{}
	tap := b.Start(rec, begin())
	tap.ResponseHead(Head{Status: 101, Reason: "Switching Protocols", Bytes: []byte("HTTP/1.1 101 Switching Protocols\r\n\r\n"), Tries: 1})
	tap.Upgraded()
	tap.RequestBody([]byte("ping"))
	tap.ResponseBody([]byte("pong"))
	tap.Done()
	x := rec.last()
	if !x.Upgraded || string(x.Request.Body) != "ping" || string(x.Response.Body) != "pong" {
		t.Errorf("%+v", x)
	}
}

func TestZeroTap(t *testing.T) {
	for _, tap := range []Tap{{}, NewBudget(0, 0).Start(nil, begin()), (*Budget)(nil).Start(&recorder{}, begin())} {
		if tap != (Tap{}) {
			t.Fatal("not zero")
		}
		tap.RequestBody([]byte("x"))
		tap.RequestEnd(nil)
		tap.ResponseHead(Head{Status: 200, Reason: "OK", Tries: 1})
		tap.ResponseBody([]byte("x"))
		tap.ResponseEnd(nil)
		tap.Upgraded()
		tap.Fail(nil)
		tap.Done()
	}
}

func TestSideBudget(t *testing.T) {
	b := NewBudget(10, 1000)
	rec := &recorder{}
	tap := b.Start(rec, begin())
	tap.RequestBody([]byte("0123456"))
	tap.RequestBody([]byte("789abc"))
	tap.RequestBody([]byte("def"))
	tap.ResponseHead(Head{Status: 200, Reason: "OK", Bytes: []byte(resHead), Tries: 1})
	tap.ResponseBody([]byte("0123456789"))
	tap.Done()
	x := rec.last()
	if q := x.Request; string(q.Body) != "0123456789" || q.Size != 16 || !q.Dropped {
		t.Errorf("request: %q, %d, %v", q.Body, q.Size, q.Dropped)
	}
	if r := x.Response; string(r.Body) != "0123456789" || r.Size != 10 || r.Dropped {
		t.Errorf("response: %q, %d, %v", r.Body, r.Size, r.Dropped)
	}
}

// When the total is used up, content is counted and marked, what is kept stays a prefix, and the end of one exchange makes room for others.
func TestTotalBudget(t *testing.T) {
	b := NewBudget(1000, 1500)
	rec, other := &recorder{}, &recorder{}
	first := b.Start(other, begin())
	first.RequestBody(make([]byte, 1000))

	tap := b.Start(rec, begin())
	tap.RequestBody([]byte("kept"))
	tap.RequestBody(make([]byte, 900))
	tap.RequestBody([]byte("small enough, but not in sequence"))
	first.Done()
	tap.RequestBody([]byte("there is room now, but not in sequence"))
	tap.Done()
	if q := rec.last().Request; string(q.Body) != "kept" || q.Size != 4+900+33+38 || !q.Dropped {
		t.Errorf("request: %q, %d, %v", q.Body, q.Size, q.Dropped)
	}
	if b.Used() != 0 {
		t.Errorf("%d bytes are still taken", b.Used())
	}
	next := b.Start(rec, begin())
	next.RequestBody(make([]byte, 1000))
	next.Done()
	if q := rec.last().Request; len(q.Body) != 1000 || q.Dropped {
		t.Errorf("after the room was given back: %d bytes, %v", len(q.Body), q.Dropped)
	}
}

func TestNoRoomForHeads(t *testing.T) {
	b := NewBudget(10, 20)
	rec := &recorder{}
	x := begin()
	x.Target = "/" + strings.Repeat("a", 1000)
	tap := b.Start(rec, x)
	tap.ResponseHead(Head{Status: 200, Reason: "OK", Bytes: []byte(resHead), Tries: 1})
	tap.RequestEnd([]byte("X-Trailer: is longer than twenty bytes\r\n"))
	tap.Done()
	got := rec.last()
	if q := got.Request; q.Head != nil || !q.Dropped || len(q.Target) != clipped || q.Trailers != nil {
		t.Errorf("request: %+v", q)
	}
	if r := got.Response; r.Head != nil || !r.Dropped || r.Status != 200 {
		t.Errorf("response: %+v", r)
	}
	if b.Used() != 0 {
		t.Errorf("%d bytes are still taken", b.Used())
	}
}

// A long stream is seen growing, without being published for each piece.
func TestStreamsArePublishedAsTheyGrow(t *testing.T) { synctest.Test(t, streamsArePublishedAsTheyGrow) }

func streamsArePublishedAsTheyGrow(t *testing.T) {
	for _, c := range []struct {
		media string
		want  int // open, the flow, done
	}{
		{"text/plain", 1 + 9 + 1},
		{"text/event-stream", 1 + 50 + 1},
	} {
		b := NewBudget(0, 0)
		rec := &recorder{}
		tap := b.Start(rec, begin())
		tap.ResponseHead(Head{Status: 200, Reason: "OK", Bytes: []byte("HTTP/1.1 200 OK\r\nContent-Type: " + c.media + "\r\n\r\n"), Tries: 1})
		tap.ResponseBody([]byte("data: 0\n\n"))
		for range 1000 {
			time.Sleep(10 * time.Millisecond)
			tap.ResponseBody([]byte("data: 1\n\n"))
		}
		tap.Done()
		if len(rec.all) != c.want {
			t.Errorf("%s: %d states, want %d", c.media, len(rec.all), c.want)
		}
		rec.unchanged(t)
		for i := 1; i < len(rec.all); i++ {
			if r, p := rec.all[i].Response, rec.all[i-1].Response; p != nil && (r.Size < p.Size || !bytes.HasPrefix(r.Body, p.Body)) {
				t.Errorf("%s: state %d does not continue the one before", c.media, i)
			}
		}
	}
}

// However much content passes, the heads of those that come meanwhile are kept.
func TestContentLeavesRoomForHeads(t *testing.T) { synctest.Test(t, contentLeavesRoomForHeads) }

func contentLeavesRoomForHeads(t *testing.T) {
	b := NewBudget(0, 100_000)
	large := b.Start(&recorder{}, begin())
	for range 1000 {
		large.RequestBody(make([]byte, 100))
	}
	rec := &recorder{}
	tap := b.Start(rec, begin())
	tap.RequestBody(make([]byte, 50_000))
	tap.ResponseHead(Head{Status: 200, Reason: "OK", Bytes: []byte(resHead), Tries: 1})
	tap.Done()
	large.Done()
	if x := rec.last(); len(x.Request.Head) == 0 || len(x.Response.Head) == 0 || x.Response.Dropped || !x.Request.Dropped {
		t.Errorf("heads of %d and %d bytes, %d bytes of content", len(x.Request.Head), len(x.Response.Head), len(x.Request.Body))
	}
}

// An appending reader must not write into what is captured later.
func TestPublishedBodiesCannotBeReachedBeyond(t *testing.T) {
	synctest.Test(t, publishedBodiesCannotBeReachedBeyond)
}

func publishedBodiesCannotBeReachedBeyond(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &recorder{}
	tap := b.Start(rec, begin())
	for range 20 {
		time.Sleep(time.Second)
		tap.RequestBody([]byte("abc"))
		x := rec.last()
		if got := x.Request.Body; cap(got) != len(got) {
			t.Fatalf("capacity %d beyond length %d", cap(got), len(got))
		}
	}
	tap.Done()
	rec.unchanged(t)
}

// Both sides at once, with readers of everything that is published: the race detector watches.
func TestBothSidesAtOnce(t *testing.T) {
	b := NewBudget(50_000, 120_000)
	rec := &recorder{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			tap := b.Start(rec, begin())
			tap.tap.every = 0
			var sides sync.WaitGroup
			sides.Go(func() {
				for i := range 300 {
					tap.RequestBody(bytes.Repeat([]byte{byte(i)}, 100))
				}
				tap.RequestEnd(nil)
			})
			sides.Go(func() {
				tap.ResponseHead(Head{Status: 200, Reason: "OK", Bytes: []byte(resHead), Tries: 1})
				for i := range 300 {
					tap.ResponseBody(bytes.Repeat([]byte{byte(i)}, 100))
				}
				tap.ResponseEnd(nil)
			})
			sides.Wait()
			tap.Done()
		})
	}
	wg.Wait()
	rec.unchanged(t)
	if b.Used() != 0 {
		t.Errorf("%d bytes are still taken", b.Used())
	}
	for _, x := range rec.all {
		if x.State == inspect.Done && (x.Request.Size != 30_000 || x.Response.Size != 30_000) {
			t.Errorf("sizes %d and %d", x.Request.Size, x.Response.Size)
		}
	}
}

// TestNothingFollows: a request without content is whole from the start, so that one whose answer does not come can be replayed.
func TestNothingFollows(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &recorder{}
	x := begin()
	x.Whole, x.ReplayOf = true, "id-0"
	b.Start(rec, x)
	if len(rec.all) != 1 || !rec.all[0].Request.Whole || rec.all[0].State != inspect.Pending || rec.all[0].ReplayOf != "id-0" {
		t.Errorf("%+v", rec.all)
	}
}

type discard struct{}

func (discard) Record(*inspect.Exchange) {}

// small is a usual webhook: both bodies in one piece.
func small(b *Budget, x Begin, answer []byte) {
	tap := b.Start(discard{}, x)
	tap.RequestBody(x.Head)
	tap.RequestEnd(nil)
	tap.ResponseHead(Head{Status: 200, Reason: "OK", Bytes: answer, Wait: time.Millisecond, Tries: 1})
	tap.ResponseBody(answer)
	tap.ResponseEnd(nil)
	tap.Done()
}

func TestSmallExchangesAreCheap(t *testing.T) {
	b, x, answer := NewBudget(0, 0), begin(), []byte(resHead)
	if n := testing.AllocsPerRun(1000, func() { small(b, x, answer) }); n > 6 {
		t.Errorf("%v allocations for a small exchange, want at most 6", n)
	}
}

func BenchmarkSmallExchange(b *testing.B) {
	budget, x, answer := NewBudget(0, 0), begin(), []byte(resHead)
	b.ReportAllocs()
	for b.Loop() {
		small(budget, x, answer)
	}
}

func BenchmarkLargeBody(b *testing.B) {
	budget, piece := NewBudget(0, 0), make([]byte, 32<<10)
	b.SetBytes(8 << 20)
	b.ReportAllocs()
	for b.Loop() {
		tap := budget.Start(discard{}, begin())
		for range (8 << 20) / len(piece) {
			tap.RequestBody(piece)
		}
		tap.Done()
	}
}
