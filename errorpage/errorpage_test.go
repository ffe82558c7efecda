package errorpage

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/wire"
)

func TestFormatOf(t *testing.T) {
	for accept, want := range map[string]Format{
		"":    Text,
		"*/*": Text,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": HTML,
		"application/json, text/plain, */*":                               JSON,
		"application/problem+json":                                        JSON,
		"text/html;q=0.5, application/json;q=0.9":                         JSON,
		"text/html;q=0, application/json;q=0":                             Text,
		"text/html;q=0, application/json;q=0.1":                           JSON,
		"TEXT/HTML;charset=utf-8;q=0.3":                                   HTML,
		"text/plain, text/html":                                           Text,
		"image/png":                                                       Text,
		",;,q=,text/html;q=x":                                             Text,
	} {
		if got := FormatOf([]byte(accept)); got != want {
			t.Errorf("%q: %d, want %d", accept, got, want)
		}
	}
}

// TestEveryCode: whatever fails, the page names it, says where and what to do, in every format.
func TestEveryCode(t *testing.T) {
	for _, c := range wire.Codes {
		p := New(c.Code, "exactly this", "an-id")
		for f, parts := range map[Format][]string{
			Text: {"[", c.Remedy, c.Text},
			HTML: {"<!doctype html>", "class=", p.Code()},
			JSON: {`"hop":"` + string(p.Hop) + `"`, fmt.Sprintf(`"number":%d`, c.Code)},
		} {
			head, content := p.Response(f)
			for _, part := range append(parts, "exactly this", "an-id") {
				if !strings.Contains(string(content), part) {
					t.Errorf("%v, format %d: no %q in\n%s", c.Code, f, part, content)
				}
			}
			if !strings.HasPrefix(string(head), fmt.Sprintf("HTTP/1.1 %d %s\r\nAdit-Error: %s\r\n", p.Status, p.Reason(), c.Code)) || p.Status < 400 || p.Reason() == "" ||
				!strings.Contains(string(head), fmt.Sprintf("\r\nContent-Length: %d\r\n", len(content))) || strings.HasSuffix(string(head), "\r\n\r\n") {
				t.Errorf("%v, format %d: head %q", c.Code, f, head)
			}
			if again := strings.Contains(string(head), "\r\nRetry-After: 1\r\n"); again != (p.Status == 503 || p.Status == 429) {
				t.Errorf("%v, format %d: told to try again: %v", c.Code, f, again)
			}
		}
	}
}

// TestStrangers: what a stranger said is neither markup nor a line of the head, nor does it move a cursor.
func TestStrangers(t *testing.T) {
	const evil = "dial <script>alert(1)</script>\"'&\r\nSet-Cookie: a\x1b]0;title\x07\u202e\u061cdcba\xff"
	p := New(wire.CodeLocalName, evil, "id")
	for _, f := range []Format{Text, HTML, JSON} {
		head, content := p.Response(f)
		if strings.Contains(string(head), "Set-Cookie") || strings.ContainsAny(string(content), "\r\x1b\x07\u202e\u061c\xff") {
			t.Errorf("format %d: %q %q", f, head, content)
		}
		if f != Text && strings.Contains(string(content), "<script>") {
			t.Errorf("format %d: %s", f, content)
		}
	}
	_, content := p.Response(JSON)
	var page struct{ Error Page }
	if err := json.Unmarshal(content, &page); err != nil || page.Error.Name != "LOCAL_NAME" || page.Error.Hop != Service {
		t.Errorf("%v: %s", err, content)
	}
}

// TestWhere: what failed is marked, a part of the way or the link between two.
func TestWhere(t *testing.T) {
	for code, want := range map[wire.Code]string{
		wire.CodeBadRequest:   "[you] -> relay -> agent -> local service",
		wire.CodeRelayBusy:    "you -> [relay] -> agent -> local service",
		wire.CodeNoEndpoint:   "you -> relay -> [agent] -> local service",
		wire.CodeDelivery:     "you -> relay -[broken link]-> agent -> local service",
		wire.CodeLocalRefused: "you -> relay -> agent -> [local service]",
	} {
		if got := New(code, "", "").Where(); got != want {
			t.Errorf("%v: %s", code, got)
		}
	}
}

// FuzzPage: whatever a visitor accepts and a stranger says, the page is of one of the formats, whole, and safe for a terminal.
func FuzzPage(f *testing.F) {
	f.Add([]byte("text/html;q=0.3, */*"), "dial tcp: refused", uint16(2001))
	f.Add([]byte("application/problem+json"), "\x1b]0;t\x07\u202e<b>", uint16(3001))
	f.Fuzz(func(t *testing.T, accept []byte, detail string, code uint16) {
		format := FormatOf(accept)
		if format > JSON {
			t.Fatal(format)
		}
		head, content := New(wire.Code(code), detail, "id").Response(format)
		if !strings.Contains(string(head), fmt.Sprintf("\r\nContent-Length: %d\r\n", len(content))) || !utf8.Valid(content) {
			t.Errorf("%q %q", head, content)
		}
		for _, r := range string(head) + string(content) {
			if unicode.In(r, unicode.Cf) || unicode.IsControl(r) && r != '\r' && r != '\n' {
				t.Errorf("%q in %q %q", r, head, content)
			}
		}
		if format == JSON && !json.Valid(content) {
			t.Errorf("%s", content)
		}
	})
}
