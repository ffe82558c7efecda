package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
)

// stream is a stream of events that is being read.
type stream struct {
	t    *testing.T
	read *bufio.Reader
	end  func() error
}

// sentEvent is one that came.
type sentEvent struct{ name, id, data string }

// follow opens a stream; a reader of it that waits for ever is ended with the test's context.
func (a *api) follow(query string, header ...string) *stream {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), "GET", a.base+"/api/v1/events"+query, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		a.t.Fatalf("%s %v", res.Status, res.Header)
	}
	a.t.Cleanup(func() { _ = res.Body.Close() })
	return &stream{a.t, bufio.NewReader(res.Body), res.Body.Close}
}

// next is the next event of that name, others are left out.
func (s *stream) next(name string) sentEvent {
	s.t.Helper()
	var e sentEvent
	for {
		line, err := s.read.ReadString('\n')
		if err != nil {
			s.t.Fatalf("%v while waiting for %s", err, name)
		}
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch key {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if e.name == name {
				return e
			}
			e = sentEvent{}
		}
	}
}

// exchange is the next exchange.
func (s *stream) exchange() (itemJSON, sentEvent) {
	s.t.Helper()
	var it itemJSON
	e := s.next("exchange")
	if err := json.Unmarshal([]byte(e.data), &it); err != nil {
		s.t.Fatal(err)
	}
	return it, e
}

// TestEvents: a reader that comes again with what it saw last misses nothing, and nothing comes twice.
func TestEvents(t *testing.T) {
	a := serve(t)
	a.record("before")
	s := a.follow("")
	s.next("status")
	a.record("first")
	x, e := s.exchange()
	if x.ID != "first" || x.Nth != 2 || x.State != "done" {
		t.Errorf("%+v", x)
	}
	s.end()
	a.record("meanwhile")
	for name, s := range map[string]*stream{"Last-Event-ID": a.follow("", "Last-Event-ID", e.id), "since": a.follow("?since=" + e.id)} {
		if x, _ := s.exchange(); x.ID != "meanwhile" {
			t.Errorf("%s: %+v", name, x)
		}
	}
	var p page
	a.get("/api/v1/exchanges", &p)
	s = a.follow("?since=" + p.Cursor)
	a.record("after")
	if x, _ := s.exchange(); x.ID != "after" {
		t.Errorf("from a list's cursor: %+v", x)
	}
}

// TestLagged: who can not be told what changed is told that, and goes on from there.
func TestLagged(t *testing.T) {
	a := serve(t)
	a.record("a")
	_, first := a.follow("?since=" + cursorOf(a.store.Run(), 0, -1)).exchange()
	a.record("b")
	if err := a.store.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, since := range []string{first.id, "1.1", cursorOf(a.store.Run(), 1<<60, -1)} {
		s := a.follow("?since=" + since)
		e := s.next("lagged")
		a.record("c" + since)
		x, _ := s.exchange()
		if string(x.ID) != "c"+since || e.id == "" || !strings.Contains(e.data, e.id) {
			t.Errorf("since %s: %+v, then %+v", since, e, x)
		}
	}
	for _, bad := range []string{"x", "1", "1.", ".1", "1.-1", "1.2.x", "1.2.3.4", "-"} {
		a.wantOurs("GET", "/api/v1/events?since="+bad, "", 400, "bad_request")
	}
}

