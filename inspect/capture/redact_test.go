package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

func redaction(t testing.TB, fields, paths []string) *Redaction {
	t.Helper()
	r, err := NewRedaction(fields, paths)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRedactedFields(t *testing.T) {
	b := NewBudget(0, 0)
	rec := &recorder{}
	x := begin()
	x.Redact = redaction(t, []string{"Authorization", "X-Token", "set-cookie"}, nil)
	x.Head = []byte("GET /?x-token:1 HTTP/1.1\r\nHost: a\r\nauthorization:Bearer secret\r\nX-Tokens: open\r\nX-TOKEN:\r\n\r\n")
	tap := b.Start(rec, x)
	tap.RequestEnd([]byte("X-Sum: 1\r\nX-Token: secret\r\n"))
	tap.ResponseHead(Head{Status: 200, Bytes: []byte("HTTP/1.1 200 X-Token: open\r\nSet-Cookie: a=secret\r\nSet-Cookie: b=secret\r\n\r\n")})
	tap.ResponseBody([]byte("Authorization: open"))
	tap.Done()
	got := rec.last()
	if want := "GET /?x-token:1 HTTP/1.1\r\nHost: a\r\nauthorization: [redacted]\r\nX-Tokens: open\r\nX-TOKEN: [redacted]\r\n\r\n"; string(got.Request.Head) != want {
		t.Errorf("request: %q", got.Request.Head)
	}
	if q := got.Request; string(q.Trailers) != "X-Sum: 1\r\nX-Token: [redacted]\r\n" || !q.Redacted || !q.Complete() {
		t.Errorf("request: %+v", q)
	}
	r := got.Response
	if want := "HTTP/1.1 200 X-Token: open\r\nSet-Cookie: [redacted]\r\nSet-Cookie: [redacted]\r\n\r\n"; string(r.Head) != want || !r.Redacted {
		t.Errorf("response: %q", r.Head)
	}
	if string(r.Body) != "Authorization: open" || b.Used() != 0 {
		t.Errorf("content %q, %d bytes are still taken", r.Body, b.Used())
	}
	for _, s := range rec.seen {
		if strings.Contains(s, "secret") {
			t.Errorf("a secret was published: %q", s)
		}
	}
	rec.unchanged(t)
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

// TestRedactedContent: nothing of what the paths lead to is published or written, whatever it is called and however it comes.
func TestRedactedContent(t *testing.T) {
	const card, clean, open = `{"card": {"number":"secret"},"n":1}`, `{"card": {"number":"[redacted]"},"n":1}`, `{"n": 1}`
	for name, tt := range map[string]struct{ fields, content, want string }{
		"JSON":              {"Content-Type: application/json", card, clean},
		"a kind of JSON":    {"Content-Type: application/vnd.api+json; charset=utf-8", card, clean},
		"called text":       {"Content-Type: text/html", "\r\n " + card, "\r\n " + clean},
		"called nothing":    {"X: y", card, clean},
		"with a mark":       {"X: y", byteOrderMark + card, byteOrderMark + clean},
		"lines of JSON":     {"Content-Type: application/x-ndjson", card + "\n" + open + "\n" + card, clean + "\n" + open + "\n" + clean},
		"nothing to hide":   {"Content-Type: application/json", open, open},
		"empty":             {"Content-Type: application/json", "", ""},
		"text":              {"Content-Type: text/plain", "no secret here", "no secret here"},
		"in gzip":           {"Content-Type: application/json\r\nContent-Encoding: gzip", zipped(card), ""},
		"in gzip, open":     {"Content-Type: application/json\r\nContent-Encoding: GZip", zipped(open), zipped(open)},
		"text in gzip":      {"Content-Encoding: gzip", zipped("text"), zipped("text")},
		"called text, gzip": {"Content-Type: text/html\r\nContent-Encoding: gzip", zipped(card), ""},
		"image in br":       {"Content-Type: image/x-icon\r\nContent-Encoding: br", "\x1b\x03", "\x1b\x03"},
		"JSON in br":        {"Content-Type: application/json\r\nContent-Encoding: br", "secret", ""},
		"cut gzip":          {"Content-Encoding: gzip", zipped(card)[:20] + "secret", ""},
		"a bomb":            {"Content-Encoding: gzip", zipped(card + strings.Repeat(" ", maxDecoded)), ""},
		"no JSON":           {"Content-Type: application/json", `{"card":{"number":"secret"}`, ""},
		"like JSON":         {"Content-Type: text/plain", `{"card":{"number":secret}}`, ""},
		"too deep":          {"Content-Type: application/json", strings.Repeat("[", 200_000) + `"secret"`, ""},
		"too large":         {"Content-Type: application/json", `{"card":{"number":"secret` + strings.Repeat("x", 1<<20) + `"}}`, ""},
		"events":            {"Content-Type: text/event-stream", "data: " + card + "\n\n", ""},
	} {
		b := NewBudget(0, 0)
		rec := &spiller{}
		x := begin()
		x.Redact = redaction(t, nil, []string{"$.card.number"})
		x.Head = []byte("POST / HTTP/1.1\r\nHost: a\r\n\r\n")
		tap := b.Start(rec, x)
		tap.tap.every = 0
		tap.ResponseHead(Head{Status: 200, Bytes: []byte("HTTP/1.1 200 OK\r\n" + tt.fields + "\r\n\r\n")})
		for piece := range slices.Chunk([]byte(tt.content), 50_000) {
			tap.ResponseBody(piece)
		}
		tap.ResponseEnd(nil)
		tap.Done()
		r := rec.last().Response
		lost := tt.want == "" && tt.content != ""
		if string(r.Body) != tt.want || r.Dropped != lost || r.Withheld != lost || r.Complete() == lost || r.Redacted != (tt.content != tt.want && !lost) {
			t.Errorf("%s: %.100q, %+.300v", name, r.Body, r)
		}
		for _, s := range append(rec.seen, rec.written()) {
			if strings.Contains(s, "secret") && !strings.Contains(s, "no secret") {
				t.Errorf("%s: a secret got out: %.200q", name, s)
			}
		}
		if rec.unchanged(t); b.Used() != 0 {
			t.Errorf("%s: %d bytes are still taken", name, b.Used())
		}
	}
}

// TestRedactedUnread: what could not be read, because it was cut off or goes both ways, is not recorded.
func TestRedactedUnread(t *testing.T) {
	b := NewBudget(0, 0)
	start := func(fields string) (Tap, *recorder) {
		rec, x := &recorder{}, begin()
		x.Redact, x.Head = redaction(t, nil, []string{"$.a"}), []byte("POST / HTTP/1.1\r\nHost: a\r\n"+fields+"\r\n")
		return b.Start(rec, x), rec
	}
	cut, rec := start("")
	cut.RequestBody([]byte(`{"a":1`))
	cut.Fail(&inspect.Failure{})
	if q := rec.last().Request; q.Body != nil || q.Size != 6 || !q.Dropped || !q.Withheld || q.Complete() {
		t.Errorf("cut: %+v", q)
	}
	slow, rec := start("")
	for _, piece := range []string{"\xef", "\xbb\xbf", ` {"a":"secret"}`} {
		slow.RequestBody([]byte(piece))
	}
	slow.RequestEnd(nil)
	slow.Done()
	if q := rec.last().Request; string(q.Body) != "\xef\xbb\xbf {\"a\":\"[redacted]\"}" || !q.Redacted {
		t.Errorf("a mark in pieces: %+v", q)
	}
	ways, rec := start("Connection: Upgrade\r\nUpgrade: websocket\r\n")
	ways.RequestBody([]byte(`{"a":1}`))
	ways.ResponseHead(Head{Status: 101, Bytes: []byte("HTTP/1.1 101 S\r\n\r\n")})
	ways.Upgraded()
	ways.RequestBody([]byte(`{"a":1}`))
	ways.ResponseBody([]byte(`{"a":1}`))
	ways.Done()
	if x := rec.last(); x.Request.Body != nil || x.Response.Body != nil || x.Request.Size != 14 || !x.Response.Dropped || !x.Request.Withheld || !x.Response.Withheld || len(x.Request.Passed) != 1 {
		t.Errorf("upgraded: %+v, %+v", x.Request, x.Response)
	}
	if b.Used() != 0 {
		t.Errorf("%d bytes are still taken", b.Used())
	}
}

func TestPaths(t *testing.T) {
	for _, tt := range []struct{ paths, text, want string }{
		{`$.a`, `{"a":{"b":[1,{}]},"b":"a"}`, `{"a":"[redacted]","b":"a"}`},
		{`$.a $.a.b`, `{"a":{"b":1}}`, `{"a":"[redacted]"}`},
		{`$.a.b $.c`, ` { "c" : null , "a":{"b":-1.5e3 ,"d":"\"}"} } `, ` { "c" : "[redacted]" , "a":{"b":"[redacted]" ,"d":"\"}"} } `},
		{`$.a[*].b`, `{"a":[{"b":1},{"c":1},[],"b",{"b":{}}]}`, `{"a":[{"b":"[redacted]"},{"c":1},[],"b",{"b":"[redacted]"}]}`},
		{`$[1] $[2][0]`, `[0,1,[2,3]]`, `[0,"[redacted]",["[redacted]",3]]`},
		{`$.*.b`, `{"a":{"b":1},"c":{"b":2},"b":3}`, `{"a":{"b":"[redacted]"},"c":{"b":"[redacted]"},"b":3}`},
		{`$["a.b"]['c']`, `{"a.b":{"c":1}}`, `{"a.b":{"c":"[redacted]"}}`},
		{`$.a`, `{"\u0061":1,"a":2,"A":3}`, `{"\u0061":"[redacted]","a":"[redacted]","A":3}`},
		{`$.1 $[2]`, `{"1":1,"2":2}`, `{"1":"[redacted]","2":2}`},
	} {
		clean, _, err := redaction(t, nil, strings.Fields(tt.paths)).json([]byte(tt.text))
		if err != nil || string(clean) != tt.want {
			t.Errorf("%s: %s, %v", tt.paths, clean, err)
		}
	}
	for _, wrong := range []string{"", "$", "a", "$a", "$.", "$..a", "$.a.", "$[", "$[a]", "$[-1]", "$['a]", "$.a b", "$[1234567890]", ".a"} {
		if _, err := NewRedaction(nil, []string{wrong}); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
	for _, wrong := range []string{"", "a b", "a:", "Host", "CONTENT-LENGTH", "é"} {
		if _, err := NewRedaction([]string{wrong}, nil); err == nil {
			t.Errorf("the field %q is taken", wrong)
		}
	}
}

// FuzzRedactedJSON: what is JSON is read, nothing else of it changes, and nothing that the paths lead to is left.
func FuzzRedactedJSON(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":"x"},"c":[{"d":1},{"d":[2]}]}`, `{"\u0061":{"b":1e9}}`, `[1,{"c":{"d":"\\"}}]`, `{"a":{"b":1}} {"a":2}`, `{"a" : {"b":tru}}`, "[[[[", `{"c":[[]]}`} {
		f.Add([]byte(seed))
	}
	r := redaction(f, nil, []string{"$.a.b", "$.c[*].d", "$[1]"})
	f.Fuzz(func(t *testing.T, text []byte) {
		clean, changed, err := r.json(text)
		if err == nil && changed == bytes.Equal(clean, text) && !bytes.Contains(text, []byte(hidden)) {
			t.Fatalf("changed %v: %q", changed, clean)
		}
		var before, after any
		if json.Unmarshal(text, &before) != nil || strings.Count(string(text), "[")+strings.Count(string(text), "{") > maxDepth {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if err := json.Unmarshal(clean, &after); err != nil || !reflect.DeepEqual(blotted(before), after) {
			t.Fatalf("%q became %q: %v", text, clean, err)
		}
	})
}

// blotted is the same done on values.
func blotted(v any) any {
	blot := func(in any, name string) {
		if m, ok := in.(map[string]any); ok {
			if _, ok := m[name]; ok {
				m[name] = hidden
			}
		}
	}
	switch v := v.(type) {
	case map[string]any:
		blot(v["a"], "b")
		switch c := v["c"].(type) {
		case []any:
			for _, e := range c {
				blot(e, "d")
			}
		case map[string]any:
			for _, e := range c {
				blot(e, "d")
			}
		}
	case []any:
		if len(v) > 1 {
			v[1] = hidden
		}
	}
	return v
}
