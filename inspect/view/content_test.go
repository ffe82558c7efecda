package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
)

// message is a whole message with that content.
func message(fields, body string) *inspect.Message {
	return &inspect.Message{Head: []byte("POST / HTTP/1.1\r\n" + fields + "\r\n\r\n"), Body: []byte(body), Kept: int64(len(body)), Size: int64(len(body)), Whole: true}
}

// joined is the text of all lines, parts included, with | for line ends.
func joined(c Content) string {
	var all []string
	for _, l := range c.Lines {
		all = append(all, l.String())
	}
	for _, p := range c.Parts {
		all = append(all, "<"+p.Name+">", joined(p.Content))
	}
	return strings.Join(all, "|")
}

func TestOpen(t *testing.T) {
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
		{"not JSON", "Content-Type: application/json", "{\"a\":1,\n }", Text, "{\"a\":1,| }", "not valid JSON, shown as it came: a key is missing in line 2, column 2"},
		{"neither declared nor JSON", "Content-Type: text/plain", `{curly}`, Text, `{curly}`, ""},
		{"HTML that looks like nothing else", "Content-Type: text/html", "<p>hi", Text, "<p>hi", ""},
		{"form", "Content-Type: application/x-www-form-urlencoded", "Body=Is+it%3F%0A%F0%9F%99%82&From=%2B49&flag&bad=%zz&=", Form,
			`Body = Is it?\n🙂|From = +49|flag|bad = %zz| = `, ""},
		{"binary", "Content-Type: image/png", "\x89PNG\r\n\x1a\n\x00", Image, "00000000  89 50 4e 47 0d 0a 1a 0a  00                       |.PNG.....|", ""},
		{"text that is binary", "Content-Type: text/plain", "a\x00b", Binary, "00000000  61 00 62                                          |a.b|", ""},
		{"encoded", "Content-Encoding: GZIP", "\x1f\x8b", Binary, "00000000  1f 8b                                             |..|", "encoded with gzip, shown as it passed"},
		{"encoded, even if it reads as text", "Content-Encoding: identity, br", "hi", Binary, "00000000  68 69                                             |hi|", "encoded with br, shown as it passed"},
		{"identity", "Content-Encoding: identity", "hi", Text, "hi", ""},
		{"latin-1", "Content-Type: text/plain; charset=iso-8859-1", "Gr\xfc\xdfe aus M\xfcnchen und anderswo, wo man Umlaute in einem Byte schreibt", Text,
			`Gr\xfc\xdfe aus M\xfcnchen und anderswo, wo man Umlaute in einem Byte schreibt`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := Open(message(c.fields, c.body), nil, Limits{})
			if got := joined(b); b.Kind != c.kind || got != c.lines || strings.Join(b.Notes, "|") != c.notes {
				t.Errorf("kind %q, notes %q\ngot  %s\nwant %s", b.Kind, b.Notes, got, c.lines)
			}
		})
	}
}

func TestOpenMedia(t *testing.T) {
	b := Open(message("Content-Type: Application/JSON;bad;;", "{}"), nil, Limits{})
	if b.Media != "application/json" || b.Kind != JSON {
		t.Errorf("%+v", b)
	}
}

func TestOpenNotRecordedWhole(t *testing.T) {
	m := message("Content-Type: application/json", `{"a":[1,"cut he`)
	m.Size, m.Dropped = 5<<20, true
	c := Open(m, nil, Limits{})
	if c.Kind != JSON || joined(c) != `{|  "a": [|    1,|    "cut he` || strings.Join(c.Notes, "|") != "15 B of 5 MiB were recorded" {
		t.Errorf("%q %q", joined(c), c.Notes)
	}
	m = message("Content-Type: text/plain", "cut \xe4\xb8")
	m.Dropped = true
	if c = Open(m, nil, Limits{}); c.Kind != Text {
		t.Errorf("a cut character makes it binary: %+v", c)
	}
}

// Whatever the content is, what is shown of it is safe; and valid JSON is laid out by spaces only.
func FuzzOpen(f *testing.F) {
	f.Add("application/json", []byte(`{"a":[1,2,{"b":null}],"c":"\"\\"}`))
	f.Add("application/json", []byte(`[[[]],{}] `))
	f.Add("application/x-www-form-urlencoded", []byte("a=b&c=%1b&%"))
	f.Add("text/plain", []byte("\x1b]0;x\a\xff\u202e\r\n"))
	f.Add("image/png\x1b", []byte("\x89PNG\x00"))
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		c := Open(message("Content-Type: "+media, string(body)), nil, Limits{})
		checkContent(t, c)
		if valid := checkJSON(body, false) == nil; valid != json.Valid(body) {
			t.Fatalf("%q is valid: %v", body, valid)
		} else if !valid {
			return
		}
		o := opener{painter: painter{room: defaultLines}}
		o.layJSON(string(body))
		if o.full() || !utf8.Valid(body) {
			return
		}
		var want, got bytes.Buffer
		if json.Compact(&want, body) != nil || cleanPrefix(want.String()) != want.Len() {
			return
		}
		laid := ""
		for _, l := range o.lines {
			laid += l.String() + "\n"
		}
		if err := json.Compact(&got, []byte(laid)); err != nil || got.String() != want.String() {
			t.Fatalf("%q became %q (%v)", body, laid, err)
		}
	})
}

// checkContent fails when anything of it is not safe to show.
func checkContent(t *testing.T, c Content) {
	t.Helper()
	for _, s := range append([]string{c.Media, c.Coding, c.Title}, c.Notes...) {
		checkSafe(t, s)
	}
	for _, l := range c.Lines {
		checkSafe(t, l.String())
	}
	for _, p := range c.Parts {
		checkSafe(t, p.Name)
		checkSafe(t, p.Filename)
		checkContent(t, p.Content)
	}
}
