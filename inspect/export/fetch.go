package export

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// forbidden are the fields that a browser sets itself (Fetch standard, forbidden request-headers): it ignores or refuses them.
var forbidden = map[string]bool{
	"accept-charset": true, "accept-encoding": true, "access-control-request-headers": true, "access-control-request-method": true, "connection": true,
	"content-length": true, "cookie": true, "cookie2": true, "date": true, "dnt": true, "expect": true, "host": true, "keep-alive": true, "origin": true,
	"referer": true, "set-cookie": true, "te": true, "trailer": true, "transfer-encoding": true, "upgrade": true, "via": true,
}

// Fetch is JavaScript that sends a request again with fetch, in a browser's console or in Node. What a browser sets itself is left out, and fetch sends no
// content with GET and HEAD. Captured text is in string literals only, which hold no "<" either: the result may stand in a script element. to, body and
// the error are as with Curl.
func Fetch(x *inspect.Exchange, body io.ReaderAt, to string) (string, error) {
	r := &x.Request
	data, err := content(x, body)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("await fetch(" + literal(base(x, to)+r.Target) + ", {\n  method: " + literal(r.Method) + ",\n  headers: [\n")
	for _, f := range view.Headers(r.Head) {
		if name := strings.ToLower(f.Name); !forbidden[name] && !strings.HasPrefix(name, "sec-") && !strings.HasPrefix(name, "proxy-") {
			b.WriteString("    [" + literal(f.Name) + ", " + literal(latin1(f.Value)) + "],\n")
		}
	}
	b.WriteString("  ],\n  redirect: \"manual\",\n")
	switch {
	case len(data) == 0 || r.Method == "GET" || r.Method == "HEAD":
	case utf8.Valid(data):
		b.WriteString("  body: " + literal(string(data)) + ",\n")
	default:
		b.WriteString("  body: Uint8Array.from(atob(\"" + base64.StdEncoding.EncodeToString(data) + "\"), (c) => c.charCodeAt(0)),\n")
	}
	return b.String() + "});", nil
}

// literal is s as a string literal of JavaScript, safe to show and without "<", ">" and "&".
func literal(s string) string {
	quoted, _ := json.Marshal(s) // a string can always be marshalled
	var b strings.Builder
	for _, r := range string(quoted) {
		writeSafe(&b, r)
	}
	return b.String()
}

// latin1 is the bytes of a field's value as the characters that fetch takes them for.
func latin1(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

// writeSafe writes what nobody would see, or a terminal would act on, as an escape.
func writeSafe(b *strings.Builder, r rune) {
	if view.Sanitize(string(r)) == string(r) {
		b.WriteRune(r)
		return
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		fmt.Fprintf(b, `\u%04x`, unit)
	}
}
