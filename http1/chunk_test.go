package http1_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/http1"
	"github.com/google/go-cmp/cmp"
)

// body is what a chunked body is made of: its chunks with their content, trailer lines, bytes used.
type body struct {
	Chunks   []string
	Sizes    []uint64
	Trailers string
	N        int
	Done     bool
}

// decode feeds pieces one after another, each until it has been used up or the body has ended.
func decode(c *http1.Chunks, pieces ...[]byte) (body, error) {
	var got body
	for _, p := range pieces {
		for {
			t, n, data, size, err := c.Next(p)
			if err != nil {
				return got, err
			}
			got.N += n
			p = p[n:]
			switch t {
			case http1.Chunk:
				got.Chunks, got.Sizes = append(got.Chunks, ""), append(got.Sizes, size)
			case http1.Data:
				if len(data) == 0 || len(data) != n {
					return got, fmt.Errorf("%d bytes of data, %d used", len(data), n)
				}
				got.Chunks[len(got.Chunks)-1] += string(data)
			case http1.Last:
				got.Done, got.Trailers = true, string(data)
				return got, nil
			case http1.More:
				if len(p) != 0 {
					return got, fmt.Errorf("more wanted with %d bytes left", len(p))
				}
			}
			if t == http1.More {
				break
			}
		}
	}
	return got, nil
}

var bodies = []struct {
	in   string
	want body
}{
	{"0\r\n\r\n", body{}},
	{"0000\r\n\r\n", body{}},
	{"5\r\nhello\r\n0\r\n\r\n", body{Chunks: []string{"hello"}, Sizes: []uint64{5}}},
	{"1\r\na\r\n00A\r\n\r\n\r\n0\r\n\r\n\r\r\n0\r\n\r\n", body{Chunks: []string{"a", "\r\n\r\n0\r\n\r\n\r"}, Sizes: []uint64{1, 10}}}, // content that looks like framing
	{"a;x=y;z=\"\\\";q\"\r\n0123456789\r\nB;\t\xff\r\n0123456789a\r\n0;l\r\nX-Sum: 1 \r\nx-sum:\t2\r\n\r\n", body{
		Chunks: []string{"0123456789", "0123456789a"}, Sizes: []uint64{10, 11}, Trailers: "X-Sum: 1 \r\nx-sum:\t2\r\n",
	}},
}

func TestChunks(t *testing.T) {
	for _, tt := range bodies {
		tt.want.N, tt.want.Done = len(tt.in), true
		for i := range len(tt.in) + 1 {
			for j := i; j <= len(tt.in); j++ {
				var c http1.Chunks
				in := []byte(tt.in + "next")
				got, err := decode(&c, in[:i:i], in[i:j:j], in[j:])
				if err != nil {
					t.Fatalf("%q in pieces at %d and %d: %v", tt.in, i, j, err)
				}
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Fatalf("%q in pieces at %d and %d: %s", tt.in, i, j, d)
				}
			}
		}
	}
}

