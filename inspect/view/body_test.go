package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// message is a whole message of that type and content.
func message(fields, body string) *inspect.Message {
	return &inspect.Message{Head: []byte("POST / HTTP/1.1\r\n" + fields + "\r\n\r\n"), Body: []byte(body), Size: int64(len(body)), Whole: true}
}

func TestBodyOf(t *testing.T) {
	for _, c := range []struct {
		name, fields, body string
		kind               Kind
		lines              string // joined with |
		notes              string
	}{
		{"empty", "Content-Type: application/json", "", Empty, "", ""},
		{"text", "Content-Type: text/plain", "a\r\nb\n", Text, "a|b", ""},
		{"hostile text", "Content-Type: text/plain", "\x1b[2Jhi, this is long enough to be text\u202e", Text, `\x1b[2Jhi, this is long enough to be text\u202e`, ""},
		{"JSON", "Content-Type: application/json; charset=utf-8", `{"b":1.50,"a":[1,"x,{\"}"],"e":{},"f":[ ]}`, JSON,
			`{|  "b": 1.50,|  "a": [|    1,|    "x,{\"}"|  ],|  "e": {},|  "f": []|}`, ""},
		{"JSON by suffix", "content-type: application/vnd.api+JSON", `[1]`, JSON, "[|  1|]", ""},
		{"JSON without a type", "X: y", ` {"a":1}`, JSON, `{|  "a": 1|}`, ""},
		{"not JSON", "Content-Type: application/json", `{"a":`, Text, `{"a":`, "not valid JSON, shown as it came"},
		{"neither declared nor JSON", "Content-Type: text/plain", `{curly}`, Text, `{curly}`, ""},
		{"HTML that looks like nothing else", "Content-Type: text/html", "<p>hi", Text, "<p>hi", ""},
		{"form", "Content-Type: application/x-www-form-urlencoded", "Body=Is+it%3F%0A%F0%9F%99%82&From=%2B49&flag&bad=%zz&=", Form,
			`Body = Is it?\n🙂|From = +49|flag|bad = %zz| = `, ""},
		{"binary", "Content-Type: image/png", "\x89PNG\r\n\x1a\n\x00", Binary, "00000000  89 50 4e 47 0d 0a 1a 0a  00                       |.PNG.....|", ""},
		{"text that is binary", "Content-Type: text/plain", "a\x00b", Binary, "00000000  61 00 62                                          |a.b|", ""},
		{"encoded", "Content-Encoding: GZIP", "\x1f\x8b", Binary, "00000000  1f 8b                                             |..|", "encoded with gzip, shown as it passed"},
		{"encoded, even if it reads as text", "Content-Encoding: identity, br", "hi", Binary, "00000000  68 69                                             |hi|", "encoded with br, shown as it passed"},
		{"identity", "Content-Encoding: identity", "hi", Text, "hi", ""},
		{"latin-1", "Content-Type: text/plain; charset=iso-8859-1", "Gr\xfc\xdfe aus M\xfcnchen und anderswo, wo man Umlaute in einem Byte schreibt", Text,
			`Gr\xfc\xdfe aus M\xfcnchen und anderswo, wo man Umlaute in einem Byte schreibt`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := BodyOf(message(c.fields, c.body))
			if got := strings.Join(b.Lines, "|"); b.Kind != c.kind || got != c.lines || strings.Join(b.Notes, "|") != c.notes {
				t.Errorf("kind %d, notes %q\ngot  %s\nwant %s", b.Kind, b.Notes, got, c.lines)
			}
		})
	}
}

func TestBodyOfMedia(t *testing.T) {
	b := BodyOf(message("Content-Type: Application/JSON;bad;;", "{}"))
	if b.Media != "application/json" || b.Kind != JSON {
		t.Errorf("%+v", b)
	}
}

func TestBodyNotRecordedWhole(t *testing.T) {
	m := message("Content-Type: application/json", `{"a":[1,"cut he`)
	m.Size, m.Dropped = 5<<20, true
	b := BodyOf(m)
	if b.Kind != JSON || strings.Join(b.Lines, "|") != `{|  "a": [|    1,|    "cut he` || strings.Join(b.Notes, "|") != "15 B of 5 MiB were recorded" {
		t.Errorf("%q %q", b.Lines, b.Notes)
	}
	m = message("Content-Type: text/plain", "cut \xe4\xb8")
	m.Dropped = true
	if b = BodyOf(m); b.Kind != Text {
		t.Errorf("a cut character makes it binary: %+v", b)
	}
}

func TestBodyBounds(t *testing.T) {
	size := func(b Body) (n int) {
		for _, l := range b.Lines {
			n += len(l) + 1
		}
		return n
	}
	deep := strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000)
	if n := size(BodyOf(message("Content-Type: application/json", deep))); n > maxLaid {
		t.Errorf("500,000 brackets become %d bytes", n)
	}
	wide := strings.Repeat("[", 100) + strings.Repeat("1,", 400_000) + "1" + strings.Repeat("]", 100)
	if b := BodyOf(message("Content-Type: application/json", wide)); b.Kind != Text || size(b) > 2<<20 {
		t.Errorf("kind %d, %d bytes", b.Kind, size(b))
	}
	huge := BodyOf(message("Content-Type: image/png", strings.Repeat("\x00", 1<<20)))
	if len(huge.Lines) != maxDump/16 || strings.Join(huge.Notes, "|") != "the first 64 KiB of 1 MiB" {
		t.Errorf("%d lines, %q", len(huge.Lines), huge.Notes)
	}
}

// What layOut does to valid JSON is only spaces; encoding/json agrees about what is in it.
func FuzzBody(f *testing.F) {
	f.Add("application/json", []byte(`{"a":[1,2,{"b":null}],"c":"\"\\"}`))
	f.Add("application/json", []byte(`[[[]],{}] `))
	f.Add("application/x-www-form-urlencoded", []byte("a=b&c=%1b&%"))
	f.Add("text/plain", []byte("\x1b]0;x\a\xff\u202e\r\n"))
	f.Add("image/png\x1b", []byte("\x89PNG\x00"))
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		b := BodyOf(message("Content-Type: "+media, string(body)))
		for _, s := range append(append([]string{b.Media, b.Coding}, b.Lines...), b.Notes...) {
			checkSafe(t, s)
		}
		if !json.Valid(body) {
			return
		}
		laid, ok := layOut(body)
		var want, got bytes.Buffer
		if err := json.Compact(&want, body); err != nil {
			return
		}
		if err := json.Compact(&got, []byte(laid)); ok && (err != nil || !bytes.Equal(got.Bytes(), want.Bytes())) {
			t.Fatalf("%q became %q (%v)", body, laid, err)
		}
	})
}
