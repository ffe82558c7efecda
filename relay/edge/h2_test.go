package edge

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/adit-tunnel/adit/wire"
)

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

// TestH2FullDuplex: answer and content pass each other, nothing waits for the other's end.
func TestH2FullDuplex(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false))
		sendBack(x)
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
	gone := make(chan struct{})
	w := startTLS(t, func(x *fakeExchange) {
		switch path := strings.Fields(string(x.req.Head))[1]; path {
		case "/go":
			<-x.ended
			close(gone)
		case "/stay":
			<-gone
			x.ok("x")
		}
	})
	f := w.frames()
	f.head(1, true, ":path: /go")
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
