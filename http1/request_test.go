package http1_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/http1"
	"github.com/google/go-cmp/cmp"
)

// reading is what a request head means, in a form to compare.
type reading struct {
	Method, Target, Path, Host string
	Minor                      int
	Body                       http1.Body
	Length                     int64
	Close, Expect, Upgrade     bool
	Fields                     string
	N                          int
}

func read(r *http1.Request, n int) reading {
	return reading{
		string(r.Method), string(r.Target), string(r.Path), string(r.Host), r.Minor, r.Body, r.Length, r.Close, r.Expect, r.Upgrade,
		fields(&r.Head), n,
	}
}

func fields(h *http1.Head) string {
	var s strings.Builder
	for _, f := range h.Fields {
		fmt.Fprintf(&s, "%q|%q|%q|%t\n", f.Line, f.Name, f.Value, f.Gone)
	}
	return s.String()
}

func TestRequestAccepted(t *testing.T) {
	const h = "Host: a.example\r\n"
	base := reading{Method: "GET", Target: "/", Path: "/", Host: "a.example", Minor: 1}
	for name, tt := range map[string]struct {
		in   string
		want func(*reading)
	}{
		"plain":                 {"GET / HTTP/1.1\r\n" + h + "\r\n", func(*reading) {}},
		"one empty line before": {"\r\nGET / HTTP/1.1\r\n" + h + "\r\n", func(*reading) {}},
		"odd target": {"GET //a\\b/../%zz?\"<{|}>^`\xc3\xa9? HTTP/1.1\r\n" + h + "\r\n", func(r *reading) {
			r.Target, r.Path = "//a\\b/../%zz?\"<{|}>^`\xc3\xa9?", "//a\\b/../%zz?\"<{|}>^`\xc3\xa9?"
		}},
		"odd method":              {"m!#$%&'*+-.^_`|~9 / HTTP/1.1\r\n" + h + "\r\n", func(r *reading) { r.Method = "m!#$%&'*+-.^_`|~9" }},
		"length":                  {"POST / HTTP/1.1\r\n" + h + "cOntent-lengtH:\t12 \t\r\n\r\n", func(r *reading) { r.Method, r.Body, r.Length = "POST", 1, 12 }},
		"length 0":                {"GET / HTTP/1.1\r\n" + h + "Content-Length: 0\r\n\r\n", func(r *reading) { r.Body = 1 }},
		"greatest length":         {"GET / HTTP/1.1\r\n" + h + "Content-Length: 9223372036854775807\r\n\r\n", func(r *reading) { r.Body, r.Length = 1, 1<<63-1 }},
		"chunked":                 {"DELETE / HTTP/1.1\r\n" + h + "Transfer-Encoding: Chunked\r\n\r\n", func(r *reading) { r.Method, r.Body = "DELETE", 2 }},
		"close":                   {"GET / HTTP/1.1\r\n" + h + "Connection: x,\tClose \r\n\r\n", func(r *reading) { r.Close = true }},
		"close beats keep-alive":  {"GET / HTTP/1.1\r\n" + h + "Connection: keep-alive\r\nConnection: close\r\n\r\n", func(r *reading) { r.Close = true }},
		"1.0 closes":              {"GET / HTTP/1.0\r\n" + h + "\r\n", func(r *reading) { r.Minor, r.Close = 0, true }},
		"1.0 keep-alive":          {"GET / HTTP/1.0\r\n" + h + "Connection: Keep-Alive\r\n\r\n", func(r *reading) { r.Minor = 0 }},
		"1.0 cannot expect":       {"GET / HTTP/1.0\r\n" + h + "Expect: 100-continue\r\n\r\n", func(r *reading) { r.Minor, r.Close = 0, true }},
		"1.0 cannot upgrade":      {"GET / HTTP/1.0\r\n" + h + "Connection: upgrade\r\nUpgrade: x\r\n\r\n", func(r *reading) { r.Minor, r.Close = 0, true }},
		"expect":                  {"GET / HTTP/1.1\r\n" + h + "Expect: 100-Continue\r\n\r\n", func(r *reading) { r.Expect = true }},
		"another expectation":     {"GET / HTTP/1.1\r\n" + h + "Expect: 100-continue, x\r\n\r\n", func(*reading) {}},
		"upgrade":                 {"GET / HTTP/1.1\r\n" + h + "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n", func(r *reading) { r.Upgrade = true }},
		"upgrade with length 0":   {"POST / HTTP/1.1\r\n" + h + "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n", func(r *reading) { r.Method, r.Upgrade = "POST", true }},
		"upgrade with content":    {"GET / HTTP/1.1\r\n" + h + "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 1\r\n\r\n", func(r *reading) { r.Body, r.Length = 1, 1 }},
		"upgrade with chunks":     {"GET / HTTP/1.1\r\n" + h + "Connection: Upgrade\r\nUpgrade: tcp\r\nTransfer-Encoding: chunked\r\n\r\n", func(r *reading) { r.Body = 2 }},
		"upgrade without option":  {"GET / HTTP/1.1\r\n" + h + "Upgrade: websocket\r\n\r\n", func(*reading) {}},
		"option without upgrade":  {"GET / HTTP/1.1\r\n" + h + "Connection: upgrade\r\n\r\n", func(*reading) {}},
		"not quite h2c":           {"GET / HTTP/1.1\r\n" + h + "Connection: upgrade\r\nUpgrade: h2cx\r\n\r\n", func(r *reading) { r.Upgrade = true }},
		"absolute":                {"GET hTTp://A.example:80/x?y HTTP/1.1\r\n" + h + "\r\n", func(r *reading) { r.Target, r.Path = "hTTp://A.example:80/x?y", "/x?y" }},
		"absolute https":          {"GET https://a.example HTTP/1.1\r\nHost: a.example:443\r\n\r\n", func(r *reading) { r.Target, r.Host = "https://a.example", "a.example:443" }},
		"absolute, query only":    {"GET http://a.example?q/ HTTP/1.1\r\n" + h + "\r\n", func(r *reading) { r.Target, r.Path = "http://a.example?q/", "/?q/" }},
		"absolute asterisk":       {"OPTIONS http://a.example HTTP/1.1\r\n" + h + "\r\n", func(r *reading) { r.Method, r.Target, r.Path = "OPTIONS", "http://a.example", "*" }},
		"asterisk":                {"OPTIONS * HTTP/1.1\r\n" + h + "\r\n", func(r *reading) { r.Method, r.Target, r.Path = "OPTIONS", "*", "*" }},
		"IPv6 host":               {"GET http://[::A]:81/ HTTP/1.1\r\nHost: [::a]:81\r\n\r\n", func(r *reading) { r.Target, r.Host = "http://[::A]:81/", "[::a]:81" }},
		"odd host":                {"GET / HTTP/1.1\r\nhost:A_b-c.9.:65535\r\n\r\n", func(r *reading) { r.Host = "A_b-c.9.:65535" }},
		"empty and obs-text":      {"GET / HTTP/1.1\r\n" + h + "X:\r\nY:  \t\r\nz: \xff\x80\ta \r\n\r\n", func(*reading) {}},
		"empty connection":        {"GET / HTTP/1.1\r\n" + h + "Connection:\r\n\r\n", func(*reading) {}},
		"names that only look so": {"GET / HTTP/1.1\r\n" + h + "Content_Length: x\r\nTransfer_Encoding: x\r\nHosts: x\r\n\r\n", func(*reading) {}},
	} {
		t.Run(name, func(t *testing.T) {
			var r http1.Request
			n, err := r.Parse([]byte(tt.in + "next message"))
			if err != nil || n != len(tt.in) {
				t.Fatalf("Parse = %d, %v; want %d", n, err, len(tt.in))
			}
			if want := strings.TrimPrefix(tt.in, "\r\n"); string(r.Raw) != want {
				t.Errorf("Raw = %q, want %q", r.Raw, want)
			}
			want := base
			tt.want(&want)
			got := read(&r, n)
			got.Fields, got.N = "", 0
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			splits(t, tt.in)
		})
	}
}

