package edge

import (
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

const expectPost = "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"

func TestContinueGranted(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		if x.req.Flags&wire.ReqExpect == 0 {
			t.Error("no EXPECT")
		}
		x.info("HTTP/1.1 100 Continue\r\n\r\n")
		_, content := x.upload()
		x.ok(content)
	})
	v := w.dial()
	for range 2 {
		v.send(expectPost)
		if head := v.head(); head != "HTTP/1.1 100 Continue\n\n" {
			t.Fatalf("got %q", head)
		}
		v.send("hello")
		if _, got := v.response("POST"); got != "hello" {
			t.Errorf("got %q", got)
		}
	}
}

// TestContinueLate: content has come already, so a 100 would only confuse.
func TestContinueLate(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		_, content := x.upload()
		x.info("HTTP/1.1 100 Continue\r\n\r\n")
		x.ok(content)
	})
	for _, req := range []string{expectPost + "hello", strings.ReplaceAll(expectPost, "Content-Length: 5", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n"} {
		v := w.dial().send(req)
		if head := v.head(); !strings.HasPrefix(head, "HTTP/1.1 200 OK\n") || strings.Contains(head, "close") {
			t.Errorf("got %q", head)
		}
	}
}

// TestContinueRefused: the content may come or not, so the connection cannot be kept.
func TestContinueRefused(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.respond("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\n", "no") }, short(200*time.Millisecond))
	v := w.dial().send(expectPost)
	if got := v.rest(); got != "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno" {
		t.Errorf("got %q", got)
	}
	if _, finished := w.up.exchanges()[0].over(); !finished {
		t.Error("not finished")
	}
}

// TestEarlyAnswer: a 413 with a page of 2 MiB, while the visitor sends on and reads only afterwards.
func TestEarlyAnswer(t *testing.T) {
	page := strings.Repeat("x", 2<<20)
	w := start(t, func(x *fakeExchange) {
		x.content(1000)
		x.put(respFrame("HTTP/1.1 413 Content Too Large\r\nContent-Length: "+itoa(len(page))+"\r\n\r\n", wire.BodyLength, len(page), false))
		for p := page; len(p) > 0; p = p[min(len(p), wire.MaxData):] {
			k := min(len(p), wire.MaxData)
			x.put(dataFrame(p[:k], k == len(p)))
		}
		x.stop()
	}, short(time.Second))
	v := w.dial()
	const length = 8 << 20 // and one byte that never comes: the answer is early, however fast the upload
	sent := make(chan error, 1)
	go func() {
		_, err := v.TCPConn.Write([]byte("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: " + itoa(length+1) + "\r\n\r\n" + strings.Repeat("y", length)))
		sent <- err
	}()
	res, got := v.response("POST")
	if res.StatusCode != 413 || got != page {
		t.Errorf("status %d, %d bytes", res.StatusCode, len(got))
	}
	<-sent
	v.rest()
	// Whose upload was quicker than STOP waits for the byte that never comes, until the early limit.
	if code, finished := w.up.exchanges()[0].over(); !finished && code != wire.CodeBodyTimeout {
		t.Errorf("it was not finished, but ended with %d", code)
	}
}

// TestEarlyAnswerGoesOn: the upload is not cut off while it moves, and the connection is kept.
func TestEarlyAnswerGoesOn(t *testing.T) {
	uploaded := make(chan string, 2)
	w := start(t, func(x *fakeExchange) {
		x.ok("early")
		_, content := x.upload()
		uploaded <- content
	})
	v := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nhello")
	if _, got := v.response("POST"); got != "early" {
		t.Errorf("got %q", got)
	}
	v.send("world")
	if got := <-uploaded; got != "helloworld" {
		t.Errorf("uploaded %q", got)
	}
	v.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\n\r\nabc")
	if _, got := v.response("POST"); got != "early" {
		t.Errorf("got %q", got)
	}
}

// TestEarlyAnswerStalls: an upload that does not move any more after its answer ends the connection.
func TestEarlyAnswerStalls(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("early") }, short(50*time.Millisecond))
	v := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nhello")
	if _, got := v.response("POST"); got != "early" {
		t.Errorf("got %q", got)
	}
	v.rest()
	if code, _ := w.up.exchanges()[0].over(); code != wire.CodeBodyTimeout {
		t.Errorf("aborted with %v", code)
	}
}

// TestStop: little content that nobody wants is read, and the connection is kept; more ends it.
func TestStop(t *testing.T) {
	tests := []struct {
		name    string
		chunked bool
		size    int
		kept    bool
	}{
		{"little", false, 40 << 10, true},
		{"much", false, 200 << 10, false},
		{"little, chunked", true, 40 << 10, true},
		{"much, chunked", true, 200 << 10, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, func(x *fakeExchange) {
				if x.req.Body == wire.BodyNone {
					x.ok("next")
					return
				}
				x.content(5)
				x.stop()
				x.ok("early")
			}, short(time.Second))
			head, body := "Content-Length: "+itoa(5+tt.size), strings.Repeat("y", tt.size)
			first := "hello"
			if tt.chunked {
				head, first = "Transfer-Encoding: chunked", "5\r\nhello\r\n"
				body = strings.Repeat("400\r\n"+strings.Repeat("y", 1024)+"\r\n", tt.size/1024) + "0\r\nX: y\r\n\r\n"
			}
			v := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\n" + head + "\r\n\r\n" + first)
			if _, got := v.response("POST"); got != "early" {
				t.Errorf("got %q", got)
			}
			go v.TCPConn.Write([]byte(body + get))
			if !tt.kept {
				v.rest()
			} else if _, got := v.response("GET"); got != "next" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestFailDuringUpload: the page is heard although the content was not read.
func TestFailDuringUpload(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		x.content(5)
		x.failWith(wire.CodeLocalReset, "")
	}, short(time.Second))
	v := w.dial()
	v.send("POST / HTTP/1.1\r\nHost: app.test\r\nAccept: application/json\r\nContent-Length: 1000005\r\n\r\nhello")
	res, body := v.response("POST")
	go v.TCPConn.Write([]byte(strings.Repeat("y", 1000000)))
	if res.StatusCode != 502 || !res.Close || !strings.Contains(body, `"LOCAL_RESET"`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	v.rest()
	w.up.exchanges()[0].over()
}
