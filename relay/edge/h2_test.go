package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/adit-tunnel/adit/wire"
)

// framer speaks HTTP/2 frame by frame, right or wrong.
type framer struct {
	t testing.TB
	*http2.Framer
	conn *tls.Conn
	out  bytes.Buffer
	enc  *hpack.Encoder
}

func (w *secureWorld) frames() *framer {
	w.t.Helper()
	c := w.mustSeal(w.config("app.test", "h2"))
	f := &framer{t: w.t, Framer: http2.NewFramer(c, c), conn: c}
	f.enc = hpack.NewEncoder(&f.out)
	f.AllowIllegalWrites = true
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	io.WriteString(c, http2.ClientPreface)
	f.WriteSettings()
	return f
}

// head writes HEADERS: "name: value" for each field; pseudo fields are those of a GET unless they are given.
func (f *framer) head(stream uint32, end bool, fields ...string) {
	f.t.Helper()
	f.out.Reset()
	var given, rest [][2]string
	for _, s := range fields {
		i := strings.Index(s, ": ")
		p := [2]string{s[:i], s[i+2:]}
		if p[0][0] == ':' {
			given = append(given, p)
		} else {
			rest = append(rest, p)
		}
	}
	for _, p := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "app.test"}} {
		for _, g := range given {
			if g[0] == p[0] {
				p[1] = g[1]
			}
		}
		if p[1] != "-" {
			f.enc.WriteField(hpack.HeaderField{Name: p[0], Value: p[1]})
		}
	}
	for _, p := range rest {
		f.enc.WriteField(hpack.HeaderField{Name: p[0], Value: p[1]})
	}
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.out.Bytes(), EndHeaders: true, EndStream: end}); err != nil {
		f.t.Fatal(err)
	}
}

// outcome reads until the stream is over, and tells how: "status content", then a reset, a goaway or the connection's end.
func (f *framer) outcome(stream uint32) string {
	var s strings.Builder
	for {
		fr, err := f.ReadFrame()
		if err != nil {
			return s.String() + " closed"
		}
		switch fr := fr.(type) {
		case *http2.MetaHeadersFrame:
			if fr.StreamID == stream {
				s.WriteString(fr.PseudoValue("status"))
			}
		case *http2.DataFrame:
			if fr.StreamID == stream && len(fr.Data()) > 0 {
				s.WriteString(" " + string(fr.Data()))
			}
		case *http2.RSTStreamFrame:
			if fr.StreamID == stream {
				return s.String() + " RST " + fr.ErrCode.String()
			}
		case *http2.GoAwayFrame:
			if fr.ErrCode != http2.ErrCodeNo {
				return s.String() + " GOAWAY " + fr.ErrCode.String()
			}
		}
		if h := fr.Header(); h.StreamID == stream && h.Flags.Has(http2.FlagDataEndStream) && (h.Type == http2.FrameData || h.Type == http2.FrameHeaders) {
			return s.String()
		}
	}
}

// TestH2IsStrict: nothing that HTTP/1.1 would read differently comes to the service.
func TestH2IsStrict(t *testing.T) {
	w := startTLS(t, parrot)
	for _, c := range []struct {
		fields []string
		want   string // how the outcome begins
	}{
		{nil, "200"},
		{[]string{"te: trailers", "cookie: a=1", "cookie: b=2"}, "200"},
		{[]string{"host: app.test"}, "200"}, {[]string{"host: APP.test:443"}, "200"}, {[]string{":authority: -", "host: app.test"}, "200"},
		{[]string{"connection: close"}, "400"}, {[]string{"transfer-encoding: chunked"}, "400"}, {[]string{"upgrade: h2c"}, "400"},
		{[]string{"keep-alive: 1"}, "400"}, {[]string{"proxy-connection: close"}, "400"}, {[]string{"http2-settings: x"}, "400"},
		{[]string{"te: gzip"}, "400"}, {[]string{"te: trailers, gzip"}, "400"},
		{[]string{"host: other.test"}, "400"}, {[]string{"host: app.test", "host: app.test"}, "400"}, {[]string{":authority: -"}, "400"},
		{[]string{":authority: a@app.test"}, " RST"}, {[]string{":authority: app.test/x"}, "400"}, {[]string{":authority: app.test app.test"}, "400"},
		{[]string{"content-length: 5"}, "400"}, {[]string{"content-length: 0", "content-length: 0"}, "400"}, {[]string{"content-length: +0"}, "400"},
		{[]string{"x: a\r\nevil: b"}, " RST"}, {[]string{"x: a\x00b"}, " RST"}, {[]string{"x:y: a"}, " RST"}, {[]string{"x y: a"}, " RST"}, {[]string{"X-Upper: a"}, " RST"},
		{[]string{":path: /a b"}, "400"}, {[]string{":path: *"}, "400"}, {[]string{":path: http://app.test/"}, "400"}, {[]string{":path: a"}, " RST"},
		{[]string{":method: OPTIONS", ":path: *"}, "200"}, {[]string{":method: G T"}, "400"}, {[]string{":method: GET\r\nx: y"}, ""},
		{[]string{":method: CONNECT", ":path: -", ":scheme: -"}, "405"}, {[]string{":method: CONNECT"}, " RST"},
	} {
		before := len(w.up.exchanges())
		f := w.frames()
		f.head(1, true, c.fields...)
		got := f.outcome(1)
		passed := len(w.up.exchanges()) - before
		if !strings.HasPrefix(got, c.want) || (passed == 1) != (c.want == "200") {
			t.Errorf("%q: %.60q, %d came through", c.fields, got, passed)
		}
		f.conn.Close()
	}
	all := w.up.exchanges()
	if h := string(all[1].req.Head); !strings.Contains(h, "\r\nCookie: a=1; b=2\r\n") {
		t.Errorf("cookies: %q", h)
	}
}

