package http1_test

import (
	"bytes"
	"testing"

	"github.com/adit-tunnel/adit/http1"
	"github.com/google/go-cmp/cmp"
)

func FuzzRequest(f *testing.F) {
	for _, tt := range rejected {
		if len(tt.in) < 1024 {
			f.Add([]byte(tt.in), 20)
		}
	}
	for _, in := range []string{
		typicalRequest,
		"\r\nGET http://h?q HTTP/1.0\r\nHost: h\r\nConnection: keep-alive, TE, x\r\nTE: trailers\r\nX: y\r\n\r\nrest",
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
		"GET /%zz HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\nPragma: no-cache\r\n\r\n",
	} {
		f.Add([]byte(in), 40)
	}
	f.Fuzz(func(t *testing.T, in []byte, at int) {
		at = max(0, min(at, len(in)))
		var r http1.Request
		n, err := r.Parse(in)
		got := read(&r, n)
		requestInPieces(t, in, at, got, err)
		if n > 0 {
			requestRoundTrip(t, &r, got)
		}
		requestAgainstNetHTTP(t, in, &r, n, err)
	})
}

// requestInPieces: the reading depends neither on how bytes arrive nor on what follows.
func requestInPieces(t *testing.T, in []byte, at int, want reading, wantErr error) {
	var r http1.Request
	n, err := r.Parse(bytes.Clone(in[:at]))
	if want.N > 0 && at < want.N && (n != 0 || err != nil) {
		t.Fatalf("the first %d bytes of a head of %d: %d, %v", at, want.N, n, err)
	}
	if err == nil && n == 0 {
		n, err = r.Parse(in)
	}
	if err != wantErr { //nolint:errorlint // the very same value is promised
		t.Fatalf("in pieces: %v, in one: %v", err, wantErr)
	}
	if err != nil || n == 0 {
		return
	}
	if d := cmp.Diff(want, read(&r, n)); d != "" {
		t.Fatal("in pieces: ", d)
	}
	for _, next := range []string{"", "\r\n", "\n", " x: y\r\n\r\n", "GET"} {
		n, err := r.Parse(append(bytes.Clone(in[:n]), next...))
		if d := cmp.Diff(want, read(&r, n)); d != "" || err != nil {
			t.Fatalf("before %q: %v, %s", next, err, d)
		}
	}
}

// requestRoundTrip: what is appended has the meaning of what was read, with and without edits.
func requestRoundTrip(t *testing.T, r *http1.Request, want reading) {
	out := r.Append(nil, nil)
	again := http1.Request{Head: http1.Head{Wire: true}}
	n, err := again.Parse(out)
	if err != nil || n != len(out) {
		t.Fatalf("%q: %d, %v", out, n, err)
	}
	got := read(&again, n)
	if string(again.Append(nil, nil)) != string(out) {
		t.Fatalf("%q is not stable", out)
	}
	if want.Minor == 0 { // these are told by the version
		want.Close, want.Expect, want.Upgrade, want.Body = got.Close, got.Expect, got.Upgrade, got.Body
	}
	want.N, want.Minor, want.Target = got.N, 1, want.Path
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal("round trip: ", d)
	}
	upgrade := r.Upgrade
	r.DropHopByHop(upgrade)
	out = r.Append(nil, forwarding)
	if _, err := again.Parse(out); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	if again.Body != r.Body || again.Length != r.Length || string(again.Host) != string(r.Host) || again.Upgrade != upgrade || again.Close {
		t.Fatalf("%q has another meaning than %q", out, r.Raw)
	}
}

func FuzzResponse(f *testing.F) {
	for _, tt := range rejectedAnswers {
		if len(tt.in) < 1024 {
			f.Add([]byte(tt.in), 20, false, true)
		}
	}
	for _, in := range []string{
		typicalResponse,
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Trailer\r\n\r\n",
		"HTTP/1.1 204\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.1 304 N\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		f.Add([]byte(in), 30, true, true)
		f.Add([]byte(in), 10, false, false)
	}
	f.Fuzz(func(t *testing.T, in []byte, at int, head, upgrade bool) {
		at = max(0, min(at, len(in)))
		var r, pieces http1.Response
		n, err := r.Parse(in, head, upgrade)
		got := readAnswer(&r, n)
		m, err2 := pieces.Parse(bytes.Clone(in[:at]), head, upgrade)
		if m == 0 && err2 == nil {
			m, err2 = pieces.Parse(in, head, upgrade)
		}
		if err2 != err { //nolint:errorlint // the very same value is promised
			t.Fatalf("in pieces: %v, in one: %v", err2, err)
		}
		if n > 0 {
			if d := cmp.Diff(got, readAnswer(&pieces, m)); d != "" {
				t.Fatal("in pieces: ", d)
			}
			responseRoundTrip(t, &r, got, head, upgrade)
		}
		responseAgainstNetHTTP(t, in, &r, n, err, head)
	})
}

func responseRoundTrip(t *testing.T, r *http1.Response, want answer, head, upgrade bool) {
	out := r.Append(nil, nil)
	again := http1.Response{Head: http1.Head{Wire: true}}
	n, err := again.Parse(out, head, upgrade)
	if err != nil || n != len(out) {
		t.Fatalf("%q: %d, %v", out, n, err)
	}
	got := readAnswer(&again, n)
	if want.Minor == 0 {
		want.Minor, want.Close = 1, got.Close
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal("round trip: ", d)
	}
	r.DropHopByHop(r.Status == 101)
	out = r.Append(nil, nil)
	if _, err := again.Parse(out, head, upgrade); err != nil || again.Body != r.Body || again.Length != r.Length {
		t.Fatalf("%q has another meaning than %q: %v", out, r.Raw, err)
	}
}

func FuzzChunks(f *testing.F) {
	for _, tt := range bodies {
		f.Add([]byte(tt.in), 7)
	}
	for _, tt := range rejectedBodies {
		if len(tt.in) < 1024 {
			f.Add([]byte(tt.in), 2)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, at int) {
		at = max(0, min(at, len(in)))
		var one, two http1.Chunks
		got, err := decode(&one, in)
		pieces, err2 := decode(&two, in[:at:at], in[at:])
		if err2 != err { //nolint:errorlint // the very same value is promised
			t.Fatalf("in pieces: %v, in one: %v", err2, err)
		}
		if err == nil {
			if d := cmp.Diff(got, pieces); d != "" {
				t.Fatal("in pieces: ", d)
			}
			chunksRoundTrip(t, got)
		}
		chunksAgainstNetHTTP(t, in, got, err)
	})
}

// chunksRoundTrip: written anew, the same chunks and trailers are read.
func chunksRoundTrip(t *testing.T, want body) {
	if !want.Done {
		return
	}
	if err := http1.CheckTrailers([]byte(want.Trailers)); err != nil {
		t.Fatalf("trailers %q: %v", want.Trailers, err)
	}
	var out []byte
	for i, c := range want.Chunks {
		if uint64(len(c)) != want.Sizes[i] {
			t.Fatalf("a chunk of %d has %d bytes", want.Sizes[i], len(c))
		}
		out = append(append(http1.AppendChunkSize(out, want.Sizes[i]), c...), "\r\n"...)
	}
	out = append(append(http1.AppendChunkSize(out, 0), want.Trailers...), "\r\n"...)
	var c http1.Chunks
	got, err := decode(&c, out)
	want.N = len(out)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Fatalf("round trip: %v, %s", err, d)
	}
}
