package diff

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

func rules(t testing.TB, texts ...string) Rules {
	t.Helper()
	all, err := ParseRules(texts)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// answers is a comparison of two answers with the same status.
func answers(older, newer string, r Rules) Diff {
	const request, ok = "GET / HTTP/1.1", "HTTP/1.1 200 OK\n"
	return Of(exchange(request, ok+older), exchange(request, ok+newer), Options{Rules: r})
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule, older, newer string
		brief              string
		mentions           string // the changes with the rules that do or would leave them out
	}{
		{"", "A: 1", "A: 2", "same body, 1 header differs", "header.a"},
		{"header.a", "A: 1\nA: 2", "a: 2", "same body", "-header.a -header.a"},
		{"HEADER.A", "A: 1", "A: 2\nB: 1", "same body, 1 header differs", "-header.A header.b"},
		{"", "Date: 1", "Date: 2", "same body", "-header.date"},
		{"", "Content-Length: 1\nConnection: close\n\nx", "Transfer-Encoding: chunked\n\nx", "same body", "-header.connection -header.content-length -header.transfer-encoding"},
		{"", "Content-Length: 1", "Content-Length: 2", "same body, 1 header differs", "header.content-length"},
		{"", "A: 1\n\n{\"a\":[{\"b c\":1,\"d\":2}]}", "A: 1\n\n{\"a\":[{\"b c\":3,\"d\":4}]}", "2 values differ", `$.a[*]["b c"] $.a[*].d`},
		{`$.a[*]["b c"]`, "\n{\"a\":[{\"b c\":1,\"d\":2}]}", "\n{\"a\":[{\"b c\":3,\"d\":4}]}", "1 value differs", `-$.a[*]["b c"] $.a[*].d`},
		{"$.a", "\n{\"a\":[{\"b\":1,\"d\":2}]}", "\n{\"a\":[{\"b\":3}]}", "same body", "-$.a -$.a"},
		{"$.a[0]", "\n{\"a\":[1,2]}", "\n{\"a\":[3,4]}", "1 value differs", "-$.a[0] $.a[*]"},
		{"$..id", "\n{\"id\":1,\"a\":[[{\"id\":1}]],\"ids\":1}", "\n{\"id\":2,\"a\":[[{\"id\":2}]],\"ids\":2}", "1 value differs", "-$..id -$..id $.ids"},
		{"$.a..id[*]", "\n{\"id\":[1],\"a\":{\"b\":{\"id\":[1]}}}", "\n{\"id\":[2],\"a\":{\"b\":{\"id\":[2]}}}", "1 value differs", "$.id[*] -$.a..id[*]"},
		{"$.*.x", "\n{\"a\":{\"x\":1},\"b\":[{\"x\":1}]}", "\n{\"a\":{\"x\":2},\"b\":[{\"x\":2}]}", "1 value differs", "-$.*.x $.b[*].x"},
		{"$", "\n{\"a\":1}", "\n{\"b\":1}", "same body", "-$ -$"},
		{"", "\n{\"a\":1,\"b\":2}", "\n{\"b\":2, \"a\":1}", "same body", ""},
		// what is left out does not tell elements apart: one that was put in is one, and the others are themselves
		{"$[*].t", "\n[{\"i\":1,\"t\":1},{\"i\":2,\"t\":1}]", "\n[{\"i\":0,\"t\":2},{\"i\":1,\"t\":2},{\"i\":2,\"t\":2}]", "1 value differs", "$[*] -$[*].t -$[*].t"},
		{"", "\nab\ncd", "\nab\nef", "1 line differs", "content"},
		{"content", "Content-Length: 1\n\nab\ncd", "Content-Length: 2\n\nab\nef", "same body", "-header.content-length -content"},
		{"", "Content-Length: 1\n\n\x00a", "Content-Length: 2\n\n\x00bc", "other body", "-header.content-length content content"},
		{"content", "\n{\"a\":1}", "\n{\"a\":2}", "same body", "-content"},
	} {
		var r Rules
		if c.rule != "" {
			r = rules(t, c.rule)
		}
		d := answers(c.older, c.newer, r)
		var all []string
		for _, change := range append(d.Response.Fields, d.Response.Content...) {
			if rule, ok := RuleFor(change); ok {
				all = append(all, map[bool]string{true: "-"}[change.Volatile]+rule)
			}
		}
		if got := strings.Join(all, " "); got != c.mentions {
			t.Errorf("%q: %q to %q: %s; want %s", c.rule, c.older, c.newer, got, c.mentions)
		}
		if got := Brief(d); got != c.brief || d.Equal() != (got == "same body") {
			t.Errorf("%q: %q to %q: %s, equal: %v; want %s", c.rule, c.older, c.newer, got, d.Equal(), c.brief)
		}
	}
}