// TestH2WrongLengths: content that is not as long as the head says ends the exchange on both sides.
func TestH2WrongLengths(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		if x.upload(); x.req.Body == wire.BodyLength {
			select {
			case <-x.ended:
			case <-time.After(100 * time.Millisecond):
				x.ok("")
			}
		}
	})
	for sent, want := range map[string]string{"abc": "400", "abcdefgh": " RST PROTOCOL_ERROR"} {
		f := w.frames()
		f.head(1, false, ":method: POST", "content-length: 5")
		f.WriteData(1, true, []byte(sent))
		if got := f.outcome(1); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %.60q", sent, got)
		}
		f.conn.Close()
	}
	for _, x := range w.up.exchanges() {
		if code, finished := x.over(); finished && code == wire.CodeNone {
			t.Error("an exchange whose content was wrong has ended well")
		}
	}
}

// TestH2Trailers: both ways, with content of unknown length and with none.
func TestH2Trailers(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		frames, _ := x.upload()
		const lines = "Grpc-Status: 0\r\nX-Sum: a, b\r\n"
		x.put(respFrame("HTTP/1.1 200 OK\r\nTrailer: Grpc-Status\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false),
			dataFrame(frames[len(frames)-1], false), append(wire.AppendHeader(nil, wire.Trailers, flag(true), len(lines)), lines...))
	})
	r := request(t, "POST", "https://app.test/", io.NopCloser(strings.NewReader("content")))
	r.ContentLength = -1
	r.Trailer = http.Header{"X-Digest": {"12"}}
	res, got := fetch(t, w.client(true), r)
	if got != `TRAILERS "X-Digest: 12\r\n" END` || res.Trailer.Get("Grpc-Status") != "0" || res.Trailer.Get("X-Sum") != "a, b" || res.Header["Transfer-Encoding"] != nil {
		t.Errorf("%q %v %v", got, res.Header, res.Trailer)
	}
	if h := string(w.up.exchanges()[0].req.Head); !strings.Contains(h, "Transfer-Encoding: chunked\r\n") || !strings.Contains(h, "Trailer: X-Digest\r\n") {
		t.Errorf("head %q", h)
	}
}

// TestH2TrailersBehindLength: they are kept, and a length that is wrong is still found.
func TestH2TrailersBehindLength(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		frames, content := x.upload0()
		x.ok(content + strings.Join(frames[max(0, len(frames)-1):], ""))
	})
	r := request(t, "POST", "https://app.test/", io.NopCloser(strings.NewReader("content")))
	r.ContentLength, r.Trailer = 7, http.Header{"X-Digest": {"12"}}
	if _, got := fetch(t, w.client(true), r); got != `contentTRAILERS "X-Digest: 12\r\n" END` {
		t.Errorf("%q", got)
	}
	if h := string(w.up.exchanges()[0].req.Head); strings.Contains(h, "Content-Length") || !strings.Contains(h, "Transfer-Encoding: chunked\r\n") {
		t.Errorf("head %q", h)
	}
	f := w.frames()
	f.head(1, false, ":method: POST", "content-length: 5", "trailer: x")
	f.WriteData(1, true, []byte("abc"))
	if got := f.outcome(1); !strings.HasPrefix(got, "400") {
		t.Errorf("too short: %.60q", got)
	}
	f.head(3, true, "trailer: x")
	if got := f.outcome(3); !strings.HasPrefix(got, "200") || strings.Contains(string(w.up.exchanges()[2].req.Head), "chunked") {
		t.Errorf("without content: %q", got)
	}
}

