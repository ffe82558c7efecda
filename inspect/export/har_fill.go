package export

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// maxHAR is how much decoded content of one side an archive holds.
const maxHAR = 16 << 20

func entryOf(it inspect.Item, request, response io.ReaderAt) harEntry {
	x := it.Exchange
	e := harEntry{
		Started:  x.Start.Format(time.RFC3339Nano),
		Time:     millis(x.Duration),
		Request:  requestOf(&x.Request, x, request),
		Response: responseOf(x, response),
		Timings:  timingsOf(x),
		Adit:     extrasOf(it),
	}
	if x.Client.IsValid() {
		e.Connection = fmt.Sprint(x.Client.Port())
	}
	if it.Summary {
		e.Comment = "only a line of this exchange was kept: exchanges came faster than the store may write them"
	}
	return e
}

func requestOf(r *inspect.Request, x *inspect.Exchange, body io.ReaderAt) harRequest {
	fs := view.Headers(r.Head)
	h := harRequest{
		Method: text(r.Method), URL: safeURL(base(x, "") + r.Target), Version: version(r.Head),
		Headers: pairs(fs), Cookies: requestCookies(fs), Query: query(r.Target), HeadersSize: headSize(&r.Message), BodySize: r.Size,
	}
	if r.Size > 0 {
		p := view.Decoded(&r.Message, body, maxHAR)
		content, encoding := harText(p.Data)
		h.PostData = &harPostData{MimeType: text(view.Get(fs, "Content-Type")), Text: content, Encoding: encoding, Comment: missing(&r.Message, p)}
	}
	return h
}

func responseOf(x *inspect.Exchange, body io.ReaderAt) harResponse {
	h := harResponse{Version: "HTTP/1.1", Cookies: []harCookie{}, Headers: []harPair{}, HeadersSize: -1, BodySize: -1}
	if x.Failure != nil {
		h.Error = text(x.Failure.CodeText() + ": " + x.Failure.Text)
	}
	r := x.Response
	if r == nil {
		return h
	}
	fs := view.Headers(r.Head)
	h.Status, h.StatusText, h.Version = r.Status, text(r.Reason), version(r.Head)
	h.Headers, h.Cookies, h.HeadersSize, h.BodySize = pairs(fs), responseCookies(fs), headSize(&r.Message), r.Size
	h.RedirectURL = text(view.Get(fs, "Location"))
	h.Content = harContent{MimeType: text(view.Get(fs, "Content-Type")), Size: r.Size}
	if r.Size == 0 || x.Upgraded {
		return h
	}
	p := view.Decoded(&r.Message, body, maxHAR)
	h.Content.Text, h.Content.Encoding = harText(p.Data)
	if h.Content.Comment = missing(&r.Message, p); h.Content.Comment == "" {
		h.Content.Size, h.Content.Compression = int64(len(p.Data)), int64(len(p.Data))-r.Size
	}
	return h
}

// missing says what of the content is not in the archive.
func missing(m *inspect.Message, p view.Plain) string {
	switch {
	case p.Note != "":
		return p.Note
	case kept(m) < m.Size:
		return fmt.Sprintf("only the first %d of %d bytes were kept", kept(m), m.Size)
	case p.More:
		return fmt.Sprintf("only the first %d bytes, decoded, are here", len(p.Data))
	}
	return ""
}

// harText is content as HAR holds it.
func harText(data []byte) (text, encoding string) {
	if utf8.Valid(data) {
		return string(data), ""
	}
	return base64.StdEncoding.EncodeToString(data), "base64"
}

func timingsOf(x *inspect.Exchange) harTimings {
	t := harTimings{Blocked: -1, DNS: -1, SSL: -1, Connect: -1}
	for _, p := range view.Timing(x) {
		switch p.Name {
		case "connect":
			t.Connect = millis(p.Took)
		case "send":
			t.Send = millis(p.Took)
		case "wait":
			t.Wait = millis(p.Took)
		case "transfer":
			t.Receive = millis(p.Took)
		}
	}
	return t
}

func extrasOf(it inspect.Item) harAdit {
	x := it.Exchange
	a := harAdit{
		ID: string(x.ID), Endpoint: text(x.Endpoint), Target: text(x.Request.Target), State: x.State.String(), Label: it.Label, ReplayOf: string(x.ReplayOf),
		Edited: x.Edited, Made: x.Response != nil && x.Response.Made, Tags: it.Tags, Note: it.Note,
	}
	if a.Label == "" {
		a.Label = view.Label(x)
	}
	if x.Client.IsValid() {
		a.Client = x.Client.Addr().Unmap().String()
	}
	if x.Failure != nil {
		a.Failure = x.Failure.CodeText()
	}
	return a
}

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
