package edge

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

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
