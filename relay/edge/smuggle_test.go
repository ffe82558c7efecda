package edge

import (
	"regexp"
	"strings"
	"testing"
)

var anotherAnswer = regexp.MustCompile(`HTTP/1\.1 \d`)

// TestSmuggling sends what two parsers could read differently: the answer is an error and a close, and nothing reaches the service.
func TestSmuggling(t *testing.T) {
	const tail = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n"
	long := strings.Repeat("a", 61<<10)
	tests := []struct {
		name, raw string
		status    string
	}{
		{"both framings", "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + tail, "400"},
		{"both framings, turned", "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + tail, "400"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef" + tail, "400"},
		{"a list of lengths", "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5, 6\r\n\r\nabcdef" + tail, "400"},
		{"signed length", "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: +5\r\n\r\nabcde" + tail, "400"},
		{"unknown coding", "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + tail, "501"},
		{"chunked twice", "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + tail, "400"},
		{"chunked, not last", "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + tail, "400"},
		{"coding in 1.0", "POST / HTTP/1.0\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + tail, "400"},
		{"coding with a control byte", "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + tail, "400"},
		{"space before the colon", "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length : 5\r\n\r\nabcde" + tail, "400"},
		{"folded line", "GET / HTTP/1.1\r\nHost: app.test\r\nX: a\r\n b\r\n\r\n", "400"},
		{"bare LF", "GET / HTTP/1.1\nHost: app.test\n\n", "400"},
		{"bare LF in a field", "GET / HTTP/1.1\r\nHost: app.test\r\nX: a\nContent-Length: 5\r\n\r\n", "400"},
		{"bare CR", "GET / HTTP/1.1\r\nHost: app.test\r\nX: a\rb\r\n\r\n", "400"},
		{"NUL", "GET / HTTP/1.1\r\nHost: app.test\r\nX: a\x00b\r\n\r\n", "400"},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"two hosts", "GET / HTTP/1.1\r\nHost: app.test\r\nHost: other.test\r\n\r\n", "400"},
		{"foreign target", "GET http://other.test/ HTTP/1.1\r\nHost: app.test\r\n\r\n", "400"},
		{"h2c", "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", "400"},
		{"CONNECT", "CONNECT app.test:443 HTTP/1.1\r\nHost: app.test:443\r\n\r\n", "405"},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
		{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: app.test\r\n\r\n", "505"},
		{"HTTP/0.9", "GET /\r\n", "400"},
		{"a TLS client", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"},
		{"big head", "GET / HTTP/1.1\r\nHost: app.test\r\nX: " + long + "\r\n\r\n", "431"},
		{"big target", "GET /" + long + " HTTP/1.1\r\nHost: app.test\r\n\r\n", "431"},
		{"many fields", "GET / HTTP/1.1\r\nHost: app.test\r\n" + strings.Repeat("X: y\r\n", 201) + "\r\n", "431"},
	}
	w := start(t, func(x *fakeExchange) { x.ok("forwarded") })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := w.dial()
			v.t = t
			v.send(tt.raw)
			v.CloseWrite()
			head := v.head()
			if !strings.HasPrefix(head, "HTTP/1.1 "+tt.status+" ") || !strings.Contains(head, "\nConnection: close\n") || !strings.Contains(head, "\nAdit-Error: ADIT-") {
				t.Errorf("answer:\n%s", head)
			}
			if rest := v.rest(); anotherAnswer.MatchString(rest) {
				t.Errorf("more than one answer: %q", rest)
			}
		})
	}
	if all := w.up.exchanges(); len(all) > 0 {
		t.Errorf("%d requests were forwarded: %q", len(all), all[0].req.Head)
	}
}

// TestBadChunks: the head is on its way when the content turns out to be bad; the exchange is aborted, and nothing behind it is served.
func TestBadChunks(t *testing.T) {
	for _, body := range []string{"5\nhello\r\n0\r\n\r\n", "5;\n\r\nhello\r\n0\r\n\r\n", "-1\r\n", "5\r\nhello!\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n",
		"10000000000000000\r\n", "0\r\nContent-Length: 3\r\n\r\n"} {
		t.Run(body, func(t *testing.T) {
			w := start(t, func(x *fakeExchange) { x.upload() })
			v := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n")
			v.CloseWrite()
			if head := v.head(); !strings.HasPrefix(head, "HTTP/1.1 400 ") || !strings.Contains(head, "Connection: close") {
				t.Errorf("answer:\n%s", head)
			}
			if rest := v.rest(); anotherAnswer.MatchString(rest) {
				t.Errorf("more than one answer: %q", rest)
			}
			all := w.up.exchanges()
			if len(all) != 1 {
				t.Fatalf("%d exchanges", len(all))
			}
			if _, finished := all[0].over(); finished {
				t.Error("the exchange was finished, not aborted")
			}
		})
	}
}