// rejectedBodies are also seeds of FuzzChunks.
var rejectedBodies = []struct {
	in   string
	want *http1.Error
}{
	{"\r\n", http1.ErrChunkSize},
	{" 5\r\nhello\r\n", http1.ErrChunkSize},
	{"5 \r\nhello\r\n", http1.ErrChunkSize},
	{"5\t\r\nhello\r\n", http1.ErrChunkSize},
	{"5 ;a\r\nhello\r\n", http1.ErrChunkSize},
	{"0x5\r\nhello\r\n", http1.ErrChunkSize},
	{"+5\r\nhello\r\n", http1.ErrChunkSize},
	{"-5\r\nhello\r\n", http1.ErrChunkSize},
	{"1_0\r\nhello\r\n", http1.ErrChunkSize},
	{"5g\r\nhello\r\n", http1.ErrChunkSize},
	{";x\r\n", http1.ErrChunkSize},
	{"5,\r\nhello\r\n", http1.ErrChunkSize},
	{"5\x00\r\nhello\r\n", http1.ErrChunkSize},
	{"5\nhello\r\n", http1.ErrBareLF},
	{"5\rhello\r\n", http1.ErrBareCR},
	{"5\r\r\nhello\r\n", http1.ErrBareCR},
	{"5;a\nhello\r\n", http1.ErrBareLF},
	{"5;a\rb\r\nhello\r\n", http1.ErrBareCR},
	{"5;a\x00\r\nhello\r\n", http1.ErrChunkExtension},
	{"5;a\x7f\r\nhello\r\n", http1.ErrChunkExtension},
	{"5\r\nhello0\r\n\r\n", http1.ErrChunkEnd},
	{"5\r\nhello\n0\r\n\r\n", http1.ErrChunkEnd},
	{"5\r\nhello\rX0\r\n\r\n", http1.ErrChunkEnd},
	{"4000000000000001\r\n", http1.ErrChunkRange},
	{"ffffffffffffffff\r\n", http1.ErrChunkRange},
	{"00000000000000005\r\nhello\r\n", http1.ErrChunkRange},
	{"10000000000000005\r\nhello\r\n", http1.ErrChunkRange},
	{"5;" + strings.Repeat("x", http1.MaxChunkLine-3) + "\r\n", http1.ErrChunkLine},
	{"5 \r\nhello\r\n0\r\n\r\n", http1.ErrChunkSize}, // whole bodies, as some read them
	{"5;\x01\r\nhello\r\n0\r\n\r\n", http1.ErrChunkExtension},
	{"5;" + strings.Repeat("x", http1.MaxChunkLine) + "\r\nhello\r\n0\r\n\r\n", http1.ErrChunkLine},
	{"0\r\nX: y\nZ: a\r\n\r\n", http1.ErrBareLF},
	{"0\r\nX: y\r\r\n\r\n", http1.ErrBareCR},
	{"0\r\n\n", http1.ErrBareLF},
	{"0\r\n\rX", http1.ErrBareCR},
	{"0\r\nX: y\n\r\n", http1.ErrBareLF},
	{"0\r\nX: y\rz\r\n\r\n", http1.ErrBareCR},
	{"0\r\nX: y\r\n z\r\n\r\n", http1.ErrFold},
	{"0\r\nX : y\r\n\r\n", http1.ErrNameSpace},
	{"0\r\nX\r\n\r\n", http1.ErrNoColon},
	{"0\r\n: y\r\n\r\n", http1.ErrNameEmpty},
	{"0\r\nX: \x00\r\n\r\n", http1.ErrValue},
	{"0\r\nContent-Length: 5\r\n\r\n", http1.ErrTrailerName},
	{"0\r\ntransfer_ENCODING: chunked\r\n\r\n", http1.ErrTrailerName},
	{"0\r\nX: " + strings.Repeat("x", http1.MaxTrailers) + "\r\n\r\n", http1.ErrTrailersLarge},
	{"0\r\n" + strings.Repeat("X: y\r\n", http1.MaxFields+1) + "\r\n", http1.ErrTrailersLarge},
}

func TestChunksRejected(t *testing.T) {
	for _, tt := range rejectedBodies {
		step := 1 + len(tt.in)/200
		for i := 0; i <= len(tt.in); i += step {
			var c http1.Chunks
			if _, err := decode(&c, []byte(tt.in[:i]), []byte(tt.in[i:])); !errors.Is(err, tt.want) {
				t.Errorf("%.60q in pieces at %d: %v, want %v", tt.in, i, err, tt.want)
			}
			if _, _, _, _, err := c.Next([]byte("0\r\n\r\n")); !errors.Is(err, tt.want) {
				t.Errorf("after %v came %v", tt.want, err)
			}
			c.Reset()
			if got, err := decode(&c, []byte("0\r\n\r\n")); err != nil || !got.Done {
				t.Errorf("after Reset: %v", err)
			}
		}
	}
}

