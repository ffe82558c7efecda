package view

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
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

// token is a JSON web token: HS256, sub 1, exp 1516239022.
const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoxNTE2MjM5MDIyfQ.c2ln"

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
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
		{"HTML", "Content-Type: text/html", "<p>hi", HTML, "<p>hi", ""},
		{"form", "Content-Type: application/x-www-form-urlencoded", "Body=Is+it%3F%0A%F0%9F%99%82&From=%2B49&flag&bad=%zz&=", Form,
			`Body = Is it?\n🙂|From = +49|flag|bad = %zz| = `, ""},
		{"binary", "Content-Type: image/png", "\x89PNG\r\n\x1a\n\x00", Image, "00000000  89 50 4e 47 0d 0a 1a 0a  00                       |.PNG.....|", ""},
		{"text that is binary", "Content-Type: text/plain", "a\x00b", Binary, "00000000  61 00 62                                          |a.b|", ""},
		{"encoded", "Content-Encoding: GZIP", "\x1f\x8b", Binary, "00000000  1f 8b                                             |..|", "encoded with gzip, shown as it passed: gzip: unexpected EOF"},
		{"encoded, even if it reads as text", "Content-Encoding: identity, br", "hi", Binary, "00000000  68 69                                             |hi|", "encoded with br, shown as it passed: br: unexpected EOF"},
		{"identity", "Content-Encoding: identity", "hi", Text, "hi", ""},
		{"latin-1", "Content-Type: text/plain; charset=iso-8859-1", "Gr\xfc\xdfe aus M\xfcnchen und anderswo, wo man Umlaute in einem Byte schreibt", Text,
			`Grüße aus München und anderswo, wo man Umlaute in einem Byte schreibt`, ""},
		{"decoded", "Content-Encoding: gzip", gzipped("hi"), Text, "hi", ""},
		{"XML on one line", "Content-Type: application/soap+xml", `<?xml version="1.0"?><a x='1>2'><b/><c> t </c><d></d><!-- c --></a>`, XML,
			`<?xml version="1.0"?>|<a x='1>2'>|  <b/>|  <c> t </c>|  <d></d>|  <!-- c -->|</a>`, ""},
		{"XML with declarations", "Content-Type: text/xml", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b>&x;</b></a>`, XML,
			`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>|<a>|  <b>&x;</b>|</a>`, ""},
		{"XML with lines of its own", "Content-Type: text/xml", "<a>\n <b>1</b>\n</a>", XML, "<a>| <b>1</b>|</a>", ""},
		{"HTML with a script", "Content-Type: text/html", "<script>if (a<b) '</p>'</script x><p class=a>", HTML, "<script>if (a<b) '</p>'</script x><p class=a>", ""},
		{"markup that is none", "Content-Type: text/html", "< a <3 <!-- <x y=\"", HTML, "< a <3 <!-- <x y=\"", ""},
		{"a style sheet", "Content-Type: text/css", "a { color: red }", CSS, "a { color: red }", ""},
		{"a script", "Content-Type: text/javascript", "let a = `${b}` // é", Script, "let a = `${b}` // é", ""},
		{"NDJSON", "Content-Type: application/x-ndjson", "{\"a\":1}\n[]\n", NDJSON, `{|  "a": 1|}|[]`, ""},
		{"JSON values in a row", "", "{\"a\":1}{\"b\":2}", NDJSON, `{|  "a": 1|}|{|  "b": 2|}`, ""},
		{"GraphQL", "Content-Type: application/json", `{"query":"query Viewer($n:Int=1){viewer{name(a:\"}\") ... on X{id}}}","variables":{"n":2}}`, GraphQL,
			`<query>|query Viewer($n:Int=1){|  viewer{|    name(a:"}") ... on X{|      id|    }|  }|}|<variables>|{|  "n": 2|}`, ""},
		{"a query that is no GraphQL", "Content-Type: application/json", `{"query":"select {}"}`, JSON, `{|  "query": "select {}"|}`, ""},
		{"multipart", "Content-Type: multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n2\r\n--b\r\n" +
			"Content-Disposition: form-data; name=\"f\u202e\"; filename=\"x.json\"\r\nContent-Type: application/json\r\n\r\n[1]\r\n--b--", Multipart, `<a>|1|2|<f\u202e>|[|  1|]`, ""},
		{"multipart that is cut", "Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\nhello", Multipart, "<>|hello", "not valid multipart content: unexpected EOF"},
		{"a token", "Content-Type: text/plain", token, Token,
			`header|{|  "alg": "HS256"|}|claims; the signature has not been verified|{|  "sub": "1",|  "exp": 1516239022  2018-01-18 01:30:22 UTC|}`, ""},
		{"protobuf", "Content-Type: application/x-protobuf", "\x08\x96\x01\x12\x02hi\x1a\x03\x08\xac\x02\x25\x00\x00\x80\x3f\x2a\x02\xff\xfe", Protobuf,
			`1: 150|2: "hi"|3 {|  1: 300|}|4: 1065353216  or 1|5: fffe`, ""},
		{"gRPC", "Content-Type: application/grpc", "\x00\x00\x00\x00\x02\x08\x01\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x09\x08\x01", GRPC,
			"message 1, 2 B|  1: 1|message 2, 1 B: it is compressed, and no agreement on that is known|message 3, 9 B: the recording ends within it|  1: 1", ""},
		{"an image that says it is text", "Content-Type: text/plain", "GIF89a\x02\x01\x03\x00\x00\x00\x00", Image,
			"00000000  47 49 46 38 39 61 02 01  03 00 00 00 00           |GIF89a.......|", ""},
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
	m = message("Content-Type: application/json", "")
	m.Size, m.Dropped, m.Withheld = 115, true, true
	if c = Open(m, nil, Limits{}); strings.Join(c.Notes, "|") != "its 115 B were not recorded: what is to be redacted in it could not be looked for" {
		t.Errorf("%q", c.Notes)
	}
	m = message("Content-Type: text/plain", "cut \xe4\xb8")
	m.Dropped = true
	if c = Open(m, nil, Limits{}); c.Kind != Text {
		t.Errorf("a cut character makes it binary: %+v", c)
	}
}

// Content that is meant to hurt is shown in part, and said to be so: bounded in lines and in bytes, whatever it is.
func TestOpenHostile(t *testing.T) {
	for name, c := range map[string]struct{ media, body string }{
		"200,000 levels of JSON": {"application/json", strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000)},
		"levels of objects":      {"application/json", strings.Repeat(`{"a":`, 200_000) + "1" + strings.Repeat("}", 200_000)},
		"many values":            {"application/json", "[" + strings.Repeat("1,", 400_000) + "1]"},
		"many JSON texts":        {"application/x-ndjson", strings.Repeat("1 ", 400_000)},
		"a long line":            {"text/plain", strings.Repeat("a", 10<<20)},
		"many lines":             {"text/plain", strings.Repeat("\n", 1<<20)},
		"tokens":                 {"text/plain", strings.Repeat("eyJ.", 200_000)},
		"zeros":                  {"image/png", strings.Repeat("\x00", 10<<20)},
		"many tags":              {"text/xml", strings.Repeat("<a ", 300_000)},
		"many elements":          {"text/xml", strings.Repeat("<a>", 300_000)},
		"comments without end":   {"text/html", strings.Repeat("<!--", 200_000)},
		"scripts without end":    {"text/html", strings.Repeat("<script></", 100_000)},
		"template literals":      {"text/javascript", strings.Repeat("`${", 300_000)},
		"braces":                 {"text/css", strings.Repeat("a{b:(", 200_000)},
		"spaces and braces":      {"application/json", `{"query":"{` + strings.Repeat(` {`, 100_000) + `"}`},
		"strings without end":    {"application/graphql", strings.Repeat(`"\`, 300_000)},
		"many parts":             {"multipart/form-data;boundary=b", strings.Repeat("--b\r\n\r\n\r\n", 50_000)},
		"many fields":            {"application/x-www-form-urlencoded", strings.Repeat("a&", 100_000)},
		"groups":                 {"application/x-protobuf", strings.Repeat("\x0b", 200_000) + strings.Repeat("\x0c", 200_000)},
		"nested messages":        {"application/x-protobuf", nested(60_000)},
		"frames":                 {"application/grpc", strings.Repeat("\x00\x00\x00\x00\x00", 200_000)},
	} {
		m := message("Content-Type: "+c.media, c.body)
		lines, size := 0, 0
		count(Open(m, nil, Limits{}), &lines, &size)
		if lines > defaultLines || size > 4*defaultBytes {
			t.Errorf("%s: %d lines, %d bytes", name, lines, size)
		}
		if n := len(JWTs(m, m.Body)); n > maxTokens {
			t.Errorf("%s: %d tokens", name, n)
		}
	}
}

// nested is protobuf messages within each other, about n bytes of them.
func nested(n int) string {
	message := []byte{}
	for len(message) < n {
		message = append(binary.AppendUvarint([]byte{0x0a}, uint64(len(message))), message...)
	}
	return string(message)
}

func count(c Content, lines, size *int) {
	*lines += len(c.Lines)
	for _, l := range c.Lines {
		*size += len(l.String()) + 1
	}
	for _, p := range c.Parts {
		count(p.Content, lines, size)
	}
}

// A bomb is decoded as far as it is shown.
func TestOpenBomb(t *testing.T) {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	for range 8 {
		_, _ = w.Write(make([]byte, 1<<20))
	}
	_ = w.Close()
	c := Open(message("Content-Encoding: gzip\r\nContent-Type: image/png", b.String()), nil, Limits{Bytes: 4096})
	if len(c.Lines) != 256 || !c.More || strings.Join(c.Notes, "|") != "the first 4 KiB are shown" {
		t.Errorf("%d lines, %q", len(c.Lines), c.Notes)
	}
}

func TestPictures(t *testing.T) {
	for data, want := range map[string]string{
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x02\x80\x00\x00\x01\xe0\x08\x06\x00\x00\x00\x35\xd1\xdc\xe4": "png, 640 × 480",
		"\xff\xd8\xff\xc0\x00\x0b\x08\x01\xe0\x02\x80\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00":    "jpeg, 640 × 480",
		"GIF89a\x80\x02\xe0\x01\x00\x00\x00":                                                   "gif, 640 × 480",
		"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x7f\x02\x00\xdf\x01\x00": "webp, 640 × 480",
		"RIFF\x00\x00\x00\x00WEBPVP8L\x0a\x00\x00\x00\x2f\x7f\xc2\x77\x00\x00\x00\x00\x00\x00": "webp, 640 × 480",
		"RIFF\x00\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00\x00\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01": "webp, 640 × 480",
		"\x89PNG\r\n\x1a\ncut":     "png",
		"RIFF\x00\x00\x00\x00WAVE": "",
	} {
		if c := Open(message("Content-Type: image/x", data), nil, Limits{}); c.Title != want {
			t.Errorf("%q is %q, want %q", data, c.Title, want)
		}
	}
}

// The end of content is shown although its middle is missing.
func TestOpenTail(t *testing.T) {
	m := message("Content-Type: application/json", `{"a":[1,`)
	m.Size, m.Dropped, m.Tail = 5<<20, true, []byte("8,9]}")
	if c := Open(m, nil, Limits{}); c.Kind != JSON || joined(c) != `{|  "a": [|    1,|    |<the end>|8,9]}` {
		t.Errorf("%s: %s", c.Kind, joined(c))
	}
}

// What is kept on the disk, and was not given, is missed and said to be.
func TestOpenWithoutTheStore(t *testing.T) {
	coded := gzipped(strings.Repeat("0123456789", 100_000))
	for name, m := range map[string]*inspect.Message{
		"plain": message("Content-Type: text/plain", "begin and end"),
		"coded": message("Content-Type: text/plain\r\nContent-Encoding: gzip", coded),
	} {
		m.Body = m.Body[:len(m.Body)/2]
		if c := Open(m, nil, Limits{}); c.Kind != Text || !c.More || len(c.Notes) != 1 || !strings.HasSuffix(c.Notes[0], " are shown") {
			t.Errorf("%s: %s, %q", name, c.Kind, c.Notes)
		}
	}
}

// Content beyond memory comes from the store.
func TestOpenReadsOn(t *testing.T) {
	whole := strings.Repeat("line\n", 5000)
	m := message("Content-Type: text/plain", whole)
	m.Body = m.Body[:100]
	if c := Open(m, strings.NewReader(whole), Limits{}); len(c.Lines) != 5000 || c.More {
		t.Errorf("%d lines, more: %t", len(c.Lines), c.More)
	}
	if c := Open(m, strings.NewReader(whole), Limits{Lines: 999}); len(c.Lines) != 999 || !c.More {
		t.Errorf("%d lines, more: %t", len(c.Lines), c.More)
	}
}

// Whatever the content is, what is shown of it is safe; and valid JSON is laid out by spaces only.
func FuzzOpen(f *testing.F) {
	f.Add("application/json", []byte(`{"a":[1,2,{"b":null}],"c":"\"\\"}`))
	f.Add("application/json", []byte(`[[[]],{}] `))
	f.Add("application/x-www-form-urlencoded", []byte("a=b&c=%1b&%"))
	f.Add("text/plain", []byte("\x1b]0;x\a\xff\u202e\r\n"))
	f.Add("text/html", []byte("<a b='c'>d<script>e</script><!--f-->"))
	f.Add("text/javascript", []byte("let a = `${b}` // c"))
	f.Add("application/grpc", []byte("\x00\x00\x00\x00\x02\x08\x01"))
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--"))
	f.Add("application/json", []byte(`{"query":"query A {b(c:\"d\") # e\n}","variables":{}}`))
	f.Add("text/plain", []byte(token))
	f.Add("image/png\x1b", []byte("\x89PNG\x00"))
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		c := Open(message("Content-Type: "+media, string(body)), nil, Limits{})
		checkContent(t, c)
		for _, j := range JWTs(message("Authorization: Bearer "+media, ""), body) {
			checkContent(t, Content{Media: j.Where + j.String(), Lines: j.Lines})
		}
		for _, x := range []*inspect.Exchange{posted("/graphql", "Content-Type: application/json", string(body)), posted("/", "X-Slack-Signature: "+media, string(body))} {
			checkSafe(t, Label(x))
			x.Upgraded, x.Response = true, &inspect.Response{Message: *message("Upgrade: "+media, string(body))}
			for m := range Messages(x, nil, nil) {
				checkSafe(t, m.Name+m.ID+m.Note)
				checkContent(t, m.Open(Limits{}))
			}
		}
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
