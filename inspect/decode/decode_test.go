package decode

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// encode puts data into a coding; "raw" is deflate without its frame.
func encode(t testing.TB, coding string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw":
		w, err = flate.NewWriter(&b, 6)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	}
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestContent(t *testing.T) {
	plain := []byte(strings.Repeat("what was sent, ", 1000))
	for _, coding := range []string{"gzip", "x-gzip", "deflate", "raw", "br", "zstd"} {
		coded := encode(t, coding, plain)
		name := strings.Replace(coding, "raw", "deflate", 1)
		for _, c := range []struct {
			name, want string
			data       []byte
			limit      int64
			err        error
		}{
			{"whole", string(plain), coded, 1 << 20, nil},
			{"exactly the limit", string(plain), coded, int64(len(plain)), nil},
			{"limit", string(plain[:100]), coded, 100, ErrLimit},
			{"nothing", "", nil, 100, nil},
			{"cut off", "", coded[:1], 1 << 20, io.ErrUnexpectedEOF},
		} {
			data, err := Content([]string{name}, bytes.NewReader(c.data), c.limit)
			if string(data) != c.want || !errors.Is(err, c.err) {
				t.Errorf("%s, %s: %d bytes, %v", coding, c.name, len(data), err)
			}
		}
		data, err := Content([]string{name}, bytes.NewReader(append(coded[:len(coded)/2:len(coded)/2], "damage damage"...)), 1<<20)
		if ce := (*CodingError)(nil); !errors.As(err, &ce) || ce.Coding != name {
			t.Errorf("damaged %s: %d bytes, %v", coding, len(data), err)
		}
	}
}

func TestContentOfSeveralCodings(t *testing.T) {
	plain := []byte("what was sent")
	coded := encode(t, "zstd", encode(t, "br", encode(t, "gzip", plain)))
	head := []byte("HTTP/1.1 200 OK\r\ncontent-encoding: GZIP, identity\r\nX: y\r\nContent-Encoding: br ,zstd\r\n\r\n")
	if data, err := Content(Codings(head), bytes.NewReader(coded), 100); string(data) != string(plain) || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	for _, c := range []struct{ codings, failed string }{
		{"gzip,compress", "compress"}, {"compress,gzip", "compress"}, {"br,gzip", "br"}, {"gzip,gzip,gzip,gzip,gzip", "gzip, gzip, gzip, gzip, …"},
	} {
		_, err := Content(strings.Split(c.codings, ","), bytes.NewReader(encode(t, "gzip", []byte("not coded any more"))), 100)
		if ce := (*CodingError)(nil); !errors.As(err, &ce) || ce.Coding != c.failed {
			t.Errorf("%s: %v", c.codings, err)
		}
	}
}

// A few bytes that stand for gigabytes cost neither memory nor time.
func TestContentBombs(t *testing.T) {
	zeros := make([]byte, 1<<20)
	member := "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\xff\xff" + string(zeros[:0xffff]) + "\x03\x00" + string(zeros[:8]) // of gzip, with no content
	nothing := bytes.Repeat([]byte(member), 140)
	for coding, bomb := range map[string][]byte{
		"gzip": encode(t, "gzip", zeros), "br": encode(t, "br", zeros), "zstd": encode(t, "zstd", zeros), "deflate": encode(t, "deflate", zeros),
		"gzip,gzip": encode(t, "gzip", nothing),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		data, err := Content(strings.Split(coding, ","), bytes.NewReader(bomb), 64<<10)
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; err == nil || len(data) > 64<<10 || taken > 12<<20 {
			t.Errorf("%s: %d bytes, %v, %d bytes of memory", coding, len(data), err, taken)
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct{ name, fields, content, want string }{
		{"plain", "Content-Type: text/plain", "Zoë says hi", "Zoë says hi"},
		{"coded", "Content-Encoding: gzip", string(encode(t, "gzip", []byte("Zoë"))), "Zoë"},
		{"coded and cut off", "Content-Encoding: deflate", string(encode(t, "raw", []byte("Zoë says hi and more"))[:16]), "Zoë says h"},
		{"latin-1", "Content-Type: text/plain; charset=ISO-8859-1", "Zo\xeb \x80", "Zoë €"},
		{"utf-16", "Content-Type: text/plain; charset=utf-16le", "Z\x00o\x00\xeb\x00", "Zoë"},
		{"utf-16 by its mark", "", "\xfe\xff\x00Z\xd8\x3d\xde\x42", "Z🙂"},
		{"utf-8 with a mark", "", "\xef\xbb\xbfZoë", "Zoë"},
		{"binary", "Content-Type: text/plain", "a\x00b", ""},
		{"random", "", "\x89PNG\xff\xfe\xfa\xf9", ""},
		{"nothing", "", "", ""},
		{"form", "Content-Type: application/x-www-form-urlencoded", "a=Zo%C3%AB+Z&b=%zz&c", "a=Zoë Z\nb=%zz\nc\n"},
		{"json", "Content-Type: application/hal+json", `{"a":"Zo\u00eb\n\ud83d\ude42 \"q\" \\n \/ \ud83d \u0022 \u000a"}`, `{"a":"Zoë 🙂 \"q\" \\n / \ud83d \u0022 \u000a"}`},
		{"json by its look", "", "\n[\"\\u00eb", "\n[\"ë"},
		{"json cut within an escape", "", `["\u00`, `["\u00`},
		{"multipart", "Content-Type: multipart/form-data; boundary=x",
			"--x\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nZoë\r\n--x\r\nContent-Disposition: form-data; name=pic; filename=p.png\r\n\r\n\x00\x01\r\n--x\r\n\r\nend",
			"who \nZoë\npic p.png\n\n \nend\n"},
		{"multipart without its boundary", "Content-Type: multipart/form-data", "--x", ""},
		{"an unknown coding", "Content-Encoding: compress", "abc", ""},
	} {
		if got := Text([]byte("POST / HTTP/1.1\r\n"+c.fields+"\r\n\r\n"), nil, []byte(c.content)); string(got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	long := strings.Repeat("word ", MaxText)
	if got := Text(nil, nil, []byte(long)); len(got) != MaxText {
		t.Errorf("%d bytes of long text, want %d", len(got), MaxText)
	}
}
