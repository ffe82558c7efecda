package edge

import (
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// TestVisitorLeaves: whenever a visitor goes, the agent is told.
func TestVisitorLeaves(t *testing.T) {
	sse := respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false)
	endless := func(x *fakeExchange) {
		x.put(sse)
		for {
			select {
			case <-x.ended:
				return
			default:
				until(x.t, "taken", func() bool { return !x.Buffered() || x.gone() })
				x.put(dataFrame(strings.Repeat("x", wire.MaxData), false))
			}
		}
	}
	upload := func(field string, n int) string {
		return "POST / HTTP/1.1\r\nHost: app.test\r\nX: " + field + "\r\nContent-Length: " + itoa(n) + "\r\n\r\n" + strings.Repeat("y", n)
	}
	tests := []struct {
		name, req string
		script    func(x *fakeExchange)
		hear      bool // the visitor hears the answer's head first
	}{
		{"while waiting", get, func(*fakeExchange) {}, false},
		{"while waiting after an upload", "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", func(x *fakeExchange) { x.upload() }, false},
		{"while waiting after an upload that filled the inbox", upload("", 10_000), func(x *fakeExchange) { x.upload() }, false},
		{"while waiting after an upload that filled the big inbox", upload(strings.Repeat("h", 5000), 100_000), func(x *fakeExchange) { x.upload() }, false},
		{"in an upload", "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nhello", func(*fakeExchange) {}, false},
		{"in a chunked upload", "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", func(*fakeExchange) {}, false},
		{"in a silent answer", get, func(x *fakeExchange) { x.put(sse) }, true},
		{"in a download", get, endless, true},
	}
	for _, tt := range tests {
		for _, rst := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				w := start(t, tt.script, short(time.Second))
				v := w.dial().send(tt.req)
				until(t, "begun", func() bool { return len(w.up.exchanges()) == 1 })
				if tt.hear {
					v.head()
				}
				if rst {
					v.SetLinger(0)
				}
				v.Close()
				if code, _ := w.up.exchanges()[0].over(); code != wire.CodeVisitorGone {
					t.Errorf("aborted with %v", code)
				}
				until(t, "closed", func() bool { return w.s.Stats().Open == 0 })
				if got := w.s.Stats().Errors["VISITOR_GONE"]; got != 1 {
					t.Errorf("%d counted", got)
				}
			})
		}
	}
}

// gone says that the edge has ended the exchange.
func (x *fakeExchange) gone() bool {
	select {
	case <-x.ended:
		return true
	default:
		return false
	}
}

// TestHalfClosed: a visitor that sends FIN behind its request, as nc does, gets its answer even if that takes a moment.
func TestHalfClosed(t *testing.T) {
	var w *world
	w = start(t, func(x *fakeExchange) {
		until(t, "FIN seen", func() bool { return w.fin() != 0 })
		x.ok("late")
	}, func(_ *Options, l *limits) { l.watch = int64(10 * time.Millisecond); l.leave = int64(time.Minute) })
	v := w.dial().send(get)
	v.CloseWrite()
	if _, got := v.response("GET"); got != "late" {
		t.Errorf("got %q", got)
	}
}

// TestHalfClosedDownload: a visitor that sends FIN right away still gets an answer that moves.
func TestHalfClosedDownload(t *testing.T) {
	const n = 200
	w := start(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false))
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for range n {
			<-tick.C
			x.put(dataFrame("0123456789", false))
		}
		x.put(dataFrame("", true))
	}, func(_ *Options, l *limits) { l.watch = int64(10 * time.Millisecond); l.leave = int64(5 * time.Second) })
	v := w.dial().send(get)
	v.CloseWrite()
	if _, got := v.response("GET"); len(got) != 10*n {
		t.Errorf("%d bytes", len(got))
	}
}

// TestWatcherKeepsPipelined: bytes of a next request that come while an answer is awaited are not lost.
func TestWatcherKeepsPipelined(t *testing.T) {
	slow := make(chan struct{})
	w := start(t, func(x *fakeExchange) {
		<-slow
		x.ok(strings.Fields(string(x.req.Head))[1])
	}, short(time.Second))
	v := w.dial()
	for i := range 5 {
		v.send("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n")
		if i%2 == 0 {
			until(t, "watched", func() bool { return w.reader() == readerWatch })
		}
		v.send("GET /b HTTP/1.1\r\nHost: app.test\r\n\r\n")
		slow <- struct{}{}
		if _, got := v.response("GET"); got != "/a" {
			t.Errorf("got %q", got)
		}
		until(t, "watched", func() bool { return w.reader() == readerWatch })
		slow <- struct{}{}
		if _, got := v.response("GET"); got != "/b" {
			t.Errorf("got %q", got)
		}
	}
}

// reader is who reads on the one connection.
func (w *world) reader() (r uint32) {
	w.s.each(func(c *conn) { r = c.reader.Load() })
	return r
}

// fin is since when the visitor's side of the one connection is closed.
func (w *world) fin() (f int64) {
	w.s.each(func(c *conn) { f = c.fin.Load() })
	return f
}