// TestH2TrailerNamedLikeAField: a field of the head is not sent again as a trailer.
func TestH2TrailerNamedLikeAField(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nX-Sum: head\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("x", true))
	})
	res, _ := fetch(t, w.client(true), request(t, "GET", "https://app.test/", nil))
	if res.Header.Get("X-Sum") != "head" || res.Trailer.Get("X-Sum") != "" {
		t.Errorf("%v, behind it %v", res.Header, res.Trailer)
	}
}

// TestH2FullDuplex: answer and content pass each other, nothing waits for the other's end.
func TestH2FullDuplex(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false))
		for {
			f, ok := x.recv()
			if !ok {
				return
			}
			x.put(dataFrame(string(f.payload), f.end))
			if f.end {
				return
			}
		}
	})
	pr, pw := io.Pipe()
	res, err := w.client(true).Do(request(t, "POST", "https://app.test/", pr))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for i := range 20 {
		want := strings.Repeat(string(rune('a'+i)), 1+i*3000)
		go io.WriteString(pw, want)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != want {
			t.Fatalf("round %d: %v", i, err)
		}
	}
	pw.Close()
	if b, err := io.ReadAll(res.Body); err != nil || len(b) > 0 {
		t.Errorf("%q %v", b, err)
	}
	if code, finished := w.up.exchanges()[0].over(); !finished {
		t.Errorf("ended with %v", code)
	}
}

// TestH2Interim: 1xx heads are passed on, and their fields are not the answer's.
func TestH2Interim(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		x.info("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
		x.ok("x")
	})
	f := w.frames()
	f.head(1, true)
	if got := f.outcome(1); got != "103200 x" {
		t.Errorf("%q", got)
	}
}

// TestH2Cuts: an answer that is not whole is reset, with all that came before; before it has begun there is a page.
func TestH2Cuts(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		if strings.Contains(string(x.req.Head), "/early") {
			x.lose()
			return
		}
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("half", false))
		x.abortWith(wire.CodeLocalEarlyEnd)
	})
	f := w.frames()
	f.head(1, true)
	if got := f.outcome(1); got != "200 half RST INTERNAL_ERROR" {
		t.Errorf("%q", got)
	}
	f.head(3, true, ":path: /early", "accept: application/json")
	if got := f.outcome(3); !strings.HasPrefix(got, "502") || !strings.Contains(got, `"LINK_LOST"`) {
		t.Errorf("%q", got)
	}
}

// TestH2VisitorLeaves: a reset, and a connection that ends, end the exchanges of those requests alone.
func TestH2VisitorLeaves(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		if strings.Contains(string(x.req.Head), "/stay") {
			time.Sleep(50 * time.Millisecond)
			x.ok("x")
		}
	})
	f := w.frames()
	f.head(1, true)
	f.head(3, true, ":path: /stay")
	f.head(5, false, ":method: POST")
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 3 })
	f.WriteRSTStream(1, http2.ErrCodeCancel)
	if got := f.outcome(3); got != "200 x" {
		t.Errorf("%q", got)
	}
	f.conn.Close()
	for _, x := range w.up.exchanges() {
		stay := strings.Contains(string(x.req.Head), "/stay")
		if code, finished := x.over(); finished != stay || !stay && code != wire.CodeVisitorGone {
			t.Errorf("%.20q: %v %v", x.req.Head, code, finished)
		}
	}
	until(t, "closed", func() bool { return w.s.Stats().Open == 0 })
	if attached, counted := w.up.seats(); attached != 0 || counted != 1 {
		t.Errorf("%d attached, %d counted", attached, counted)
	}
}

// TestH2SlowContent: content that is wanted and does not come ends with 408, and the connection lives.
func TestH2SlowContent(t *testing.T) {
	w := startTLS(t, parrot, func(o *Options, _ *limits) { o.Body = 200 * time.Millisecond })
	f := w.frames()
	f.head(1, false, ":method: POST")
	f.WriteData(1, false, []byte("some"))
	if got := f.outcome(1); !strings.HasPrefix(got, "408") {
		t.Errorf("%.80q", got)
	}
	f.head(3, true)
	if got := f.outcome(3); !strings.HasPrefix(got, "200") {
		t.Errorf("%.80q", got)
	}
}