// keepStore is a store on the disk at work, until the test ends.
func keepStore(t *testing.T, dir string, onChange func(uint64)) *store.Store {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir, OnChange: onChange})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Keep(ctx) }()
	t.Cleanup(func() {
		end()
		if err := errors.Join(<-done, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// until reads exchanges up to that one; those that it has seen may be told again.
func (s *stream) until(id inspect.ID, seen ...inspect.ID) (itemJSON, sentEvent) {
	s.t.Helper()
	for {
		x, e := s.exchange()
		if x.ID == id {
			return x, e
		}
		if !slices.Contains(seen, x.ID) {
			s.t.Fatalf("%s was told, not %s", x.ID, id)
		}
	}
}

// TestEventsOfAnotherAgent: what another agent records in the same store is told, also to those who come again; and that it has been deleted.
func TestEventsOfAnotherAgent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := keepStore(t, dir, nil)
	a := serve(t, func(o *Options) {
		s := keepStore(t, dir, func(uint64) { o.Observer.(*agent).bus.Publish() })
		o.Reader, o.Keeper = s, s
	})
	record := func(id inspect.ID) {
		x := &inspect.Exchange{ID: id, State: inspect.Done, Start: time.Now(), Request: inspect.Request{Target: "/"}}
		x.Request.Message = inspect.Message{Head: []byte("POST / HTTP/1.1\r\nContent-Type: text/plain\r\n\r\n"), Body: []byte("word"), Kept: 4, Size: 4}
		other.Record(x)
	}
	record("before")
	var p page
	for end := time.Now().Add(time.Minute); len(p.Exchanges) == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		a.get("/api/v1/exchanges", &p)
	}
	s := a.follow("?since=" + p.Cursor + "&filter=body:word")
	record("first")
	if x, _ := s.until("first", "before"); x.Nth != 0 || x.State != "done" || !x.Committed {
		t.Errorf("%+v", x)
	}
	record("second")
	_, e := s.until("second", "before", "first")
	record("third")
	a.follow("?since="+e.id).until("third", "first", "second")
	if _, err := other.Purge(t.Context(), inspect.Query{}); err != nil {
		t.Fatal(err)
	}
	s.next("lagged")
}

// TestEventsOutliveTimeLimits: the server's limits are for requests that end.
func TestEventsOutliveTimeLimits(t *testing.T) {
	short := func(l *limits) { l.read, l.write = 50*time.Millisecond, 50*time.Millisecond }
	a := serveWithin(t, short)
	s := a.follow("")
	s.next("status")
	time.Sleep(300 * time.Millisecond) // the time that is waited out
	a.record("late")
	if x, _ := s.exchange(); x.ID != "late" {
		t.Errorf("%+v", x)
	}
}

// TestSlowReaderIsCut: nothing waits for a reader that takes nothing, and nothing is held for it.
func TestSlowReaderIsCut(t *testing.T) {
	ended := make(chan struct{})
	a := serveWithin(t, func(l *limits) { l.take = 100 * time.Millisecond }, func(o *Options) {
		o.Access = func(string) func(int) { return func(int) { close(ended) } }
	})
	c, err := net.Dial("tcp", strings.TrimPrefix(a.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	read := bufio.NewReader(c)
	for line := ""; !strings.HasPrefix(line, "event: status"); {
		if line, err = read.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	large := strings.Repeat("a", 16<<10)
	for i := range 2000 { // more than the sockets hold
		a.store.Record(&inspect.Exchange{ID: inspect.ID(strconv.Itoa(i)), Request: inspect.Request{Target: large}})
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the stream goes on")
	}
}

// TestEventsEnd: streams hold nothing up when the API ends.
func TestEventsEnd(t *testing.T) {
	a := serve(t)
	s := a.follow("")
	s.next("status")
	a.stop()
	if _, err := io.Copy(io.Discard, s.read); err != nil {
		t.Errorf("cut rather than ended: %v", err)
	}
}

// TestEventsOfAFilter: what it takes comes, and the name of what it does not, or no longer, take.
func TestEventsOfAFilter(t *testing.T) {
	a := serve(t)
	s := a.follow("?filter=" + url.QueryEscape("status:pending or path:/hook*"))
	s.next("status")
	a.store.Record(&inspect.Exchange{ID: "x", State: inspect.Pending})
	if x, _ := s.exchange(); x.ID != "x" {
		t.Errorf("%+v", x)
	}
	a.store.Record(&inspect.Exchange{ID: "x", State: inspect.Failed})
	if e := s.next("unmatched"); e.data != `{"ids":["x"]}` || e.id == "" {
		t.Errorf("%+v", e)
	}
	a.record("y")
	if x, _ := s.exchange(); x.ID != "y" {
		t.Errorf("%+v", x)
	}
	// In the order of the changes: who breaks off behind "y" has been told that "x" is not taken any more.
	s = a.follow("?since=" + cursorOf(a.store.Run(), 0, -1) + "&filter=path:/hook*")
	a.record("z")
	e := s.next("unmatched")
	if x, next := s.exchange(); e.data != `{"ids":["x"]}` || x.ID != "y" || e.id == next.id {
		t.Errorf("%+v, then %+v", e, next)
	}
	a.wantOurs("GET", "/api/v1/events?filter=(", "", 400, "invalid_filter")
}

// TestStatusEvent: a change of the state is told, and the same state is not told again.
func TestStatusEvent(t *testing.T) {
	a := serve(t)
	s := a.follow("")
	first := s.next("status")
	a.agent.set(inspect.Status{State: inspect.Reconnecting, Reason: "the relay is gone"})
	if e := s.next("status"); e.data == first.data || !strings.Contains(e.data, `"state":"reconnecting","reason":"the relay is gone"`) {
		t.Error(e.data)
	}
}
