package edge

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/http1"
)

// FuzzH2Head: whatever a request of HTTP/2 holds, its head in HTTP/1.1 is refused, or has that request's meaning and no field more. Nothing that net/http looks
// at is relied on. fields are lines "name:value".
func FuzzH2Head(f *testing.F) {
	f.Add("GET", "/a?b=c", "app.test", "Accept:*/*\nTe:trailers\nCookie:a=1; b=2", "", int64(0))
	f.Add("POST", "/", "app.test:443", "Content-Length:5\nHost:APP.test", "", int64(5))
	f.Add("POST", "/", "app.test", "X:1\nX:2\nExpect:100-continue", "X-Sum\nX-Digest", int64(-1))
	f.Add("OPTIONS", "*", "app.test", "", "", int64(0))
	f.Add("GET", "/ HTTP/1.1\r\nX: ", "app.test", "", "", int64(0))
	f.Add("GET / HTTP/1.1\r\nX:", "/", "app.test", "", "", int64(0))
	f.Add("GET", "/", "app.test\r\nX: y", "", "", int64(0))
	f.Add("POST", "/", "app.test", "Content-Length:5", "X\r\nTransfer-Encoding", int64(-1))
	f.Add("GET", "/", "app.test", "Transfer-Encoding:chunked\nContent_Length:5\nContent-Length :5", "", int64(0))
	f.Add("POST", "/", "app.test", "Content-Length:5", "X", int64(5))
	f.Add("GET", "/", "app.test", "X:a\r\r\x00", "", int64(0))
	f.Add("POST", "/", "app.test", "Content-LengTh:5", "", int64(3))
	f.Fuzz(func(t *testing.T, method, uri, host, fields, trailers string, length int64) {
		r := &http.Request{Method: method, RequestURI: uri, Host: host, ContentLength: max(length, -1), Header: http.Header{}}
		given := 0
		for line := range strings.SplitSeq(fields, "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok {
				r.Header[name] = append(r.Header[name], value)
				given++
			}
		}
		for name := range strings.SplitSeq(trailers, "\n") {
			if name != "" {
				if r.Trailer == nil {
					r.Trailer = http.Header{}
				}
				r.Trailer[name] = nil
			}
		}
		tr := new(turn)
		if (&stream{r: r}).understand(tr) != nil {
			return
		}
		sameRequest(t, r, &tr.req, given)
	})
}

// sameRequest holds what was understood against what was given.
func sameRequest(t *testing.T, r *http.Request, got *http1.Request, given int) {
	t.Helper()
	want := given - len(r.Header["Host"]) + 1 // Host stands once
	if len(r.Trailer) > 0 {
		want++
	}
	body := http1.BodyNone
	behindLength := r.ContentLength > 0 && len(r.Trailer) > 0 // trailers, for which the length goes
	switch {
	case r.ContentLength < 0 || behindLength:
		body, want = http1.BodyChunked, want+1-len(r.Header["Content-Length"])
	case r.Header["Content-Length"] != nil:
		body = http1.BodyLength
	}
	if string(got.Method) != r.Method || string(got.Path) != r.RequestURI || string(got.Host) != strings.Trim(r.Host, " \t") || len(got.Fields) != want {
		t.Fatalf("%q: %s %s %s, %d fields of %d", got.Raw, got.Method, got.Path, got.Host, len(got.Fields), want)
	}
	if got.Body != body || body == http1.BodyLength && got.Length != r.ContentLength || got.Close || got.Upgrade {
		t.Fatalf("%q: content %v %d of %v %d", got.Raw, got.Body, got.Length, body, r.ContentLength)
	}
	for name, values := range r.Header {
		if name == "Host" || name == "Content-Length" && behindLength {
			continue
		}
		for _, v := range values {
			if !slices.ContainsFunc(got.Fields, func(f http1.Field) bool {
				return string(f.Name) == name && bytes.Equal(f.Value, bytes.Trim([]byte(v), " \t"))
			}) {
				t.Fatalf("%q lacks %q: %q", got.Raw, name, v)
			}
		}
	}
}
