package edge

import (
	"io"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

const get = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"

func chunkFrameOf(size uint64) []byte { return wire.AppendChunk(nil, size) }

func trailersFrame(s string) []byte {
	return append(wire.AppendHeader(nil, wire.Trailers, wire.End|wire.Taken, len(s)), s...)
}

// TestAnswers: an answer's bytes reach the visitor as the service sent them, but for the documented edits.
func TestAnswers(t *testing.T) {
	tests := []struct {
		name, req string
		frames    [][]byte
		want      string
		closes    bool
	}{
		{name: "length", req: get, frames: [][]byte{respFrame("HTTP/1.1 200 Fine\r\nx-A:1\r\nContent-length: 5\r\nX-a:  2\r\n\r\n", wire.BodyLength, 5, false), dataFrame("he", false), dataFrame("llo", true)},
			want: "HTTP/1.1 200 Fine\r\nx-A:1\r\nContent-length: 5\r\nX-a:  2\r\n\r\nhello"},
		{name: "empty without length", req: get, frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyLength, 0, true)}, want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{name: "length that only the frame knows", req: get, frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyLength, 2, false), dataFrame("hi", true)}, want: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
		{name: "chunks", req: get, frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false),
			dataFrame("hello", false), chunkFrameOf(6), dataFrame("wor", false), dataFrame("ld!", false), dataFrame("", true)},
			want: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n"},
		{name: "chunks with END on the last", req: get, frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("hello", true)},
			want: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
		{name: "trailers", req: get, frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("hello", false), trailersFrame("X-Sum: 1\r\n")},
			want: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"},
		{name: "close-delimited service", req: get, frames: [][]byte{respFrame("HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("hello", false), dataFrame("", true)},
			want: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
		{name: "close-delimited to 1.0", req: "GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n", closes: true,
			frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false), chunkFrameOf(5), dataFrame("hello", false), trailersFrame("X-Sum: 1\r\n")},
			want:   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"},
		{name: "1.0 that closes", req: "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n", closes: true, frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", wire.BodyLength, 2, false), dataFrame("hi", true)},
			want: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"},
		{name: "1.0 that stays", req: "GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n", frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", wire.BodyLength, 2, false), dataFrame("hi", true)},
			want: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi"},
		{name: "HEAD", req: "HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n", frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", wire.BodyNone, 0, true)}, want: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"},
		{name: "HEAD, chunked", req: "HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n", frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyNone, 0, true)}, want: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{name: "204", req: get, frames: [][]byte{respFrame("HTTP/1.1 204 No Content\r\n\r\n", wire.BodyNone, 0, true)}, want: "HTTP/1.1 204 No Content\r\n\r\n"},
		{name: "304", req: get, frames: [][]byte{respFrame("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", wire.BodyNone, 0, true)}, want: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"},
		{name: "hop by hop, and an error field that is not ours", req: get, frames: [][]byte{respFrame("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nAdit-Error: ADIT-2001 LIE\r\nContent-Length: 0\r\n\r\n", wire.BodyLength, 0, true)},
			want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{name: "visitor that closes", req: "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n", closes: true, frames: [][]byte{respFrame("HTTP/1.1 204 No Content\r\n\r\n", wire.BodyNone, 0, true)}, want: "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
		{name: "early hints", req: get, frames: [][]byte{infoFrame("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), infoFrame("HTTP/1.1 100 Continue\r\n\r\n"), respFrame("HTTP/1.1 204 No Content\r\n\r\n", wire.BodyNone, 0, true)},
			want: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"},
		{name: "early hints to 1.0", req: "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n", closes: true, frames: [][]byte{infoFrame("HTTP/1.1 103 Early Hints\r\n\r\n"), respFrame("HTTP/1.1 204 No Content\r\n\r\n", wire.BodyNone, 0, true)},
			want: "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, func(x *fakeExchange) { x.put(tt.frames...) })
			v := w.dial().send(tt.req)
			if got := v.bytes(len(tt.want)); got != tt.want {
				t.Errorf("got\n%q\nwant\n%q", got, tt.want)
			}
			if _, finished := w.up.exchanges()[0].over(); !finished {
				t.Error("the exchange was not finished")
			}
			if tt.closes {
				if rest := v.rest(); rest != "" {
					t.Errorf("then %q", rest)
				}
				return
			}
			v.send(tt.req) // the connection goes on, and nothing was left behind
			if got := v.bytes(len(tt.want)); got != tt.want {
				t.Errorf("second time\n%q\nwant\n%q", got, tt.want)
			}
		})
	}
}

func infoFrame(head string) []byte {
	i := wire.Info{Seq: 1, Head: []byte(head)}
	return i.Append(nil)
}

// TestBadAnswers: an agent whose head and framing disagree gets nothing through.
func TestBadAnswers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	tests := []struct {
		name, req string
		frames    [][]byte
	}{
		{"lengths differ", get, [][]byte{respFrame(ok+"Content-Length: 6\r\n\r\n", wire.BodyLength, 5, false), dataFrame("hello", true)}},
		{"chunked with a length", get, [][]byte{respFrame(ok+"Transfer-Encoding: chunked\r\n\r\n", wire.BodyLength, 5, false), dataFrame("hello", true)}},
		{"length until END", get, [][]byte{respFrame(ok+"Content-Length: 5\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("hello", true)}},
		{"both framings", get, [][]byte{respFrame(ok+"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false)}},
		{"no body where there is one", get, [][]byte{respFrame(ok+"Content-Length: 5\r\n\r\n", wire.BodyNone, 0, true)}},
		{"a body for HEAD", "HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n", [][]byte{respFrame(ok+"Content-Length: 5\r\n\r\n", wire.BodyLength, 5, false), dataFrame("hello", true)}},
		{"101 unasked", get, [][]byte{respFrame("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", wire.BodyTunnel, 0, false)}},
		{"101 without a tunnel", "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", [][]byte{respFrame("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", wire.BodyNone, 0, true)}},
		{"a tunnel without 101", "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", [][]byte{respFrame(ok+"\r\n", wire.BodyTunnel, 0, false)}},
		{"1xx as the answer", get, [][]byte{respFrame("HTTP/1.1 103 Early Hints\r\n\r\n", wire.BodyNone, 0, true)}},
		{"two heads in one", get, [][]byte{respFrame(ok+"Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", wire.BodyLength, 0, true)}},
		{"half a head", get, [][]byte{respFrame(ok+"Content-Length: 0\r\n", wire.BodyLength, 0, true)}},
		{"bare LF", get, [][]byte{respFrame(ok+"X: a\nContent-Length: 0\r\n\r\n", wire.BodyLength, 0, true)}},
		{"a final head as interim", get, [][]byte{infoFrame(ok + "\r\n")}},
		{"101 as interim", get, [][]byte{infoFrame("HTTP/1.1 101 Switching Protocols\r\n\r\n")}},
		{"not HTTP", get, [][]byte{respFrame("SSH-2.0-x\r\n\r\n", wire.BodyLength, 0, true)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, func(x *fakeExchange) { x.put(tt.frames...) })
			v := w.dial().send(tt.req)
			head := v.head()
			if !strings.HasPrefix(head, "HTTP/1.1 502 ") || !strings.Contains(head, "Adit-Error: ADIT-5007 BAD_FRAMING") {
				t.Errorf("answer:\n%s", head)
			}
			if code, _ := w.up.exchanges()[0].over(); code != wire.CodeBadFraming {
				t.Errorf("aborted with %v", code)
			}
		})
	}
}

// TestCuts: an answer that broke off never looks whole, and what came before is delivered.
func TestCuts(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	length := respFrame(head+"Content-Length: 10\r\n\r\n", wire.BodyLength, 10, false)
	chunked := respFrame(head+"Transfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false)
	ends := map[string]func(x *fakeExchange){
		"aborted": func(x *fakeExchange) { x.abortWith(wire.CodeLocalEarlyEnd) },
		"lost":    func(x *fakeExchange) { x.lose() },
	}
	for name, end := range ends {
		t.Run("length, "+name, func(t *testing.T) {
			w := start(t, func(x *fakeExchange) { x.put(length, dataFrame("hello", false)); end(x) })
			v := w.dial().send(get)
			if got := v.rest(); got != head+"Content-Length: 10\r\n\r\nhello" {
				t.Errorf("got %q", got)
			}
		})
		t.Run("chunks, "+name, func(t *testing.T) {
			w := start(t, func(x *fakeExchange) { x.put(chunked, dataFrame("hello", false)); end(x) })
			v := w.dial().send(get)
			if got := v.rest(); got != head+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" {
				t.Errorf("got %q", got)
			}
		})
		t.Run("within a chunk, "+name, func(t *testing.T) {
			w := start(t, func(x *fakeExchange) { x.put(chunked, chunkFrameOf(10), dataFrame("hello", false)); end(x) })
			v := w.dial().send(get)
			if got := v.rest(); got != head+"Transfer-Encoding: chunked\r\n\r\na\r\nhello" {
				t.Errorf("got %q", got)
			}
		})
		t.Run("close-delimited, "+name, func(t *testing.T) {
			w := start(t, func(x *fakeExchange) { x.put(chunked, dataFrame("hello", false)); end(x) })
			v := w.dial().send("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n")
			got, err := io.ReadAll(v.r)
			if err == nil {
				t.Error("a FIN makes this answer look whole")
			}
			if string(got) != head+"Connection: close\r\n\r\nhello" {
				t.Errorf("got %q", got)
			}
		})
	}
	t.Run("trailers that must not be", func(t *testing.T) {
		w := start(t, func(x *fakeExchange) {
			x.put(chunked, dataFrame("hello", false), trailersFrame("Content-Length: 3\r\n"))
		})
		v := w.dial().send(get)
		if got := v.rest(); !strings.HasSuffix(got, "5\r\nhello\r\n") {
			t.Errorf("got %q", got)
		}
	})
}

// TestChunkBordersDown: big chunks keep their borders, and content in the megabytes arrives as it is.
func TestChunkBordersDown(t *testing.T) {
	for _, n := range []int{1, 4096, 4097, wire.MaxData, wire.MaxData + 1, 1 << 20} {
		content := strings.Repeat("0123456789abcdef", n/16+1)[:n]
		w := start(t, func(x *fakeExchange) {
			x.put(respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false), chunkFrameOf(uint64(n)))
			for p := content; len(p) > 0; {
				k := min(len(p), wire.MaxData)
				x.put(dataFrame(p[:k], false))
				p = p[k:]
			}
			x.put(dataFrame("end", true))
		})
		v := w.dial().send(get)
		v.head()
		want := hex(n) + "\r\n" + content + "\r\n3\r\nend\r\n0\r\n\r\n"
		if got := v.bytes(len(want)); got != want {
			t.Errorf("%d: the bytes differ", n)
		}
	}
}

// TestNoDelay: what has come is written although more will follow.
func TestNoDelay(t *testing.T) {
	next := make(chan struct{})
	w := start(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false))
		for range 3 {
			<-next
			x.put(dataFrame("data: x\n\n", false))
		}
		<-next
		x.put(dataFrame("", true))
	})
	v := w.dial().send(get)
	v.head()
	for range 3 {
		next <- struct{}{}
		if got := v.bytes(len("9\r\ndata: x\n\n\r\n")); got != "9\r\ndata: x\n\n\r\n" {
			t.Errorf("got %q", got)
		}
	}
	next <- struct{}{}
	v.bytes(len("0\r\n\r\n"))
}