// TestH2DeafReader: a request whose answer is not taken is reset, and its neighbours are not.
func TestH2DeafReader(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		if strings.Contains(string(x.req.Head), "/big") {
			x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false))
			for range 10 {
				x.put(dataFrame(strings.Repeat("x", 30_000), false))
			}
			return
		}
		x.ok("")
	}, func(o *Options, _ *limits) { o.Reader = 300 * time.Millisecond })
	f := w.frames()
	f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
	f.head(1, true, ":path: /big")
	if got := f.outcome(1); !strings.HasSuffix(got, "RST INTERNAL_ERROR") {
		t.Errorf("%.80q", got)
	}
	if code, _ := w.up.exchanges()[0].over(); code != wire.CodeReaderTimeout {
		t.Errorf("ended with %v", code)
	}
	f.head(3, true)
	if got := f.outcome(3); got != "200" {
		t.Errorf("%.80q", got)
	}
}

// TestH2EarlyAnswer: an answer does not wait for content that nobody wants any more.
func TestH2EarlyAnswer(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) { x.respond("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\n", "no") })
	f := w.frames()
	f.head(1, false, ":method: POST", "content-length: 1000000")
	f.WriteData(1, false, []byte("some"))
	if got := f.outcome(1); !strings.HasPrefix(got, "413 no") {
		t.Errorf("%q", got)
	}
	if code, finished := w.up.exchanges()[0].over(); finished {
		t.Errorf("the stream would be used again: %v", code)
	}
}

// TestH2Stop: GOAWAY, then what is under way ends, and who idles is told to leave.
func TestH2Stop(t *testing.T) {
	free := make(chan struct{})
	w := startTLS(t, func(x *fakeExchange) {
		<-free
		x.ok("whole")
	}, func(_ *Options, l *limits) { l.late = int64(50 * time.Millisecond) })
	busy, idle := w.frames(), w.frames()
	busy.head(1, true)
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 1 && w.s.Stats().Open == 2 })
	done := make(chan error, 1)
	go func() { done <- w.shutdown(patience) }()
	if got := idle.outcome(99); got != " closed" {
		t.Errorf("idle: %q", got)
	}
	idle.conn.Close()
	close(free)
	if got := busy.outcome(1); got != "200 whole" {
		t.Errorf("busy: %q", got)
	}
	busy.conn.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestH2StopSlowReader: who reads an answer when the stop has come past its connection may do that to the end, and say so.
func TestH2StopSlowReader(t *testing.T) {
	const size = 1 << 20
	free := make(chan struct{})
	w := startTLS(t, func(x *fakeExchange) {
		<-free
		x.ok(strings.Repeat("x", size))
	})
	f := w.frames()
	f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 2 * size})
	f.WriteWindowUpdate(0, 2*size)
	f.head(1, true)
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 1 })
	done := make(chan error, 1)
	go func() { done <- w.shutdown(patience) }()
	close(free)
	until(t, "the relay has done its part", func() bool {
		n := 0
		w.s.each(func(c *conn) {
			if c.phase.Load() != phaseLinger {
				n++
			}
		})
		return n == 0
	})
	if err := f.WriteWindowUpdate(0, 1000); err != nil {
		t.Error(err)
	}
	if got := f.outcome(1); len(got) < size {
		t.Errorf("%d bytes of %d", len(got), size)
	}
	if err := f.WriteWindowUpdate(0, 1000); err != nil {
		t.Errorf("the visitor cannot say that it has read: %v", err)
	}
	f.conn.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestH2StopCuts: at the end of the grace what has no answer gets a page, and what has half of one is reset.
func TestH2StopCuts(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		if strings.Contains(string(x.req.Head), "/half") {
			x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("half", false))
		}
	})
	f := w.frames()
	f.head(1, true)
	f.head(3, true, ":path: /half")
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 2 })
	got := make(chan string)
	go func() { got <- f.outcome(1) }()
	if err := w.shutdown(300 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if s := <-got; !strings.HasPrefix(s, "503") {
		t.Errorf("%.80q", s)
	}
}

// TestManyAtOnce: a thousand requests over both versions, each with its own content.
func TestManyAtOnce(t *testing.T) {
	w := startTLS(t, parrot)
	one, two := w.client(false), w.client(true)
	one.Transport.(*http.Transport).MaxIdleConnsPerHost = 20
	var wg sync.WaitGroup
	for worker := range 20 {
		c := one
		if worker%2 == 1 {
			c = two
		}
		wg.Go(func() {
			for i := range 50 {
				want := strings.Repeat(fmt.Sprintf("%d.%d ", worker, i), 1+i*50)
				if res, got := fetch(t, c, request(t, "POST", "https://app.test/", strings.NewReader(want))); got != want {
					t.Errorf("%s, %d bytes of %d", res.Status, len(got), len(want))
				}
			}
		})
	}
	wg.Wait()
}