// splits checks that a request in two pieces, in a buffer that moves, and byte by byte, is read as in one.
func splits(t *testing.T, in string) {
	t.Helper()
	var whole http1.Request
	wantN, wantErr := whole.Parse([]byte(in))
	want := read(&whole, wantN)
	check := func(how string, r *http1.Request, n int, err error) {
		t.Helper()
		if err != wantErr { //nolint:errorlint // the very same value is promised
			t.Fatalf("%s of %.80q: %v, in one piece: %v", how, in, err, wantErr)
		}
		if err != nil {
			return
		}
		if d := cmp.Diff(want, read(r, n)); d != "" {
			t.Fatalf("%s of %.80q: %s", how, in, d)
		}
	}
	var bytewise http1.Request
	done := false
	for i := range len(in) {
		var r http1.Request
		first := []byte(in[:i])
		n, err := r.Parse(first)
		if n == 0 && err == nil {
			for j := range first {
				first[j] = 'X' // it must not be looked at again
			}
			n, err = r.Parse([]byte(in))
		}
		check(fmt.Sprint("split at ", i), &r, n, err)
		if !done {
			n, err = bytewise.Parse([]byte(in[:i+1]))
			if done = n != 0 || err != nil; done {
				check("byte by byte", &bytewise, n, err)
			}
		}
	}
}

