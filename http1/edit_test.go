package http1_test

import (
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/http1"
)

// TestBytesPreserved: what is not edited is appended as it came.
func TestBytesPreserved(t *testing.T) {
	for _, in := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"pOsT /a?b=%zz\\ HTTP/1.1\r\nx-LOWER:1\r\nX-Dup: a\r\nHost:\th \r\nx-dup:  b \t\r\nX-Dup: \xff\x80\r\nEmpty:\r\nContent-length: 3\r\nO_o: u\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: h:80\r\nTransfer-Encoding:chunked\r\nTrailer: X\r\n\r\n",
	} {
		var r http1.Request
		if _, err := r.Parse([]byte(in)); err != nil {
			t.Fatal(err)
		}
		if got := string(r.Append(nil, nil)); got != in {
			t.Errorf("%q became %q", in, got)
		}
		extra := "X-Forwarded-For: 1\r\nX-Forwarded-Proto: http\r\n"
		if got, want := string(r.Append([]byte("before"), []byte(extra))), "before"+in[:len(in)-2]+extra+"\r\n"; got != want {
			t.Errorf("with extra lines %q became %q", in, got)
		}
	}
	for _, in := range []string{
		"HTTP/1.1 200\r\n\r\n",
		"HTTP/1.1 299  odd \t reason\xff \r\nsET-cookie: a\r\nSet-Cookie:b\r\n\r\n",
	} {
		var r http1.Response
		if _, err := r.Parse([]byte(in), false, false); err != nil {
			t.Fatal(err)
		}
		if got := string(r.Append(nil, nil)); got != in {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestAppendRewritesTheStartLine(t *testing.T) {
	for in, want := range map[string]string{
		"GET http://h/x?y HTTP/1.1": "GET /x?y HTTP/1.1",
		"GET http://h?y HTTP/1.1":   "GET /?y HTTP/1.1",
		"GET http://h HTTP/1.0":     "GET / HTTP/1.1",
		"OPTIONS http://h HTTP/1.1": "OPTIONS * HTTP/1.1",
		"GET /x HTTP/1.0":           "GET /x HTTP/1.1",
	} {
		var r http1.Request
		if _, err := r.Parse([]byte(in + "\r\nHost: h\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if got := string(r.Append(nil, nil)); got != want+"\r\nHost: h\r\n\r\n" {
			t.Errorf("%q became %q", in, got)
		}
	}
	var r http1.Response
	if _, err := r.Parse([]byte("HTTP/1.0 404 Not  Here\r\nA: b\r\n\r\n"), false, false); err != nil {
		t.Fatal(err)
	}
	if got := string(r.Append(nil, nil)); got != "HTTP/1.1 404 Not  Here\r\nA: b\r\n\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestGetAndDrop(t *testing.T) {
	var r http1.Request
	if _, err := r.Parse([]byte("GET / HTTP/1.1\r\nHost: h\r\nX-a: 1\r\nx-A: 2\r\nE:\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if got := string(r.Get("x-A")); got != "1" {
		t.Errorf("Get = %q", got)
	}
	if v := r.Get("e"); v == nil || len(v) != 0 {
		t.Errorf("an empty value is %#v", v)
	}
	if v := r.Get("X-Aa"); v != nil {
		t.Errorf("an absent field is %#v", v)
	}
	r.Fields[1].Gone = true
	if got := string(r.Get("X-A")); got != "2" {
		t.Errorf("Get of the second = %q", got)
	}
	r.Drop("X-A")
	if v := r.Get("x-a"); v != nil {
		t.Errorf("a dropped field is %q", v)
	}
	if got := string(r.Append(nil, nil)); got != "GET / HTTP/1.1\r\nHost: h\r\nE:\r\n\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestDropHopByHop(t *testing.T) {
	const up = "Connection: Upgrade\r\n"
	for name, tt := range map[string]struct {
		in      string
		upgrade bool
		want    string
	}{
		"nothing to drop":       {"A: b\r\n", false, "A: b\r\n"},
		"connection":            {"connection: keep-alive\r\nA: b\r\n", false, "A: b\r\n"},
		"named":                 {"A: 1\r\nConnection: a,\tB ,, x\"\r\nb: 2\r\nC: 3\r\na: 4\r\n", false, "C: 3\r\n"},
		"named in two lines":    {"Connection: a\r\nA: 1\r\nB: 2\r\nConnection: b\r\n", false, ""},
		"the usual ones":        {"Proxy-Connection: x\r\nKeep-Alive: timeout=5\r\nTE: gzip\r\nUpgrade: x\r\nProxy-Authorization: y\r\n", false, "Proxy-Authorization: y\r\n"},
		"TE trailers":           {"Connection: TE\r\nte: Trailers\r\nTE: trailers, deflate\r\n", false, "te: Trailers\r\n"},
		"framing stays":         {"Connection: host, content-length, transfer-encoding, trailer, close\r\nContent-Length: 1\r\nTrailer: x\r\nClose: 1\r\n", false, "Content-Length: 1\r\nTrailer: x\r\nClose: 1\r\n"},
		"what is spliced later": {"Connection: X-Forwarded-For\r\nX-Forwarded-For: 1\r\n", false, ""},
		"upgrade as it came":    {"cOnnection:keep-alive,  UPGRADE\r\nUpgrade: x\r\n", true, "cOnnection:keep-alive,  UPGRADE\r\nUpgrade: x\r\n"},
		"upgrade in two lines":  {"Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: x\r\n", true, "Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: x\r\n"},
		"upgrade and more":      {"Connection: Upgrade, A\r\nUpgrade: x\r\nA: 1\r\nKeep-Alive: 1\r\n", true, "Upgrade: x\r\n" + up},
		"upgrade without line":  {"Upgrade: x\r\n", true, "Upgrade: x\r\n" + up},
		"upgrade and close":     {"Connection: upgrade\r\nConnection: close\r\nUpgrade: x\r\n", true, "Connection: upgrade\r\nUpgrade: x\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var q http1.Request
			if _, err := q.Parse([]byte("GET / HTTP/1.1\r\nHost: h\r\n" + tt.in + "\r\n")); err != nil {
				t.Fatal(err)
			}
			q.DropHopByHop(tt.upgrade)
			want := "GET / HTTP/1.1\r\nHost: h\r\n" + tt.want + "E: x\r\n\r\n"
			if got := string(q.Append(nil, []byte("E: x\r\n"))); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			var a http1.Response
			if _, err := a.Parse([]byte("HTTP/1.1 200 OK\r\n"+tt.in+"\r\n"), false, false); err != nil {
				t.Fatal(err)
			}
			a.DropHopByHop(tt.upgrade)
			if got, want := string(a.Append(nil, nil)), "HTTP/1.1 200 OK\r\n"+tt.want+"\r\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			a.Drop("CONNECTION")
			if got := string(a.Append(nil, nil)); strings.Contains(strings.ToLower(got), "connection: ") {
				t.Errorf("got %q, with a dropped line", got)
			}
		})
	}
}

func TestDropUnderscores(t *testing.T) {
	var r http1.Request
	in := "X_Forwarded_For: 1\r\nx-forwarded_FOR: 2\r\nX-Forwarded-For: 3\r\nX_Other: 4\r\nX_Forwarded_Foo: 5\r\nUnder_Score: 6\r\nUnder-score: 7\r\n"
	if _, err := r.Parse([]byte("GET / HTTP/1.1\r\nHost: h\r\n" + in + "\r\n")); err != nil {
		t.Fatal(err)
	}
	r.DropUnderscores("x-forwarded-for", "x-forwarded-proto", "under_score")
	want := "X-Forwarded-For: 3\r\nX_Other: 4\r\nX_Forwarded_Foo: 5\r\nUnder_Score: 6\r\nUnder-score: 7\r\n"
	if got := string(r.Append(nil, nil)); got != "GET / HTTP/1.1\r\nHost: h\r\n"+want+"\r\n" {
		t.Errorf("got %q", got)
	}
}

// TestNoAllocation: a relay's whole work on heads and chunks, after the first message.
func TestNoAllocation(t *testing.T) {
	var (
		q   http1.Request
		a   http1.Response
		c   http1.Chunks
		out []byte
	)
	requests := [][]byte{
		[]byte(typicalRequest),
		[]byte("GET http://h?q HTTP/1.1\r\nHost: h\r\nConnection: a, b\r\nA: 1\r\nX_Forwarded_For: 1\r\n\r\n"),
		[]byte("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade, x\r\nUpgrade: websocket\r\n\r\n"),
		[]byte("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), // an error
	}
	response := []byte(typicalResponse)
	body := []byte("5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n")
	work := func() {
		for _, in := range requests {
			_, _ = q.Parse(in[:len(in)/2])
			_, _ = q.Parse(in)
			q.DropHopByHop(q.Upgrade)
			q.DropUnderscores("x-forwarded-for", "x-forwarded-host")
			q.Drop("X-Forwarded-For")
			_ = q.Get("user-agent")
			out = q.Append(out[:0], forwarding)
			q.Reset()
		}
		_, _ = a.Parse(response, false, false)
		a.DropHopByHop(false)
		out = a.Append(out[:0], nil)
		for b, t := body, http1.More; t != http1.Last; {
			var n int
			t, n, _, _, _ = c.Next(b)
			b = b[n:]
		}
		c.Reset()
		out = http1.AppendChunkSize(out[:0], 1<<40)
		_ = http1.CheckTrailers(response[17 : len(response)-2])
	}
	work()
	if n := testing.AllocsPerRun(100, work); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}
