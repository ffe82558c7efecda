package capture

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// TestPassed: both sides of an upgraded connection and an event stream say when content passed.
func TestPassed(t *testing.T) { synctest.Test(t, passed) }

func passed(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &recorder{}
	tap := b.Start(rec, begin())
	tap.ResponseHead(Head{Status: 101, Bytes: []byte("HTTP/1.1 101 S\r\n\r\n")})
	tap.Upgraded()
	for i := range 4 {
		time.Sleep(time.Duration(i) * 600 * time.Microsecond) // the second turn comes in the same millisecond
		tap.RequestBody([]byte("pi"))
		tap.RequestBody([]byte("ng")) // at the same moment as what is before it
		tap.ResponseBody([]byte("pong!"))
	}
	tap.Done()
	us := time.Microsecond
	want := []inspect.Passed{{Offset: 0, After: 0}, {Offset: 4, After: 600 * us}, {Offset: 8, After: 1800 * us}, {Offset: 12, After: 3600 * us}}
	got := rec.last().Request.Passed
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	if r := rec.last().Response.Passed; len(r) != 4 || r[3].Offset != 15 {
		t.Errorf("response: %v", r)
	}
	for media, n := range map[string]int{"text/event-stream": 1, "Text/Event-Stream; charset=utf-8": 1, "text/plain": 0} {
		tap := b.Start(rec, begin())
		tap.ResponseHead(Head{Status: 200, Bytes: []byte("HTTP/1.1 200 OK\r\ncontent-type:  " + media + "\r\n\r\n")})
		tap.RequestBody([]byte("a"))
		tap.ResponseBody([]byte("data: 1\n\n"))
		tap.Done()
		if x := rec.last(); len(x.Response.Passed) != n || x.Request.Passed != nil {
			t.Errorf("%s: %v, %v", media, x.Response.Passed, x.Request.Passed)
		}
	}
}

// TestPassedIsBounded: moments are thinned, the oldest most, and none that was published is written again.
func TestPassedIsBounded(t *testing.T) { synctest.Test(t, passedIsBounded) }

func passedIsBounded(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &newest{}
	tap := b.Start(rec, begin())
	tap.Upgraded()
	var seen [][]inspect.Passed
	for i := range 30_000 {
		time.Sleep(10 * time.Millisecond)
		tap.RequestBody([]byte("x"))
		if i%5000 == 4999 {
			seen = append(seen, rec.passed())
		}
	}
	tap.Done()
	for _, passed := range append(seen, rec.passed()) {
		if len(passed) > mostTimes || len(passed) < mostTimes/2 || passed[0].Offset != 0 {
			t.Fatalf("%d moments, the first at %d", len(passed), passed[0].Offset)
		}
		for i, p := range passed {
			if want := time.Duration(p.Offset+1) * 10 * time.Millisecond; p.After != want || i > 0 && p.Offset <= passed[i-1].Offset {
				t.Fatalf("moment %d is %+v", i, p)
			}
		}
	}
	if last := rec.passed(); last[len(last)-1].Offset != 29_999 || b.Used() != 0 {
		t.Errorf("the last moment is %+v, %d bytes are still taken", last[len(last)-1], b.Used())
	}
}

// newest keeps one state.
type newest struct {
	mu sync.Mutex
	x  *inspect.Exchange
}

func (n *newest) Record(x *inspect.Exchange) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.x = x
}

func (n *newest) passed() []inspect.Passed {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.x.Request.Passed
}

// TestStreamsAreSeenWhenNothingFollows: what has come of a stream is published, though not at once, without a further byte.
func TestStreamsAreSeenWhenNothingFollows(t *testing.T) {
	synctest.Test(t, streamsAreSeenWhenNothingFollows)
}

func streamsAreSeenWhenNothingFollows(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &recorder{}
	shows := func(want string) {
		t.Helper()
		synctest.Wait()
		if x := rec.last(); x.Response == nil || string(x.Response.Body) != want {
			t.Errorf("%+v was published, want %q", x.Response, want)
		}
	}
	tap := b.Start(rec, begin())
	tap.ResponseHead(Head{Status: 200, Bytes: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")})
	tap.ResponseBody([]byte("1"))
	shows("1")
	time.Sleep(50 * time.Millisecond)
	tap.ResponseBody([]byte("2"))
	tap.ResponseBody([]byte("3"))
	shows("1")
	time.Sleep(everyEvents - 50*time.Millisecond)
	shows("123")
	tap.ResponseBody([]byte("4"))
	tap.Done()
	n := len(rec.all)
	if time.Sleep(time.Minute); len(rec.all) != n {
		t.Error("something comes after the end")
	}
	rec.unchanged(t)
}
