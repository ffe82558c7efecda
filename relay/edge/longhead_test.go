package edge

import (
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/budget"
)

// longGet is a request with n bytes of cookies.
func longGet(n int) string {
	return "GET / HTTP/1.1\r\nHost: app.test\r\nCookie: " + strings.Repeat("x", n) + "\r\n\r\n"
}

// TestLongHeads: a head that does not fit into the small inbox takes memory until the next request is waited for. Beyond half of the memory there is none for it, and
// its visitor is told so; those with short heads are served all the time.
func TestLongHeads(t *testing.T) {
	memory, files := budget.New(4*longCost+20*connCost), budget.New(100)
	w := start(t, func(x *fakeExchange) { x.ok("x") }, func(o *Options, _ *limits) { o.Memory, o.Files = memory, files })
	v := w.dial()
	for range 3 { // one after the other they need the memory of one
		if res, _ := v.send(longGet(50_000)).response("GET"); res.StatusCode != 200 {
			t.Fatalf("a long head: %d", res.StatusCode)
		}
	}
	until(t, "given back", func() bool { return memory.Held() == connCost })

	half := longGet(50_000)[:40_000]
	one, two := w.dial().send(half), w.dial().send(half)
	until(t, "both have their memory", func() bool { return memory.Held() == 3*connCost+2*longCost })
	for range 3 {
		res, page := w.dial().send(half).response("GET")
		if res.StatusCode != 503 || !res.Close || res.Header.Get("Retry-After") != "1" || !strings.Contains(page, "ADIT-1007 RELAY_BUSY") {
			t.Fatalf("a third long head: %d %v %s", res.StatusCode, res.Header, page)
		}
		if res, _ := v.send(get).response("GET"); res.StatusCode != 200 {
			t.Errorf("a short head: %d", res.StatusCode)
		}
		if res, _ := w.dial().send(get).response("GET"); res.StatusCode != 200 {
			t.Errorf("a newcomer with a short head: %d", res.StatusCode)
		}
	}
	if res, _ := one.send(longGet(50_000)[40_000:]).response("GET"); res.StatusCode != 200 {
		t.Errorf("the first long head: %d", res.StatusCode)
	}
	until(t, "its memory is given back", func() bool { return w.s.long.Held() == longCost })
	if res, _ := w.dial().send(longGet(5000)).response("GET"); res.StatusCode != 200 {
		t.Errorf("a long head when there is room again: %d", res.StatusCode)
	}
	two.TCPConn.Close()
	if err := w.shutdown(patience); err != nil {
		t.Error(err)
	}
	if memory.Held() != 0 || files.Held() != 0 || w.s.long.Held() != 0 {
		t.Errorf("at the end %d bytes, %d connections, %d bytes for long heads are held", memory.Held(), files.Held(), w.s.long.Held())
	}
	if s := w.s.Stats(); s.TurnedAway != 3 || s.Errors["RELAY_BUSY"] != 3 {
		t.Errorf("%+v", s)
	}
}

// TestLongHeadLingers: when a long head has been refused its memory is not held for as long as the visitor takes to leave.
func TestLongHeadLingers(t *testing.T) {
	memory := budget.New(1 << 30)
	w := start(t, parrot, func(o *Options, l *limits) {
		o.Memory = memory
		l.linger, l.lingerAll = int64(time.Hour), int64(time.Hour)
	})
	v := w.dial().send(strings.TrimSuffix(longGet(50_000), "\r\n") + "no field\r\n\r\n")
	if res, _ := v.response("GET"); res.StatusCode != 400 {
		t.Fatal(res.StatusCode)
	}
	until(t, "only its place is held", func() bool { return memory.Held() == connCost })
	v.TCPConn.Close()
}

// TestWatcherWithoutMemory: a visitor who cannot be watched, because what he has sent already leaves no room for a byte more, is served as well, and not counted as
// turned away.
func TestWatcherWithoutMemory(t *testing.T) {
	free := make(chan struct{})
	w := start(t, func(x *fakeExchange) {
		<-free
		x.ok("x")
	}, short(time.Second), func(o *Options, _ *limits) { o.Memory = budget.New(connCost) })
	v := w.dial().send(get + strings.Repeat(get, smallInbox/len(get)) + get)
	until(t, "the watcher has come", func() (watched bool) {
		w.s.each(func(c *conn) { watched = c.reader.Load() == readerWatch && len(c.watchDone) == 1 })
		return watched
	})
	close(free)
	if res, _ := v.response("GET"); res.StatusCode != 200 {
		t.Error(res.StatusCode)
	}
	if s := w.s.Stats(); s.TurnedAway != 0 || s.Errors["RELAY_BUSY"] != 0 {
		t.Errorf("%+v", s)
	}
}

// TestPipelinedBehindChunks: what comes behind chunked content and finds no memory is not kept: the request in front of it is answered, and the connection closed.
func TestPipelinedBehindChunks(t *testing.T) {
	memory := budget.New(longCost) // of which long heads may have too little for one
	w := start(t, parrot, func(o *Options, _ *limits) { o.Memory = memory })
	v := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	until(t, "the content is read", func() bool { return len(w.up.exchanges()) == 1 })
	time.Sleep(50 * time.Millisecond) // so that the rest comes with one read
	v.send("0\r\n\r\n" + longGet(10_000))
	if res, text := v.response("POST"); res.StatusCode != 200 || text != "hello" {
		t.Errorf("%d %s", res.StatusCode, text)
	}
	if rest := v.rest(); rest != "" && !strings.HasPrefix(rest, "HTTP/1.1 503") { // what has come later is a head like any other
		t.Errorf("then %q", rest)
	}
}

// TestMakeRoomForTLS: connections that wait for a request make room for one that needs more than the place of one of them.
func TestMakeRoomForTLS(t *testing.T) {
	const idle = 20
	memory := budget.New(idle*connCost + connCost/2)
	w := startTLS(t, func(x *fakeExchange) { x.ok("x") }, func(o *Options, l *limits) {
		o.Memory = memory
		l.spare = int64(100 * time.Millisecond)
	})
	var all []*visitor
	for range idle {
		v := w.dial().send(get)
		v.response("GET")
		all = append(all, v)
	}
	at := w.s.clock.Load()
	until(t, "they have waited long enough", func() bool { return w.s.clock.Load() > at+4*w.s.lim.spare })
	for _, h2 := range []bool{false, true} {
		if res, text := fetch(t, w.client(h2), request(t, "GET", "https://app.test/", nil)); res.StatusCode != 200 || text != "x" {
			t.Errorf("h2 %v: %d %s", h2, res.StatusCode, text)
		}
	}
	if n := memory.Held(); n > memory.Size() {
		t.Errorf("%d of %d bytes are held", n, memory.Size())
	}
	for _, v := range all {
		v.TCPConn.Close()
	}
	if err := w.shutdown(patience); err != nil {
		t.Error(err)
	}
	if n := memory.Held(); n != 0 {
		t.Errorf("at the end %d bytes are held", n)
	}
}
