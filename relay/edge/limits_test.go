package edge

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

func TestTimeLimits(t *testing.T) {
	const tick = 60 * time.Millisecond
	limited := func(o *Options, l *limits) {
		o.Head, o.Idle, o.Body, o.Reader = tick, tick, tick, 4*tick
		l.linger, l.lingerAll = int64(tick), int64(tick)
	}
	hang := func(x *fakeExchange) { x.over() }
	t.Run("no byte", func(t *testing.T) {
		w := start(t, hang, limited)
		if rest := w.dial().rest(); rest != "" {
			t.Errorf("got %q", rest)
		}
	})
	t.Run("half a head", func(t *testing.T) {
		w := start(t, hang, limited)
		v := w.dial().send("GET / HTTP/1.1\r\nHost: app.test\r\n")
		if head := v.head(); !strings.HasPrefix(head, "HTTP/1.1 408 ") || !strings.Contains(head, "ADIT-4005 HEAD_TIMEOUT") {
			t.Errorf("got %q", head)
		}
		v.rest()
	})
	t.Run("slow head", func(t *testing.T) {
		w := start(t, hang, limited)
		v := w.dial()
		go func() {
			for range 1000 {
				if _, err := v.TCPConn.Write([]byte("X")); err != nil {
					return
				}
				<-time.After(5 * time.Millisecond)
			}
		}()
		if head := v.head(); !strings.HasPrefix(head, "HTTP/1.1 408 ") {
			t.Errorf("got %q", head)
		}
		io.Copy(io.Discard, v.r)
	})
	t.Run("idle", func(t *testing.T) {
		w := start(t, func(x *fakeExchange) { x.ok("x") }, limited)
		v := w.dial().send(get)
		v.response("GET")
		if rest := v.rest(); rest != "" {
			t.Errorf("got %q", rest)
		}
	})
	for name, req := range map[string]string{"body": "Content-Length: 10\r\n\r\nhello", "chunked body": "Transfer-Encoding: chunked\r\n\r\n5\r\nhe"} {
		t.Run(name, func(t *testing.T) {
			w := start(t, hang, limited)
			v := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\n" + req)
			if head := v.head(); !strings.HasPrefix(head, "HTTP/1.1 408 ") || !strings.Contains(head, "ADIT-4006 BODY_TIMEOUT") {
				t.Errorf("got %q", head)
			}
			v.rest()
			if code, _ := w.up.exchanges()[0].over(); code != wire.CodeBodyTimeout {
				t.Errorf("aborted with %v", code)
			}
		})
	}
	t.Run("a slow answer has no limit", func(t *testing.T) {
		w := start(t, func(x *fakeExchange) {
			<-time.After(5 * tick)
			x.ok("x")
		}, limited)
		w.dial().send(get).response("GET")
	})
	t.Run("a silent event stream has none", func(t *testing.T) {
		w := start(t, func(x *fakeExchange) {
			x.put(respFrame("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false))
			<-time.After(5 * tick)
			x.put(dataFrame("data: x\n\n", true))
		}, limited)
		w.dial().send(get).response("GET")
	})
	t.Run("a body waits for credit", func(t *testing.T) {
		credit := make(chan struct{})
		w := start(t, func(x *fakeExchange) {
			<-time.After(5 * tick)
			close(credit)
			_, content := x.upload()
			x.ok(content)
		}, limited)
		w.up.credit = credit
		v := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").send("5\r\nworld\r\n0\r\n\r\n")
		if _, got := v.response("POST"); got != "helloworld" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a body that has not been asked for", func(t *testing.T) {
		w := start(t, func(x *fakeExchange) {
			<-time.After(15 * tick)
			x.info("HTTP/1.1 100 Continue\r\n\r\n")
			_, content := x.upload()
			x.ok(content)
		}, limited, func(o *Options, _ *limits) { o.Body = 10 * tick })
		v := w.dial().send(expectPost)
		if head := v.head(); head != "HTTP/1.1 100 Continue\n\n" {
			t.Fatalf("got %q", head)
		}
		if _, got := v.send("hello").response("POST"); got != "hello" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a body that has been asked for", func(t *testing.T) {
		w := start(t, func(x *fakeExchange) {
			<-time.After(3 * tick)
			x.info("HTTP/1.1 100 Continue\r\n\r\n")
			x.over()
		}, limited)
		v := w.dial().send(expectPost)
		v.head()
		if head := v.head(); !strings.HasPrefix(head, "HTTP/1.1 408 ") {
			t.Errorf("got %q", head)
		}
	})
	t.Run("an upload whose answer has begun has none", func(t *testing.T) {
		w := start(t, func(x *fakeExchange) {
			x.put(respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false))
			<-time.After(5 * tick)
			_, content := x.upload()
			x.put(dataFrame(content, true))
		}, limited)
		v := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nhello")
		v.head()
		<-time.After(4 * tick)
		v.send("world")
		if got := v.bytes(len("a\r\nhelloworld\r\n")); got != "a\r\nhelloworld\r\n" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a reader that reads nothing", func(t *testing.T) {
		w := start(t, func(x *fakeExchange) {
			x.put(respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false))
			for range 1000 {
				x.put(dataFrame(strings.Repeat("x", wire.MaxData), false))
			}
		}, limited)
		v := w.dial()
		v.SetReadBuffer(4 << 10)
		v.send(get)
		until(t, "begun", func() bool { return len(w.up.exchanges()) == 1 })
		if code, _ := w.up.exchanges()[0].over(); code != wire.CodeReaderTimeout {
			t.Errorf("aborted with %v", code)
		}
		until(t, "closed", func() bool { return w.s.Stats().Open == 0 })
	})
	t.Run("an upgraded connection has none", func(t *testing.T) {
		w := start(t, echo, limited)
		v := w.dial().send(upgradeReq)
		v.head()
		<-time.After(5 * tick)
		v.send("x").bytes(1)
	})
}

// TestStuck: a slow reader is one whose queue moves, however long one write takes.
func TestStuck(t *testing.T) {
	var st stall
	for _, step := range []struct {
		since, now int64
		unsent     int
		want       int64
	}{
		{100, 110, 5000, 10}, {100, 150, 5000, 50}, {100, 160, 4000, 0}, {100, 190, 4000, 30}, {100, 200, 3999, 0}, {100, 260, 3999, 60},
		{300, 310, 3999, 10}, {300, 400, 3999, 100}, // another write
		{500, 510, -1, 10}, {500, 600, -1, 100}, // a kernel that does not say
	} {
		if got := st.stuck(step.since, step.now, step.unsent); got != step.want {
			t.Errorf("%+v: %d", step, got)
		}
	}
}
