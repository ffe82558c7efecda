package http1_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/http1"
	"github.com/google/go-cmp/cmp"
)

// stricter are the requests and responses net/http takes and we do not. An error that is not here must be one of net/http's too.
var stricter = map[*http1.Error]string{
	http1.ErrTooLarge:         "net/http leaves limits to its server and transport",
	http1.ErrManyFields:       "net/http leaves limits to its server and transport",
	http1.ErrOptions:          "net/http has no such limit",
	http1.ErrBareLF:           "net/http takes LF for CRLF",
	http1.ErrBareCR:           "net/http takes a CR before CRLF for part of a line's end, and CR in reason phrases",
	http1.ErrFold:             "net/http unfolds lines",
	http1.ErrNameSpace:        "net/http takes spaces for part of the name",
	http1.ErrVersion:          "net/http reads any one-digit HTTP version, and its server judges it",
	http1.ErrConnect:          "net/http leaves CONNECT to its handlers",
	http1.ErrAsterisk:         "net/http leaves * to its server",
	http1.ErrFragment:         "net/http's target may hold #",
	http1.ErrTarget:           "net/http reads other schemes, user information, and odd authorities",
	http1.ErrTargetHost:       "net/http ignores Host when the target is absolute",
	http1.ErrHostMissing:      "net/http leaves Host to its server",
	http1.ErrHostMissingOld:   "net/http leaves Host to its server",
	http1.ErrHostMalformed:    "net/http leaves Host to its server, which takes more",
	http1.ErrLengthAndCoding:  "net/http lets Transfer-Encoding win",
	http1.ErrLengthRepeated:   "net/http takes equal Content-Lengths for one",
	http1.ErrLengthPadded:     "net/http reads leading zeros",
	http1.ErrCodingVersion:    "net/http ignores Transfer-Encoding in HTTP/1.0",
	http1.ErrCoding:           "net/http ignores Transfer-Encoding in HTTP/1.0",
	http1.ErrCodingMalformed:  "net/http ignores Transfer-Encoding in HTTP/1.0",
	http1.ErrCodingRepeated:   "net/http ignores Transfer-Encoding in HTTP/1.0",
	http1.ErrUpgradeHTTP2:     "net/http leaves upgrades to its handlers",
	http1.ErrCodingStatus:     "net/http drops Transfer-Encoding in 1xx and 204",
	http1.ErrStatusLine:       "net/http trims spaces around the status and takes any byte in the reason",
	http1.ErrStatus:           "net/http takes any three digits",
	http1.ErrUpgradeUnasked:   "net/http leaves upgrades to its transport",
	http1.ErrUpgradeVersion10: "net/http leaves upgrades to its transport",
}

// laxer are the requests and responses we take and net/http does not, by its error's text. None of them is about framing.
var laxer = map[string]string{
	"malformed HTTP request \"\"": "one empty line before a request, as RFC 9112, 2.2, says",
	"bad trailer key":             "net/http judges the announcement of trailers; we judge the trailers",
	"parse \"":                    "net/http must take targets apart; we hand them on as they are",
}

// stricterChunks and laxerChunks are likewise for bodies.
var stricterChunks = map[*http1.Error]string{
	http1.ErrChunkSize:      "net/http trims white space behind a size",
	http1.ErrChunkExtension: "net/http does not look at extensions",
	http1.ErrChunkLine:      "net/http takes lines of 4096 bytes",
	http1.ErrBareLF:         "net/http takes LF for CRLF in trailers",
	http1.ErrFold:           "net/http unfolds trailers",
	http1.ErrNameSpace:      "net/http takes spaces for part of the name",
	http1.ErrTrailerName:    "net/http takes any trailer",
	http1.ErrTrailersLarge:  "net/http has another limit",
}

var laxerChunks = map[string]string{
	"chunked encoding contains too much non-data":        "net/http weighs extensions against content",
	"http: suspiciously long trailer after chunked body": "net/http has another limit",
}