func TestRequestLimits(t *testing.T) {
	for _, tt := range []struct {
		name string
		wire bool
		size int
		want error
	}{
		{"largest", false, http1.MaxHead, nil},
		{"too large", false, http1.MaxHead + 1, http1.ErrTooLarge},
		{"largest on the wire", true, http1.MaxWireHead, nil},
		{"too large for the wire", true, http1.MaxWireHead + 1, http1.ErrTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := "\r\nGET / HTTP/1.1\r\nHost: h\r\nX: "
			in += strings.Repeat("x", tt.size-len(in)+2-4) + "\r\n\r\n"
			r := http1.Request{Head: http1.Head{Wire: tt.wire}}
			n, err := r.Parse([]byte(in))
			if !errors.Is(err, tt.want) || err == nil && (n != len(in) || len(r.Raw) != tt.size) {
				t.Fatalf("Parse = %d, %v; want %v", n, err, tt.want)
			}
			r.Reset()
			if r.Wire != tt.wire {
				t.Error("Reset changed Wire")
			}
			n, err = r.Parse([]byte(in[:len(in)-1]))
			if n != 0 || !errors.Is(err, tt.want) {
				t.Fatalf("Parse of all but a byte = %d, %v; want %v", n, err, tt.want)
			}
		})
	}
	many := []byte("GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: y\r\n", http1.MaxWireFields-1) + "\r\n")
	r := http1.Request{Head: http1.Head{Wire: true}}
	if n, err := r.Parse(many); n != len(many) || err != nil {
		t.Errorf("as many fields as the wire may have: %d, %v", n, err)
	}
}

func TestLineThatNeverEnds(t *testing.T) {
	var r http1.Request
	if _, err := r.Parse(bytes.Repeat([]byte("A"), http1.MaxHead)); !errors.Is(err, http1.ErrTooLarge) {
		t.Errorf("a request line without end: %v", err)
	}
}

// TestPipelined reads message after message from one buffer with one Request.
func TestPipelined(t *testing.T) {
	var r http1.Request
	in := []byte("GET /1 HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\nGET /3 HTT")
	for _, want := range []string{"/1 a 3", "/2 b 1"} {
		n, err := r.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %s %d", r.Path, r.Host, len(r.Fields)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		in = in[n:]
	}
	if n, err := r.Parse(in); n != 0 || err != nil {
		t.Errorf("an incomplete head: %d, %v", n, err)
	}
	r.Reset()
	if r.Method != nil || r.Raw != nil || len(r.Fields) != 0 {
		t.Error("Reset left something")
	}
	for _, f := range r.Fields[:cap(r.Fields)] {
		if f.Line != nil {
			t.Error("Reset left a pointer into the buffer")
		}
	}
}

// TestSlicesDoNotOverlap: appending to what Parse returned never writes into the buffer.
func TestSlicesDoNotOverlap(t *testing.T) {
	in := []byte("GET /x HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n")
	keep := string(in)
	var r http1.Request
	if _, err := r.Parse(in); err != nil {
		t.Fatal(err)
	}
	for _, s := range [][]byte{r.Method, r.Target, r.Path} {
		_ = append(s, "!"...)
	}
	for _, f := range r.Fields {
		for _, s := range [][]byte{f.Name, f.Value, f.Line} {
			_ = append(s, "!"...)
		}
	}
	if string(in) != keep {
		t.Errorf("the buffer is %q now", in)
	}
}

// TestForgottenReset: what an abandoned head has left never makes another message mean something else.
func TestForgottenReset(t *testing.T) {
	const in = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: other\r\nX: y\r\n\r\n"
	const abandoned = "POST /long HTTP/1.1\r\nHost: abandoned\r\nX-Filler: " + in
	for i := range abandoned {
		var r http1.Request
		if n, err := r.Parse([]byte(abandoned[:i])); n != 0 || err != nil {
			break
		}
		n, err := r.Parse([]byte(in))
		if n != 0 && (n != strings.Index(in, "GET /2") || string(r.Path) != "/" || string(r.Host) != "h" || len(r.Fields) != 1) {
			t.Errorf("after %d other bytes: %d %v %q %q", i, n, err, r.Path, r.Host)
		}
	}
}
