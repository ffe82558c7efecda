package diff

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/adit-tunnel/adit/inspect"
)

// exchange has those messages: a start line and fields, an empty line, content.
func exchange(request, response string) *inspect.Exchange {
	x := &inspect.Exchange{State: inspect.Done, Request: inspect.Request{Message: message(request)}}
	if response != "" {
		x.Response = &inspect.Response{Status: 200, Message: message(response)}
	}
	return x
}

func message(s string) inspect.Message {
	head, body, _ := strings.Cut(s, "\n\n")
	n := int64(len(body))
	return inspect.Message{Head: []byte(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n"), Body: []byte(body), Kept: n, Size: n, Whole: true}
}

func TestUnified(t *testing.T) {
	for _, c := range []struct{ name, older, newer, want string }{
		{"nothing", "GET / HTTP/1.1\nA: 1\nB: 2\n\nx", "GET / HTTP/1.1\nb: 2\na: 1\n\nx", ""},
		{"start line", "GET /a HTTP/1.1", "PUT /a HTTP/1.1", "@@ request, start line @@\n-GET /a HTTP/1.1\n+PUT /a HTTP/1.1\n"},
		{"fields", "GET / HTTP/1.1\nA: 1\nA: 2\nOld: x", "GET / HTTP/1.1\nNew: y\nA: 1\nA: 3",
			"@@ request, fields @@\n-A: 2\n+A: 3\n-Old: x\n+New: y\n"},
		{"a second field of one name", "GET / HTTP/1.1\nA: 1\nA: 2", "GET / HTTP/1.1\nA: 1", "@@ request, fields @@\n-A: 2\n"},
		{"cookies in another order", "GET / HTTP/1.1\nSet-Cookie: a=1; Path=/\nSet-Cookie: b=2\nSet-Cookie: c=3", "GET / HTTP/1.1\nset-cookie: d=4\nSet-Cookie: b=3\nSet-Cookie: a=1; Path=/",
			"@@ request, fields @@\n-Set-Cookie: b=2\n+Set-Cookie: b=3\n-Set-Cookie: c=3\n+set-cookie: d=4\n"},
		{"JSON", "P / HTTP/1.1\n\n{\"a\":1.0,\"gone\":[],\"b\":[1,{\"x y\":\"s\"}],\"c\":null}", "P / HTTP/1.1\n\n{\"c\":null, \"b\":[1,{\"x y\":\"t\"}, true], \"a\":1}",
			"@@ request, content @@\n-$.gone: []\n-$.b[1][\"x y\"]: \"s\"\n+$.b[1][\"x y\"]: \"t\"\n+$.b[2]: true\n-$.a: 1.0\n+$.a: 1\n"},
		{"arrays that something was put into, and taken out of", "P / HTTP/1.1\n\n{\"l\":[{\"id\":1},{\"id\":2},{\"id\":3,\"s\":\"a\"}]}", "P / HTTP/1.1\n\n{\"l\":[{\"id\":0,\"n\":null},{\"id\":1},{\"s\":\"b\",\"id\":3}]}",
			"@@ request, content @@\n+$.l[0]: {\"id\": 0, \"n\": null}\n+$.l[2].s: \"b\"\n-$.l[2].id: 2\n+$.l[2].id: 3\n-$.l[2]: {\"id\": 3, \"s\": \"a\"}\n"},
		{"what is something else now", "P / HTTP/1.1\n\n{\"a\":[]}", "P / HTTP/1.1\n\n{\"a\":{}}", "@@ request, content @@\n-$.a: []\n+$.a: {}\n"},
		{"JSON of another layout", "P / HTTP/1.1\n\n[1]", "P / HTTP/1.1\n\n[ 1 ]", "# request: the same JSON in another order or layout\n"},
		{"halves of surrogate pairs", "P / HTTP/1.1\n\n{\"a\": \"\\ud800\", \"\ufffd\":1}", "P / HTTP/1.1\n\n{\"\ufffd\":1,\"a\" : \"\\ud801\"}", "@@ request, content @@\n-$.a: \"\\\\ud800\"\n+$.a: \"\\\\ud801\"\n"},
		{"a key that comes twice", "P / HTTP/1.1\n\n{\"a\":1,\"a\":2}", "P / HTTP/1.1\n\n{\"a\":1,\"a\":3}", "@@ request, content @@\n-$[\"a (2)\"]: 2\n+$[\"a (2)\"]: 3\n"},
		{"lines", "P / HTTP/1.1\n\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12", "P / HTTP/1.1\n\n1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n12",
			"@@ request, content, by lines @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n 10\n-11\n 12\n"},
		{"lines that were added at the end", "P / HTTP/1.1\n\na\nb\n", "P / HTTP/1.1\n\na\nb\nc\n", "@@ request, content, by lines @@\n a\n b\n+c\n"},
		{"lines that were taken from the end", "P / HTTP/1.1\n\na\nb\nc", "P / HTTP/1.1\n\na\nb", "@@ request, content, by lines @@\n a\n b\n-c\n"},
		{"a line end at the end", "P / HTTP/1.1\n\na\nb", "P / HTTP/1.1\n\na\nb\n", "@@ request, content, by lines @@\n-b (no line end)\n+b\n"},
		{"no line end at the end", "P / HTTP/1.1\n\na\nb\n", "P / HTTP/1.1\n\na\nb", "@@ request, content, by lines @@\n-b\n+b (no line end)\n"},
		{"content that was not there", "P / HTTP/1.1\n\n", "P / HTTP/1.1\n\nhi", "@@ request, content, by lines @@\n+hi\n"},
		{"a form", "P / HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\na=1&b=2&c=3", "P / HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\na=1&b=x%20y&c=3",
			"@@ request, content, by lines @@\n a = 1\n-b = 2\n+b = x y\n c = 3\n"},
		{"a form in another spelling", "P / HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\na=A", "P / HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\na=%41",
			"# request: the same but for spelling or layout, as far as it is shown\n"},
		{"protobuf", "P / HTTP/1.1\nContent-Type: application/x-protobuf\n\n\x08\x01\x12\x02\x08\x05", "P / HTTP/1.1\nContent-Type: application/x-protobuf\n\n\x08\x01\x12\x02\x08\x06",
			"@@ request, content, by lines @@\n 1: 1\n 2 {\n-  1: 5\n+  1: 6\n }\n"},
		{"binary", "P / HTTP/1.1\n\n\x00\x01\x02", "P / HTTP/1.1\n\n\x00\x01", "@@ request, content @@\n-sha256: ae4b3280e56e, 3 B\n+sha256: b413f47d13ee, 2 B\n-byte 2: 02 … (3 bytes in all)\n+byte 2: ends here, after 2 bytes\n"},
		{"binary beyond what is compared", "P / HTTP/1.1\n\n\x00" + strings.Repeat("x", 1<<20), "P / HTTP/1.1\n\n\x00\x01",
			"@@ request, content @@\n-sha256: 98fa9992b72d, 1 MiB\n+sha256: b413f47d13ee, 2 B\n-byte 1: 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 …\n+byte 1: 01 … (2 bytes in all)\n# request: of the older content the first 1 MiB are compared\n"},
		{"hostile", "P / HTTP/1.1\nX: \x1b[2J", "P / HTTP/1.1\nX: \u202e", "@@ request, fields @@\n-X: \\x1b[2J\n+X: \\u202e\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Of(exchange(c.older, ""), exchange(c.newer, ""), Options{})
			if got := d.Unified(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if again := Of(exchange(c.newer, ""), exchange(c.newer, ""), Options{}); !again.Equal() {
				t.Errorf("it differs from itself:\n%s", again.Unified())
			}
		})
	}
}

func TestMarksWhatDiffers(t *testing.T) {
	d := Of(exchange("GET /a?page=1&x=é HTTP/1.1", ""), exchange("GET /a?page=23&x=è HTTP/1.1", ""), Options{})
	want := "[{GET /a?page= false} {1&x=é true} { HTTP/1.1 false}] [{GET /a?page= false} {23&x=è true} { HTTP/1.1 false}]"
	if got := fmt.Sprint(d.Request.Start[0].Old, d.Request.Start[0].New); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestVolatileFieldsAreNoDifference(t *testing.T) {
	a := exchange("GET / HTTP/1.1", "HTTP/1.1 200 OK\nDate: then\nX-Request-Id: 1\n\nx")
	b := exchange("GET / HTTP/1.1", "HTTP/1.1 200 OK\nDate: now\nX-Request-Id: 2\n\nx")
	if d := Of(a, b, Options{}); !d.Equal() || len(d.Response.Fields) != 2 {
		t.Errorf("%+v", d)
	}
	if d := Of(a, exchange("GET / HTTP/1.1", ""), Options{}); d.Equal() {
		t.Error("a response that is missing is no difference")
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	a, b := exchange("P / HTTP/1.1\n\nsame", ""), exchange("P / HTTP/1.1\n\nsame", "")
	b.Request.Size = 5 << 20
	d := Of(a, b, Options{})
	if d.Equal() || fmt.Sprint(d.Request.Notes) != "[of the newer content 4 B of 5 MiB were kept]" {
		t.Errorf("%+v", d.Request)
	}
}

// Content that is meant to hurt: each of these would take minutes or gigabytes if nothing were bounded.
func TestHostileContent(t *testing.T) {
	deep := strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000)
	key := `{"` + strings.Repeat("k", 500_000) + `":[` + strings.Repeat("1,", 50_000)
	odd := func(n int) string {
		var b strings.Builder
		for i := range 30_000 {
			fmt.Fprintln(&b, i*n%7919)
		}
		return b.String()
	}
	for name, c := range map[string][2]string{
		"deep":                 {deep, deep + " "},
		"long key, many paths": {key + "1]}", key + "2]}"},
		"nothing in common":    {odd(3), odd(5)},
		"one long line":        {strings.Repeat("a", 1<<20), strings.Repeat("a", 1<<19) + "b"},
		"empty lines":          {strings.Repeat("\n", 1<<18), strings.Repeat("\n", 1<<17)},
	} {
		d := Of(exchange("P / HTTP/1.1\n\n"+c[0], ""), exchange("P / HTTP/1.1\n\n"+c[1], ""), Options{})
		if text := d.Unified(); len(text) == 0 || len(text) > 4<<20 {
			t.Errorf("%s: %d bytes", name, len(text))
		}
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("GET / HTTP/1.1\nA: 1\n\n{\"a\":[1]}", "GET /b HTTP/1.1\nB: 1\n\n{\"a\":[2]}")
	f.Add("P / HTTP/1.1\n\na\nb\nc", "P / HTTP/1.1\n\na\nc\nd")
	f.Add("P / HTTP/1.1\n\n\x00", "P / HTTP/1.1\n\n\x1b\u202e")
	f.Fuzz(func(t *testing.T, older, newer string) {
		a, b := exchange(older, ""), exchange(newer, "")
		d := Of(a, b, Options{})
		for _, r := range d.Unified() {
			if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) {
				t.Fatalf("%q is not safe to show", d.Unified())
			}
		}
		if same := Of(a, a, Options{}); !same.Equal() {
			t.Fatalf("it differs from itself: %s", same.Unified())
		}
		if string(a.Request.Body) != string(b.Request.Body) && count(d.Request.Content)+len(d.Request.Notes) == 0 {
			t.Fatal("no difference was found")
		}
	})
}