func requestAgainstNetHTTP(t *testing.T, in []byte, r *http1.Request, n int, err error) {
	rest := bytes.NewReader(in)
	br := bufio.NewReaderSize(rest, 128<<10)
	q, theirs := http.ReadRequest(br)
	if err == http1.ErrRequestLine && theirs == nil && q.Method == "CONNECT" && q.RequestURI == "" {
		return // net/http takes no target for one, of CONNECT only
	}
	if !agree(t, in, n, err, theirs) {
		return
	}
	if used := len(in) - rest.Len() - br.Buffered(); used != n {
		t.Fatalf("a head of %d bytes, for net/http of %d", n, used)
	}
	host := q.Host
	if strings.EqualFold(host, strings.TrimSuffix(string(r.Host), ":80")) || strings.EqualFold(host, strings.TrimSuffix(string(r.Host), ":443")) ||
		strings.EqualFold(strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443"), string(r.Host)) {
		host = string(r.Host) // an absolute target's, which agrees but for case and default port
	}
	chunked := len(q.TransferEncoding) > 0
	body := http1.BodyNone
	switch {
	case chunked:
		body = http1.BodyChunked
	case q.ContentLength > 0 || len(q.Header["Content-Length"]) > 0 && !r.Upgrade:
		body = http1.BodyLength
	}
	length := max(q.ContentLength, 0)
	want := reading{Method: q.Method, Target: q.RequestURI, Host: host, Minor: q.ProtoMinor, Body: body, Length: length, Close: q.Close}
	got := read(r, n)
	got.Path, got.Fields, got.N, got.Expect, got.Upgrade = "", "", 0, false, false
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal("net/http reads ", d)
	}
	q.Header["Host"] = []string{string(r.Host)}
	sameFields(t, &r.Head, q.Header, chunked)
}

// folded is a line that goes on in the next one: net/http unfolds it before it looks, we refuse it.
var folded = regexp.MustCompile("\\n[ \\t]")

// agree says that both took the message. When one did not, the difference must be a named one.
func agree(t *testing.T, in []byte, n int, ours, theirs error) bool {
	t.Helper()
	var e *http1.Error
	switch {
	case n > 0 && theirs == nil:
		return true
	case n > 0:
		for text := range laxer {
			if strings.HasPrefix(theirs.Error(), text) {
				return false
			}
		}
		t.Fatalf("%q: net/http says %v", in[:n], theirs)
	case theirs == nil && ours == nil:
		t.Fatalf("%q: net/http takes what is not whole", in)
	case theirs == nil && folded.Match(in):
		return false // what is wrong in a line alone may be right with the one that goes on with it
	case theirs == nil && (!errors.As(ours, &e) || stricter[e] == ""):
		t.Fatalf("%q: net/http takes it, we say %v", in, ours)
	}
	return false
}

// sameFields compares all values. net/http takes framing fields it has understood out.
func sameFields(t *testing.T, h *http1.Head, theirs http.Header, chunked bool) {
	t.Helper()
	got := make(http.Header)
	for _, f := range h.Fields {
		key := textproto.CanonicalMIMEHeaderKey(string(f.Name))
		got[key] = append(got[key], string(f.Value))
	}
	if chunked {
		delete(got, "Transfer-Encoding")
	}
	theirs = maps.Clone(theirs)
	for _, h := range []http.Header{got, theirs} {
		delete(h, "Cache-Control") // net/http makes it from Pragma
		delete(h, "Trailer")       // net/http moves it
	}
	if d := cmp.Diff(theirs, got); d != "" {
		t.Fatal("net/http reads fields ", d)
	}
}

