package web

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// wantContained checks that a browser does nothing with an answer but save it.
func (a *api) wantContained(path string) (body string) {
	a.t.Helper()
	res, body := a.do("GET", path, "")
	h := res.Header
	if res.StatusCode != 200 || h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=") ||
		!strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox; default-src 'none'") {
		a.t.Errorf("%s: %s %v", path, res.Status, h)
	}
	if kind := h.Get("Content-Type"); kind != "application/octet-stream" && !strings.Contains(path, "preview") {
		a.t.Errorf("%s: %s", path, kind)
	}
	return body
}

// keep records a response with content.
func (a *api) keep(id, head string, content []byte) {
	a.store.Record(&inspect.Exchange{ID: inspect.ID(id), State: inspect.Done, Response: &inspect.Response{Status: 200, Message: inspect.Message{
		Head: []byte("HTTP/1.1 200 OK\r\n" + head + "\r\n"), Body: content, Kept: int64(len(content)), Size: int64(len(content)), Whole: true,
	}}})
}

func TestContent(t *testing.T) {
	a := serve(t)
	hostile := "<script>alert(1)</script>\x00\xff"
	a.keep("x", "Content-Type: text/html\r\nContent-Disposition: inline\r\n", []byte(hostile))
	const path = "/api/v1/exchanges/x/response/body"
	if body := a.wantContained(path); body != hostile {
		t.Errorf("%q", body)
	}
	if body := a.wantContained("/api/v1/exchanges/x/request/body"); body != "" {
		t.Errorf("a request without content: %q", body)
	}
	for ranges, want := range map[string]string{"bytes=1-6": hostile[1:7], "bytes=-2": "\x00\xff", "bytes=20-": hostile[20:]} {
		if res, body := a.do("GET", path, "", "Range", ranges); res.StatusCode != 206 || body != want {
			t.Errorf("%s: %s %q", ranges, res.Status, body)
		}
	}
	if res, _ := a.do("GET", path, "", "Range", "bytes=100-"); res.StatusCode != 416 {
		t.Errorf("beyond the end: %s", res.Status)
	}
	if res, body := a.do("HEAD", path, ""); res.StatusCode != 200 || res.ContentLength != int64(len(hostile)) || body != "" {
		t.Errorf("HEAD: %s, %d bytes", res.Status, res.ContentLength)
	}
	a.store.Record(&inspect.Exchange{ID: "cut", State: inspect.Done, Request: inspect.Request{Message: inspect.Message{
		Head: []byte("PUT / HTTP/1.1\r\n\r\n"), Body: []byte("beg"), Kept: 3, Tail: []byte("end"), Size: 100, Whole: true, Dropped: true,
	}}})
	for path, want := range map[string]string{"x/response/body": "", "x/export?format=raw&side=response": "", "cut/request/body": "100", "cut/request/body?decoded=1": "100", "cut/export?format=raw": "100"} {
		if res, body := a.do("GET", "/api/v1/exchanges/"+path, ""); res.StatusCode != 200 || res.Header.Get("Adit-Content-Size") != want {
			t.Errorf("%s: %s %v %q", path, res.Status, res.Header, body)
		}
	}
	a.store.Record(&inspect.Exchange{ID: "p", State: inspect.Pending, Request: inspect.Request{Message: inspect.Message{Size: 5, Dropped: true}}})
	a.wantOurs("GET", "/api/v1/exchanges/p/response/body", "", 404, "not_found")
	a.wantOurs("GET", "/api/v1/exchanges/p/request/body", "", 404, "not_found")
	a.wantOurs("GET", "/api/v1/exchanges/none/request/body", "", 404, "not_found")
	a.wantOurs("GET", path+"?preview=html", "", 400, "bad_request")
}

// TestDecoded: content without its codings; what is damaged, unknown or endless never looks whole.
func TestDecoded(t *testing.T) {
	const most = 1 << 20
	a := serveWithin(t, func(l *limits) { l.decoded = most })
	gzipped := func(n int) []byte {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		_, _ = io.CopyN(w, zeros{}, int64(n))
		_ = w.Close()
		return b.Bytes()
	}
	a.keep("plain", "", []byte("hello"))
	a.keep("gzip", "Content-Encoding: gzip\r\n", gzipped(100_000))
	if body := a.wantContained("/api/v1/exchanges/plain/response/body?decoded=1"); body != "hello" {
		t.Errorf("%q", body)
	}
	if body := a.wantContained("/api/v1/exchanges/gzip/response/body?decoded=1"); strings.Trim(body, "\x00") != "" || len(body) != 100_000 {
		t.Errorf("%d bytes", len(body))
	}
	a.keep("bomb", "Content-Encoding: gzip\r\n", gzipped(most+1))
	a.keep("damaged", "Content-Encoding: gzip\r\n", gzipped(100_000)[:200])
	for _, id := range []string{"bomb", "damaged"} {
		res, err := http.Get(a.base + "/api/v1/exchanges/" + id + "/response/body?decoded=1")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, res.Body); err == nil || n > most+1 {
			t.Errorf("%s: %d bytes look whole", id, n)
		}
		res.Body.Close()
	}
	a.keep("unknown", "Content-Encoding: br, mine\r\n", []byte("x"))
	a.keep("no gzip", "Content-Encoding: gzip\r\n", []byte("plain after all"))
	for _, id := range []string{"unknown", "no%20gzip"} {
		a.wantOurs("GET", "/api/v1/exchanges/"+id+"/response/body?decoded=1", "", 415, "not_decodable")
	}
	a.wantOurs("GET", "/api/v1/exchanges/plain/response/body?decoded=yes", "", 400, "bad_request")
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestPreview: only what is an image by its own bytes, of a kind that has no scripts, is shown as one.
func TestPreview(t *testing.T) {
	a := serve(t)
	pixel, err := base64.StdEncoding.DecodeString("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
	if err != nil {
		t.Fatal(err)
	}
	const path = "/body?preview=image"
	a.keep("gif", "Content-Type: text/html\r\n", pixel)
	if body := a.wantContained("/api/v1/exchanges/gif/response" + path); body != string(pixel) {
		t.Errorf("%q", body)
	}
	if res, _ := a.do("GET", "/api/v1/exchanges/gif/response"+path, ""); res.Header.Get("Content-Type") != "image/gif" {
		t.Error(res.Header.Get("Content-Type"))
	}
	huge := bytes.Clone(pixel)
	copy(huge[6:], "\xff\xff\xff\xff") // as it says, 65535 × 65535
	for id, content := range map[string]string{"huge": string(huge), "svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "html": "<html>", "none": "", "short": "G"} {
		a.keep(id, "Content-Type: image/png\r\n", []byte(content))
		a.wantOurs("GET", "/api/v1/exchanges/"+id+"/response"+path, "", 415, "not_an_image")
	}
}