func TestWrongRules(t *testing.T) {
	for _, text := range []string{
		"", "x", "header.", "header.a b", "header", "$a", "$.", "$[", "$[x]", "$[-1]", `$["a]`, "$['a']", "$..a..b", "$...a", "$" + strings.Repeat("[0]", 70),
		"$." + strings.Repeat("a", inspect.MaxMemo),
	} {
		var wrong *inspect.InputError
		if _, err := ParseRule(text); !errors.As(err, &wrong) || wrong.Text == "" {
			t.Errorf("%.80q: %v", text, err)
		}
	}
	if all, err := ParseRules(slices.Repeat([]string{"header.a"}, MaxRules+1)); err == nil || len(all) != MaxRules {
		t.Errorf("too many: %d, %v", len(all), err)
	}
	if all, err := ParseRules([]string{"header.a", "oops", "content"}); err == nil || len(all) != 2 || fmt.Sprint(all) != "[header.a content]" {
		t.Errorf("%v, %v", all, err)
	}
}

func TestBrief(t *testing.T) {
	x := func(status int) *inspect.Exchange {
		x := exchange("GET / HTTP/1.1", fmt.Sprintf("HTTP/1.1 %d X", status))
		if x.Response.Status = status; status == 0 {
			x.Response = nil
		}
		return x
	}
	for _, c := range []struct {
		older, newer int
		want         string
	}{{200, 500, "status 200 → 500"}, {200, 0, "no answer now"}, {0, 200, "answered now"}, {0, 0, "no answer again"}} {
		d := Of(x(c.older), x(c.newer), Options{Rules: rules(t, "content")})
		if got := Brief(d); got != c.want || d.Equal() != (c.older == c.newer) {
			t.Errorf("%s, equal: %v; want %s", got, d.Equal(), c.want)
		}
	}
	same := exchange("GET / HTTP/1.1", "HTTP/1.0 200 Fine")
	if d := Of(x(200), same, Options{}); !d.Equal() || Brief(d) != "same body" || len(d.Response.Start) != 1 {
		t.Errorf("another version and reason: %s:\n%s", Brief(d), d.Unified())
	}
	d := answers("A: 1\nB: 1\nDate: x\n\na\nb", "A: 2\nC: 1\nDate: y\n\na\nc", nil)
	if got := fmt.Sprint(Briefs(d, 3)); got != "[header.A header.B header.C 1 more]" {
		t.Error(got)
	}
}

// Content that is larger than what is compared piece by piece, and the same to the last byte, is no difference.
func TestLargeContent(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 3<<20/16)
	if d := answers("\n"+large, "\n"+large, nil); !d.Equal() {
		t.Error(d.Unified())
	}
	d := answers("\n"+large+"a", "\n"+large+"b", nil)
	if text := d.Unified(); d.Equal() || !strings.Contains(text, "-sha256: ") || Brief(d) != "other body" {
		t.Errorf("%s:\n%s", Brief(d), text)
	}
}

// Of very many differences the first are told, and that there are more.
func TestVeryManyDifferences(t *testing.T) {
	text := func(n, lines int) string {
		var b strings.Builder
		for i := range lines {
			fmt.Fprintln(&b, n, i)
		}
		return b.String()
	}
	for _, now := range []int{maxChanges + 1, 2 * maxChanges} {
		d := answers("\n"+text(1, maxChanges+1), "\n"+text(2, now), nil)
		if got := Brief(d); got != "2000 lines or more differ" || fmt.Sprint(d.Response.Notes) != "[further differences are not shown]" {
			t.Errorf("%d lines now: %s, %q", now, got, d.Response.Notes)
		}
	}
}

// FuzzRule: what is read as a rule is read as the same again, and the rule that is offered for a change leaves just that out.
func FuzzRule(f *testing.F) {
	f.Add("$.a[*]", `{"a":[1]}`, `{"a":[2]}`)
	f.Add(`$["a.b"]`, `{"a.b":{"\u202e":1}}`, `{"a.b":{"\u202e":2}}`)
	f.Add("header.x", `{"\u3164\"":{"\\":1}}`, `{"\u3164\"":{"\\":true}}`)
	f.Add("content", `[[[1]],2]`, `[[[2]],2]`)
	f.Fuzz(func(t *testing.T, text, older, newer string) {
		if r, err := ParseRule(text); err == nil {
			if again, err := ParseRule(r.String()); err != nil || again.String() != r.String() {
				t.Fatalf("%q: %v, %v", text, again, err)
			}
		}
		d := answers("\n"+older, "\n"+newer, nil)
		var all []string
		for _, c := range d.Response.Content {
			rule, ok := RuleFor(c)
			switch {
			case c.Kind == Same:
			case !ok:
				return // the name is too long
			default:
				all = append(all, rule)
			}
		}
		slices.Sort(all)
		if all = slices.Compact(all); len(all) > MaxRules {
			return
		}
		d = answers("\n"+older, "\n"+newer, rules(t, all...))
		if n := count(d.Response.Content); n > 0 {
			t.Fatalf("%q leave out all but %d of\n%s", all, n, d.Unified())
		}
	})
}