func responseAgainstNetHTTP(t *testing.T, in []byte, r *http1.Response, n int, err error, head bool) {
	method := "GET"
	if head {
		method = "HEAD"
	}
	rest := bytes.NewReader(in)
	br := bufio.NewReaderSize(rest, 128<<10)
	a, theirs := http.ReadResponse(br, &http.Request{Method: method})
	if !agree(t, in, n, err, theirs) {
		return
	}
	if used := len(in) - rest.Len() - br.Buffered(); used != n {
		t.Fatalf("a head of %d bytes, for net/http of %d", n, used)
	}
	want := answer{Status: a.StatusCode, Minor: a.ProtoMinor, Close: a.Close}
	chunked := len(a.TransferEncoding) > 0
	none := head || a.StatusCode < 200 || a.StatusCode == 204 || a.StatusCode == 304
	switch {
	case a.StatusCode == 101:
		want.Body = http1.BodyTunnel
	case none:
	case chunked:
		want.Body = http1.BodyChunked
	case a.ContentLength < 0:
		want.Body, want.Close = http1.BodyClose, true
	default:
		want.Body, want.Length = http1.BodyLength, a.ContentLength
	}
	got := readAnswer(r, 0)
	got.Reason, got.Fields = "", ""
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal("net/http reads ", d)
	}
	sameFields(t, &r.Head, a.Header, r.Body == http1.BodyChunked || none && r.Get("Transfer-Encoding") != nil)
}

func chunksAgainstNetHTTP(t *testing.T, in []byte, got body, err error) {
	rest := io.MultiReader(strings.NewReader("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"), bytes.NewReader(in))
	br := bufio.NewReaderSize(rest, 128<<10)
	q, readErr := http.ReadRequest(br)
	if readErr != nil {
		t.Fatal(readErr)
	}
	content, theirs := io.ReadAll(q.Body)
	left, _ := io.ReadAll(br)
	var e *http1.Error
	switch {
	case err != nil:
		if theirs == nil && (!errors.As(err, &e) || stricterChunks[e] == "") {
			t.Fatalf("%q: net/http takes it, we say %v", in, err)
		}
		return
	case !got.Done:
		if theirs == nil {
			t.Fatalf("%q: net/http takes what is not whole", in)
		}
		return
	case theirs != nil:
		if laxerChunks[theirs.Error()] == "" {
			t.Fatalf("%q: net/http says %v", in, theirs)
		}
		return
	}
	if string(content) != strings.Join(got.Chunks, "") || len(in)-len(left) != got.N {
		t.Fatalf("%q: net/http reads %q and leaves %q, we use %d", in, content, left, got.N)
	}
	lines := 0
	for _, v := range q.Trailer {
		lines += len(v)
	}
	if lines != strings.Count(got.Trailers, "\n") {
		t.Fatalf("net/http reads trailers %v, we %q", q.Trailer, got.Trailers)
	}
}

// TestDifferencesAreReal: each difference in the tables can be seen, so none outlives its reason.
func TestDifferencesAreReal(t *testing.T) {
	heads, chunks := make(map[*http1.Error]bool), make(map[*http1.Error]bool)
	for _, tt := range rejected {
		if _, err := http.ReadRequest(bufio.NewReader(strings.NewReader(tt.in))); err == nil {
			heads[tt.want] = true
		}
	}
	for _, tt := range append(rejectedAnswers, rejectedUpgrades...) {
		if _, err := http.ReadResponse(bufio.NewReader(strings.NewReader(tt.in)), nil); err == nil {
			heads[tt.want] = true
		}
	}
	for _, tt := range rejectedBodies {
		in := "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + tt.in
		if q, err := http.ReadRequest(bufio.NewReader(strings.NewReader(in))); err != nil {
			t.Fatal(err)
		} else if _, err := io.ReadAll(q.Body); err == nil {
			chunks[tt.want] = true
		}
	}
	for e := range stricter {
		if !heads[e] {
			t.Errorf("no message shows that net/http takes what is %q", e)
		}
	}
	for e := range stricterChunks {
		if !chunks[e] {
			t.Errorf("no body shows that net/http takes what is %q", e)
		}
	}
}
