package export

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// text is s as JSON may hold it: bytes that are not UTF-8 are taken for Latin-1, as browsers do.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return latin1(s)
}

func pairs(fs []inspect.Field) []harPair {
	out := make([]harPair, 0, len(fs))
	for _, f := range fs {
		out = append(out, harPair{text(f.Name), text(f.Value)})
	}
	return out
}

// query is the fields of a target's query in order. An escape that is none stays as it came.
func query(target string) []harPair {
	_, q, _ := strings.Cut(target, "?")
	out := []harPair{}
	for pair := range strings.SplitSeq(q, "&") {
		if name, value, _ := strings.Cut(pair, "="); pair != "" {
			out = append(out, harPair{text(unescape(name)), text(unescape(value))})
		}
	}
	return out
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func requestCookies(fs []inspect.Field) []harCookie {
	out := []harCookie{}
	for _, f := range fs {
		if !strings.EqualFold(f.Name, "Cookie") {
			continue
		}
		for pair := range strings.SplitSeq(f.Value, ";") {
			if name, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
				out = append(out, harCookie{Name: text(name), Value: text(value)})
			}
		}
	}
	return out
}

func responseCookies(fs []inspect.Field) []harCookie {
	out := []harCookie{}
	for _, f := range fs {
		if !strings.EqualFold(f.Name, "Set-Cookie") {
			continue
		}
		c, err := http.ParseSetCookie(f.Value)
		if err != nil {
			continue // it is among the headers as it came
		}
		h := harCookie{Name: text(c.Name), Value: text(c.Value), Path: text(c.Path), Domain: text(c.Domain), HTTPOnly: c.HttpOnly, Secure: c.Secure}
		if !c.Expires.IsZero() {
			h.Expires = c.Expires.UTC().Format(time.RFC3339)
		}
		out = append(out, h)
	}
	return out
}

// safeURL escapes what may not be in a URL (RFC 3986); escapes stay.
func safeURL(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])):
			b.WriteString("%25")
		case isAlphanumeric(c) || strings.IndexByte("-._~:/?@!$&'()*+,;=%", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

// version is the protocol in a start line.
func version(head []byte) string {
	for word := range strings.FieldsSeq(view.StartLine(head)) {
		if strings.HasPrefix(word, "HTTP/") {
			return text(word)
		}
	}
	return "HTTP/1.1"
}

func headSize(m *inspect.Message) int {
	if len(m.Head) == 0 {
		return -1
	}
	return len(m.Head)
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