func TestChunkLimits(t *testing.T) {
	var c http1.Chunks
	line := "5;" + strings.Repeat("x", http1.MaxChunkLine-4) + "\r\n"
	if tok, n, _, size, err := c.Next([]byte(line)); tok != http1.Chunk || n != len(line) || size != 5 || err != nil {
		t.Errorf("the longest size line: %v %d %d %v", tok, n, size, err)
	}
	c.Reset()
	if tok, _, _, size, err := c.Next([]byte("4000000000000000\r\n")); tok != http1.Chunk || size != http1.MaxChunk || err != nil {
		t.Errorf("the largest chunk: %v %d %v", tok, size, err)
	}
	c.Reset()
	trailers := "X: " + strings.Repeat("x", http1.MaxTrailers-5) + "\r\n"
	got, err := decode(&c, []byte("0\r\n"+trailers+"\r\n"))
	if err != nil || got.Trailers != trailers {
		t.Errorf("the largest trailers: %d bytes, %v", len(got.Trailers), err)
	}
	for range 2 {
		if tok, n, data, _, err := c.Next([]byte("next")); tok != http1.Last || n != 0 || string(data) != trailers || err != nil {
			t.Errorf("after the end: %v %d %v", tok, n, err)
		}
	}
	c.Reset()
	if _, _, data, _, _ := c.Next([]byte("0\r\n\r\n")); data != nil {
		t.Errorf("no trailers are %q", data)
	}
}

func TestCheckTrailers(t *testing.T) {
	for _, good := range []string{
		"", "Grpc-Status: 0\r\nGrpc-Message:\r\n", "Server-Timing: x\r\n", "ETag: \"x\"\r\n", "X-Sum: \xff\r\n", "Digest: x\r\n",
		strings.Repeat("X: y\r\n", http1.MaxFields),
	} {
		if err := http1.CheckTrailers([]byte(good)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]error{
		"\r\n":                              http1.ErrNoColon,
		"X: y":                              http1.ErrTrailersPartial,
		"X: y\r\nZ":                         http1.ErrTrailersPartial,
		"X: y\r\n\r\n":                      http1.ErrNoColon,
		"\n":                                http1.ErrBareLF,
		"X: y\n":                            http1.ErrBareLF,
		"X: y\r\r\n":                        http1.ErrBareCR,
		"X: y\r\nhost: h\r\n":               http1.ErrTrailerName,
		"X_Forwarded-For: 1\r\n":            http1.ErrTrailerName,
		"Set-Cookie: a=b\r\n":               http1.ErrTrailerName,
		"Connection: close\r\n":             http1.ErrTrailerName,
		strings.Repeat("X: y\r\n", 201):     http1.ErrTrailersLarge,
		strings.Repeat("x", 1+16<<10):       http1.ErrTrailersLarge,
		"X: y\r\n Y: z\r\n":                 http1.ErrFold,
		"Trailer: Content-Length\r\n":       http1.ErrTrailerName,
		"cOnTeNt_EnCoDiNg: gzip\r\n":        http1.ErrTrailerName,
		"Grpc-Status: 0\r\nUpgrade: h2\r\n": http1.ErrTrailerName,
	} {
		if err := http1.CheckTrailers([]byte(bad)); !errors.Is(err, want) {
			t.Errorf("%.60q: %v, want %v", bad, err, want)
		}
	}
	if err := http1.CheckTrailers(nil); err != nil {
		t.Error(err)
	}
}

func TestAppendChunkSize(t *testing.T) {
	for size, want := range map[uint64]string{0: "0\r\n", 5: "5\r\n", 0xabc: "abc\r\n", http1.MaxChunk: "4000000000000000\r\n"} {
		if got := string(http1.AppendChunkSize(nil, size)); got != want {
			t.Errorf("%d is %q", size, got)
		}
	}
}
