package inspect

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameFilter compares filters but for the places in their texts.
var sameFilter = cmp.Options{
	cmp.AllowUnexported(Term{}, step{}), cmpopts.IgnoreFields(Term{}, "At"),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

func TestParseFilter(t *testing.T) {
	for _, c := range []struct{ text, canonical string }{
		{"", ""},
		{" \t\n", ""},
		{"amount", "amount"},
		{" a  AND b ", "a b"},
		{"a b or c and not d", "a b or c not d"},
		{"a (b or c)", "a (b or c)"},
		{"a or (b or c)", "a or b or c"},
		{"(a b) c", "a b c"},
		{"!a !(b c)not(d)", "not a not (b c) not d"},
		{"not not a", "not not a"},
		{"not (not (a))", "not not a"},
		{"(a or b)and(c or d)", "(a or b) (c or d)"},
		{`"not" "or" "a b" "say \"hi\" \\ "`, `"not" "or" "a b" "say \"hi\" \\ "`},
		{"Nothing order andy", "Nothing order andy"},
		{"http://x/y localhost.example:80 12:30 ::1", "http://x/y localhost.example:80 12:30 ::1"},
		{`{"a":1} f(x)`, `{"a":1} f(x)`},
		{"METHOD:post path:/a* path:=/b host:", "method:post path:/a* path:=/b host:"},
		{`path:"/a b*" path:="/a"`, `path:"/a b*" path:="/a"`},
		{"status:5XX status:=404 status:400..499 status:>=500 STATUS:Failed status:", "status:5xx status:404 status:400..499 status:>=500 status:failed status:"},
		{"dur:1s dur:>1.5s dur:=12ms age:10m age:>2d size:1mb size:<20kib size:=0",
			"dur:>=1s dur:>1.5s dur:=12ms age:<10m age:>2d size:>=1mb size:<20kib size:=0"},
		{"header.X-GitHub-Event:push header.x-a: header.x-b:=", "header.x-github-event:push header.x-a: header.x-b:="},
		{`body: body:word body:"a phrase" body:*part* body:$x body:<b>`, `body: body:word body:"a phrase" body:*part* body:$x body:<b>`},
		{`body.$.a.b[0].c:v body.$["x:y z"][*]: body.$:"1"`, `body.$.a.b[0].c:v body.$["x:y z"][*]: body.$:"1"`},
		{"replay: replay:YES replay:no replay:019A-b pinned:false pinned:true", "replay: replay: replay:no replay:019a-b pinned:no pinned:"},
		{"tag: tag:a/b endpoint:api ip:10.1.2.3/8 ip:::1 ip:", "tag: tag:a/b endpoint:api ip:10.1.2.3/8 ip:::1 ip:"},
		{"kind:TCP kind:=tls kind: KIND:http", "kind:tcp kind:tls kind: kind:http"},
	} {
		f, err := ParseFilter(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := f.String(); got != c.canonical {
			t.Errorf("%q becomes %q, want %q", c.text, got, c.canonical)
		}
		again, err := ParseFilter(f.String())
		if diff := cmp.Diff(f, again, sameFilter); err != nil || diff != "" {
			t.Errorf("%q: written and read again: %v %s", c.text, err, diff)
		}
	}
}

func TestParseFilterRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		at   int
		want string // in the error
	}{
		{"stauts:500", 0, "did you mean status:?"},
		{"a duration:>1s", 2, "did you mean dur:?"},
		{"x-github-event:push", 0, "did you mean header.x-github-event:?"},
		{"headers.x:y", 0, "did you mean header.NAME:?"},
		{"localhost:3000", 0, "put it in quotes"},
		{"header:json", 0, "which header?"},
		{"header.:json", 7, "name of a header"},
		{"(a", 0, "never closed"},
		{"a)", 1, "no ( belongs to this"},
		{"()", 1, "a condition is missing"},
		{"a or", 4, "missing at the end"},
		{"or a", 0, "in quotes"},
		{"not", 3, "missing at the end"},
		{`a "b`, 2, "never closed"},
		{`"a"b`, 3, "a space is missing"},
		{"f(x", 0, "never closed"},
		{"status:50", 7, "a status is"},
		{"status:499..400", 7, "a status is"},
		{"status:>4xx", 7, "a status is"},
		{"dur:500", 4, "with its unit"},
		{"dur:>", 4, "with its unit"},
		{"dur:1.2.3s", 4, "with its unit"},
		{"age:99999999999999d", 4, "too much"},
		{"size:10kk", 5, "a size"},
		{"path:>/a", 5, "only status:, dur:, size: and age: compare"},
		{"pinned:maybe", 7, "yes or no"},
		{"replay:x", 7, "the ID"},
		{"ip:10.0.0", 3, "an address"},
		{"ip:::ffff:10.0.0.0/8", 3, "96 bits"},
		{"body.data.id:1", 5, "looks like $.data"},
		{"body.$.a[x]:1", 5, "looks like $.data"},
		{"body.$.a", 8, "a colon is missing"},
		{"body.$" + strings.Repeat("[0]", 65) + ":1", 5, "at most 64 steps"},
		{`a "..."`, 2, "none; body:*"},
		{strings.Repeat("a.", 33), 0, "at most 32 words"},
		{"a \xff", 2, "not text"},
		{strings.Repeat("a ", 3000), 4096, "at most 4096 bytes"},
		{strings.Repeat("(", 65) + "a", 64, "at most 64 levels"},
		{strings.Repeat("!", 65) + "a", 64, "at most 64 levels"},
	} {
		_, err := ParseFilter(c.text)
		var fe *FilterError
		if !errors.As(err, &fe) {
			t.Errorf("%q is taken", c.text)
		} else if fe.At != c.at || !strings.Contains(fe.Text, c.want) {
			t.Errorf("%q: at %d: %s\nwant at %d: %s", c.text, fe.At, fe.Text, c.at, c.want)
		}
	}
}

