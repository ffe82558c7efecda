package edge

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestSlowUploadsHoldNoBuffer: visitors who send little and wait cost less than what reads of bulk take, however their content is framed; and none of what they
// send is lost or waits for more.
func TestSlowUploadsHoldNoBuffer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux does an upload wait without a buffer")
	}
	const visitors, most = 200, 20 << 10 // bytes each: conn, inbox, turn, and stand-ins for stream and agent
	for name, framing := range map[string][2]string{
		"length": {"Content-Length: 1000000\r\n\r\n", "x"}, "chunks": {"Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			came := make(chan string, visitors)
			w := start(t, func(x *fakeExchange) {
				for range 3 {
					came <- x.content(1)
				}
				x.over()
			}, func(_ *Options, l *limits) { l.early, l.linger = int64(time.Second), int64(time.Second) })
			w.up.queue = 16
			var all []*visitor
			for range visitors {
				all = append(all, w.dial())
			}
			before := heap()
			for _, v := range all {
				v.send("POST / HTTP/1.1\r\nHost: app.test\r\n" + framing[0])
			}
			for range 3 {
				for _, v := range all {
					v.send(framing[1])
				}
				for range all {
					if got := <-came; got != "x" {
						t.Fatalf("got %q", got)
					}
				}
			}
			if each := (heap() - before) / visitors; each > most {
				t.Errorf("each costs %d bytes", each)
			}
			for _, v := range all {
				v.Close()
			}
			until(t, "all are gone", func() bool { return w.s.Stats().Open == 0 })
		})
	}
}

// heap is what is in use.
func heap() int {
	for range 3 { // pools let go of what two collections have not seen used
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestUploadsThatComeAndGo: content of many sizes, with waits in between, comes through as it was sent.
func TestUploadsThatComeAndGo(t *testing.T) {
	sizes := []int{1, 100, 4096, 20 << 10, 1, 40 << 10, 33 << 10, 7, 64 << 10, 1}
	came := make(chan string, 1)
	w := start(t, func(x *fakeExchange) {
		for _, n := range sizes {
			came <- x.content(n)
		}
		x.upload() // the end
		x.ok("x")
	})
	for _, chunked := range []bool{false, true} {
		v := w.dial()
		if chunked {
			v.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n")
		} else {
			v.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1000000\r\n\r\n")
		}
		left := 1000000
		for i, n := range sizes {
			p := strings.Repeat(string(rune('a'+i)), n)
			left -= n
			if chunked {
				v.send(hex(n) + "\r\n" + p + "\r\n")
			} else {
				v.send(p)
			}
			if got := <-came; got != p {
				t.Fatalf("chunked %v: of %d bytes came %d", chunked, n, len(got))
			}
		}
		if chunked {
			v.send("0\r\n\r\n")
		} else {
			v.send(strings.Repeat("z", left))
		}
		v.response("POST")
	}
}