func TestFilterErrorCaret(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"größe stat:5", "größe stat:5\n      ^"},
		{"a\x1b[2J statu:5", "a [2J statu:5\n      ^"},
		{strings.Repeat("x ", 40) + "size:much " + strings.Repeat("y ", 40), "…" + strings.Repeat(" x", 22) + " size:much y y y y y y y y y y …\n" + strings.Repeat(" ", 51) + "^"},
	} {
		_, err := ParseFilter(c.text)
		var fe *FilterError
		if !errors.As(err, &fe) {
			t.Errorf("%q is taken", c.text)
		} else if got := fe.Caret(utf8.RuneCountInString); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
	_, err := ParseFilter("größe stat:5")
	if want := "filter, character 7: there is no stat: here"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// seen is an exchange with something for every key.
func seen() Item {
	head := "POST /hook/A?x=1 HTTP/1.1\r\nHost: Shop.example.com\r\nX-GitHub-Event: Push\r\nX-Empty:\r\nX-Two: one\r\nx-two:  two words \r\n\r\n"
	return Item{
		Pinned: true, Tags: []string{"bug-42", "Größe"}, Note: "ask Zoë about it", Label: "github · push",
		Exchange: &Exchange{
			ID: "0190-2", Endpoint: "api", Start: time.Unix(1000, 0), Duration: 1420 * time.Millisecond, State: Failed, ReplayOf: "0190-1",
			Client:  netip.MustParseAddrPort("[::ffff:10.1.2.3]:999"),
			Request: Request{Method: "POST", Target: "/hook/A?x=1", Host: "Shop.example.com", Message: Message{Head: []byte(head), Size: 1500}},
			Response: &Response{Status: 502, Reason: "Bad Gateway", Made: true, Message: Message{
				Head: []byte("HTTP/1.1 502 Bad Gateway\r\nServer: Apache\r\n\r\n"), Trailers: []byte("Grpc-Status: 0\r\n"), Size: 500}},
			Failure: &Failure{Code: 2001, Name: "LOCAL_REFUSED"},
		},
	}
}

const seenRequest = `{"type":"Invoice.Paid","n":12.50,"ok":true,"none":null,"data":{"object":{"id":"ch_123","a\"b":"x"}},
"items":[{"id":1},{"id":[2,"three"]},"last"],"text":"the Payment failed twice"} {"line":2}`

func TestMatch(t *testing.T) {
	yes := []string{
		"", "method:post", "method:p*t", "path:/hook/*", "path:hook", "path:=/hook/a", "path:/hook/a?x*", "path:*a", `path:"/hook"`, "path:",
		"host:example", "host:=shop.example.com", "host:*.example.com", "host:",
		"status:502", "status:5xx", "status:500..502", "status:>=502", "status:>501", "status:<503", "status:<=502", "status:", "status:failed",
		"header.x-github-event:push", "header.server:apache", "header.x-empty:", "header.x-empty:=", `header.x-empty:""`, "header.x-two:one", "header.x-two:=\"two words\"",
		"header.x-two:tw*ds", "header.grpc-status:=0",
		"dur:>1s", "dur:1.42s", "dur:=1.4s", "dur:=1s", "dur:<2s", "dur:>=1420ms", "dur:<=1420000us", "size:2kb", "size:=2000", "size:<2kib",
		"age:<1h", "age:11m", "age:>9m", "age:=10m", "replay:", "replay:0190", "pinned:", "tag:", "tag:BUG-42", "tag:bug*", "tag:größe", "endpoint:api", "endpoint:A*",
		"ip:10.0.0.0/8", "ip:10.1.2.3", "ip:::ffff:10.1.2.3", "ip:", "kind:http", "kind:",
		"body:", "body:payment", `body:"payment failed"`, "body:pay*", "body:*ayment*ed*", "body:*INVOICE.*", "body:bonjour", "body:ch_123",
		"body.$.type:invoice.paid", "body.$.type:invoice.*", "body.$.n:12.50", "body.$.ok:true", "body.$.none:null", "body.$.none:", "body.$.data.object.id:=ch_123",
		`body.$.data.object["a\"b"]:x`, "body.$.items[0].id:1", "body.$.items[*].id:1", "body.$.items[*].id[1]:three", "body.$.items[2]:last", "body.$.data:", "body.$.line:2",
		"body.$.data.*.id:ch_123", "body.$.told[0]:1", "body.$.form:2", "body.$:",
		"payment", "PAYM*", "hook", "apache", "502", "gateway", "refused", "local_refused", "zoë", "bug", "größe", "GRÖ*", "invoice.paid", "github", "bonjour", "shop.example.com",
		"http://x or hook", "payment status:502", "nothing or payment", "not nothing", "!(nothing or method:get)",
	}
	no := []string{
		"method:pos", "method:get", "path:x=1", "path:=/hook", "path:/hook*x", "path:/a*", `path:"/hook/*"`, "path:=/hook/*", "host:=example", "host:*example",
		"status:500", "status:4xx", "status:>502", "status:done", "status:400..499",
		"header.x-github-event:=pus", "header.x-none:", "header.x-two:three", "header.x-empty:x", "header.host:other",
		"dur:>2s", "dur:=1.5s", "dur:<1s", "size:>2kb", "size:=2001", "age:<1m", "age:=11m", "replay:no", "replay:0191", "pinned:no", "tag:bug", "endpoint:ap", "ip:10.2.0.0/16", "ip:2001:db8::/32", "kind:tcp", "kind:tls",
		"body:paymen", `body:"failed payment"`, "body:*nothing*", `body:"pay*"`, "body:hook",
		"body.$.type:invoice", "body.$.n:12.5", "body.$.data:x", "body.$.items[3]:", "body.$.items.id:1", "body.$.missing:", "body.$[0]:1", "body.$.items[*].id[2]:", `body.$.type:"invoice.*"`,
		"nothing", "ayment", "http", "api", "payment and nothing", "nothing or none.such", "not payment", "3190",
	}
	content := func(s Side) []byte {
		return []byte([]string{seenRequest, "event: x\ndata: {\"told\":[1]}\n\npayload={\"form\":2}\n] Bonjour <b>"}[s])
	}
	for want, texts := range map[bool][]string{true: yes, false: no} {
		for _, text := range texts {
			f, err := ParseFilter(text)
			if err != nil {
				t.Errorf("%q: %v", text, err)
			} else if got := f.Match(seen(), time.Unix(1600, 0), content); got != want {
				t.Errorf("%q matches: %v", text, got)
			}
		}
	}
}

// A connection is found by what is known of it, and by nothing that a request has.
func TestMatchConnection(t *testing.T) {
	it := Item{Exchange: &Exchange{
		ID: "0190-3", Kind: TLS, Endpoint: "db", Start: time.Unix(1000, 0), Duration: time.Minute, State: Failed, Client: netip.MustParseAddrPort("203.0.113.7:52144"),
		Request: Request{Host: "db.example.com", Message: Message{Size: 1500}}, Response: &Response{Message: Message{Size: 500}}, Failure: &Failure{Name: "LOCAL_RESET"},
	}}
	for want, texts := range map[bool][]string{
		true: {
			"kind:tls", "kind:", "not kind:http", "host:db.example", "endpoint:db", "ip:203.0.113.0/24", "size:=2000", "dur:=1m", "status:failed", "age:<1h", "replay:no",
			"203.0.113.7", "52144", "db.example.com", "local_reset", "tls",
		},
		false: {"kind:tcp", "kind:http", "status:", "status:2xx", "status:<=999", "status:open", "method:", "method:get", "path:/", "header.host:", "body:x", "replay:", "done", "tcp"},
	} {
		for _, text := range texts {
			f, err := ParseFilter(text)
			if err != nil {
				t.Errorf("%q: %v", text, err)
			} else if got := f.Match(it, time.Unix(1600, 0), func(Side) []byte { return nil }); got != want {
				t.Errorf("%q matches: %v", text, got)
			}
		}
	}
}

// Content is asked for once, and only when nothing cheaper has decided.
func TestMatchAsksForContent(t *testing.T) {
	for text, want := range map[string]int{"status:200 body:x": 0, "body:x status:200": 0, "pinned: or x": 0, "x y* body:z": 2, "hook": 0, "not body:": 0} {
		f, err := ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		f.Match(seen(), time.Unix(1600, 0), func(Side) []byte { asked++; return []byte("x") })
		if asked != want {
			t.Errorf("%q asks %d times, want %d", text, asked, want)
		}
	}
}

// Nothing that content or a filter may look like takes time or memory beyond what its length does.
func TestMatchHostileContent(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 100_000)
	for text, content := range map[string]string{
		"body.$.a[*].b:1": deep,
		"body.$" + strings.Repeat("[*]", 64) + ":1": strings.Repeat("[", 200_000),
		"body.$.a:1":                   `{"a` + strings.Repeat(`\`, 200_001),
		"body.$.b:1":                   strings.Repeat(`{"a":1,`, 100_000) + "x",
		strings.Repeat("a.", 31) + "b": strings.Repeat("a ", 20_000),
		"body:" + strings.Repeat("*a", 2000) + "b*": strings.Repeat("a", 256<<10),
		"body:é": strings.Repeat("\xff\x00\xcc", 50_000),
	} {
		f, err := ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		if f.Match(seen(), time.Unix(1600, 0), func(Side) []byte { return []byte(content) }) {
			t.Errorf("%.30q matches", text)
		}
	}
}

// What the documentation and the completion say is read as it is written there, and no key is left out.
func TestFilterIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/filter.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if example, ok := strings.CutPrefix(line, "| `"); ok {
			example, _, _ = strings.Cut(example, "`")
			if f, err := ParseFilter(example); err != nil || f.String() != example {
				t.Errorf("%q is documented: %v, %v", example, f, err)
			}
		}
	}
	for _, k := range FilterKeys() {
		key, _, _ := strings.Cut(k.Example, ":")
		if !strings.Contains(string(page), "| `"+key+":") {
			t.Errorf("%s is not documented", k.Key)
		}
		if f, err := ParseFilter(k.Example); err != nil || f.String() != k.Example {
			t.Errorf("%s: its example: %v, %v", k.Key, f, err)
		}
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"Invoice.PAID ch_123": "invoice|paid|ch|123", "ΣΊΣΥΦΟΣ Σίσυφος": "σίσυφοσ|σίσυφοσ", "naïve cafe\u0301": "naïve|cafe\u0301", "हिन्दी 東京 ½🙂x": "हिन्दी|東京|½|x",
		"İı Iı": "İı|iı", "\u0301a \xffb\xfe": "a|b", "": "",
	} {
		if got := strings.Join(Words(text), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`a (b or !c) "d"`, `body.$.a["x"][*]:v* status:4xx dur:>1.5s`, "header.x:=y ip:10.0.0.0/8 age:<10m size:=1kib", "replay:no body:*x*y* tag:(a)"} {
		f.Add(s, seenRequest)
	}
	f.Fuzz(func(t *testing.T, text, content string) {
		filter, err := ParseFilter(text)
		var fe *FilterError
		if errors.As(err, &fe) {
			_, _ = fe.Error(), fe.Caret(utf8.RuneCountInString)
			return
		}
		again, err := ParseFilter(filter.String())
		if diff := cmp.Diff(filter, again, sameFilter); err != nil || diff != "" {
			t.Fatalf("%q is written as %q: %v %s", text, filter, err, diff)
		}
		body := func(Side) []byte { return []byte(content) }
		if it, now := seen(), time.Unix(1600, 0); filter.Match(it, now, body) != again.Match(it, now, body) {
			t.Errorf("%q and %q differ", text, filter)
		}
	})
}
