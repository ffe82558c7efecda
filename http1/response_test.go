package http1_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/http1"
	"github.com/google/go-cmp/cmp"
)

// answer is what a response head means, in a form to compare.
type answer struct {
	Status int
	Reason string
	Minor  int
	Body   http1.Body
	Length int64
	Close  bool
	Fields string
	N      int
}

func readAnswer(r *http1.Response, n int) answer {
	return answer{r.Status, string(r.Reason), r.Minor, r.Body, r.Length, r.Close, fields(&r.Head), n}
}

func TestResponseAccepted(t *testing.T) {
	for name, tt := range map[string]struct {
		in            string
		head, upgrade bool
		want          answer
	}{
		"length":             {in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", want: answer{Status: 200, Reason: "OK", Minor: 1, Body: http1.BodyLength, Length: 5}},
		"length 0":           {in: "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n", want: answer{Status: 500, Minor: 1, Body: http1.BodyLength}},
		"padded length":      {in: "HTTP/1.1 200 OK\r\nContent-Length: 0005\r\n\r\n", want: answer{Status: 200, Reason: "OK", Minor: 1, Body: http1.BodyLength, Length: 5}},
		"chunked":            {in: "HTTP/1.1 200 A\t\xe9 b\r\nTransfer-Encoding: CHUNKED\r\n\r\n", want: answer{Status: 200, Reason: "A\t\xe9 b", Minor: 1, Body: http1.BodyChunked}},
		"close-delimited":    {in: "HTTP/1.1 200 OK\r\n\r\n", want: answer{Status: 200, Reason: "OK", Minor: 1, Body: http1.BodyClose, Close: true}},
		"no reason":          {in: "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", want: answer{Status: 404, Minor: 1, Body: http1.BodyLength}},
		"1.0":                {in: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", want: answer{Status: 200, Reason: "OK", Body: http1.BodyLength, Length: 5, Close: true}},
		"1.0 keep-alive":     {in: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", want: answer{Status: 200, Reason: "OK", Body: http1.BodyLength, Length: 5}},
		"1.0 without length": {in: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", want: answer{Status: 200, Reason: "OK", Body: http1.BodyClose, Close: true}},
		"close":              {in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", want: answer{Status: 200, Reason: "OK", Minor: 1, Body: http1.BodyLength, Length: 5, Close: true}},
		"HEAD":               {in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", head: true, want: answer{Status: 200, Reason: "OK", Minor: 1}},
		"HEAD, chunked":      {in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", head: true, want: answer{Status: 200, Reason: "OK", Minor: 1}},
		"204 with length":    {in: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", want: answer{Status: 204, Reason: "No Content", Minor: 1}},
		"304 with coding":    {in: "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", want: answer{Status: 304, Reason: "Not Modified", Minor: 1}},
		"100":                {in: "HTTP/1.1 100 Continue\r\n\r\n", want: answer{Status: 100, Reason: "Continue", Minor: 1}},
		"103":                {in: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", upgrade: true, want: answer{Status: 103, Reason: "Early Hints", Minor: 1}},
		"101":                {in: "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n", upgrade: true, want: answer{Status: 101, Reason: "Switching", Minor: 1, Body: http1.BodyTunnel}},
		"an offer of h2c":    {in: "HTTP/1.1 200 OK\r\nUpgrade: h2,h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n", want: answer{Status: 200, Reason: "OK", Minor: 1, Body: http1.BodyLength}},
	} {
		t.Run(name, func(t *testing.T) {
			var r http1.Response
			n, err := r.Parse([]byte(tt.in+"content"), tt.head, tt.upgrade)
			if err != nil || n != len(tt.in) || string(r.Raw) != tt.in {
				t.Fatalf("Parse = %d, %v, Raw %q; want %d", n, err, r.Raw, len(tt.in))
			}
			got := readAnswer(&r, 0)
			got.Fields = ""
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			answerSplits(t, tt.in, tt.head, tt.upgrade)
		})
	}
}

// rejectedAnswers are also seeds of FuzzResponse.
var rejectedAnswers = []struct {
	in   string
	want *http1.Error
}{
	{"SSH-2.0-x", http1.ErrStatusLine},
	{"\r\nHTTP/1.1 200 OK\r\n\r\n", http1.ErrStatusLine},
	{"http/1.1 200 OK\r\n\r\n", http1.ErrStatusLine},
	{"HTTP/1.1\r\n\r\n", http1.ErrStatusLine},
	{"HTTP/1.1 20\r\n\r\n", http1.ErrStatusLine},
	{"HTTP/1.1 2000 OK\r\n\r\n", http1.ErrStatusLine},
	{"HTTP/1.1  200 OK\r\n\r\n", http1.ErrStatusLine},
	{"HTTP/1.1\t200 OK\r\n\r\n", http1.ErrStatusLine},
	{"HTTP/1.1 200\tOK\r\n\r\n", http1.ErrStatusLine},
	{"HTTP/1.1 200 O\x00K\r\n\r\n", http1.ErrStatusLine},
	{"HTTP/1.1 200 O\rK\r\n\r\n", http1.ErrBareCR},
	{"HTTP/1.1 200 OK\n\r\n", http1.ErrBareLF},
	{"HTTP/1.1 200 OK\r\nX: y\n\n", http1.ErrBareLF},
	{"HTTP/2.0 200 OK\r\n\r\n", http1.ErrVersion},
	{"HTTP/1.2 200 OK\r\n\r\n", http1.ErrVersion},
	{"HTTP/1.x 200 OK\r\n\r\n", http1.ErrStatusLine},
	{"HTTP/1.1 099 OK\r\n\r\n", http1.ErrStatus},
	{"HTTP/1.1 600 OK\r\n\r\n", http1.ErrStatus},
	{"HTTP/1.1 +20 OK\r\n\r\n", http1.ErrStatus},
	{"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", http1.ErrUpgradeUnasked},
	{"HTTP/1.1 200 OK\r\nX : y\r\n\r\n", http1.ErrNameSpace},
	{"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", http1.ErrFold},
	{"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n", http1.ErrValue},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", http1.ErrLengthRepeated},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrLengthAndCoding},
	{"HTTP/1.1 304 OK\r\nContent-Length: x\r\n\r\n", http1.ErrLength},
	{"HTTP/1.1 304 OK\r\nTransfer-Encoding: gzip\r\n\r\n", http1.ErrCoding},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", http1.ErrCoding},
	{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrCodingVersion},
	{"HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrCodingStatus},
	{"HTTP/1.1 100 OK\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrCodingStatus},
	{"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", http1.MaxFields+1) + "\r\n", http1.ErrManyFields},
	{"HTTP/1.1 200 " + strings.Repeat("x", http1.MaxHead), http1.ErrTooLarge},
}

// rejectedUpgrades answer a request that asked for one.
var rejectedUpgrades = []struct {
	in   string
	want *http1.Error
}{
	{"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", http1.ErrUpgradeHTTP2},
	{"HTTP/1.0 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", http1.ErrUpgradeVersion10},
	{"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n", http1.ErrCodingStatus},
}

func TestResponseRejected(t *testing.T) {
	for _, tt := range rejectedAnswers {
		var r http1.Response
		n, err := r.Parse([]byte(tt.in), false, false)
		if n != 0 || !errors.Is(err, tt.want) {
			t.Errorf("Parse(%.80q) = %d, %v; want %v", tt.in, n, err, tt.want)
		}
		if len(tt.in) < 4096 {
			answerSplits(t, tt.in, false, false)
		}
	}
	for _, tt := range rejectedUpgrades {
		var r http1.Response
		if _, err := r.Parse([]byte(tt.in), false, true); !errors.Is(err, tt.want) {
			t.Errorf("Parse(%q) = %v; want %v", tt.in, err, tt.want)
		}
	}
}

func answerSplits(t *testing.T, in string, head, upgrade bool) {
	t.Helper()
	var whole http1.Response
	wantN, wantErr := whole.Parse([]byte(in), head, upgrade)
	want := readAnswer(&whole, wantN)
	for i := range len(in) {
		var r http1.Response
		first := []byte(in[:i])
		n, err := r.Parse(first, head, upgrade)
		if n == 0 && err == nil {
			clear(first)
			n, err = r.Parse([]byte(in), head, upgrade)
		}
		if err != wantErr { //nolint:errorlint // the very same value is promised
			t.Fatalf("split at %d of %.80q: %v, in one piece: %v", i, in, err, wantErr)
		}
		if err == nil {
			if d := cmp.Diff(want, readAnswer(&r, n)); d != "" {
				t.Fatalf("split at %d of %.80q: %s", i, in, d)
			}
		}
	}
}

func TestResponseReset(t *testing.T) {
	var r http1.Response
	for _, in := range []string{"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n"} {
		if _, err := r.Parse([]byte(in), false, false); err != nil {
			t.Fatal(err)
		}
	}
	r.Reset()
	if r.Status != 0 || r.Raw != nil || len(r.Fields) != 0 || cap(r.Fields) < 2 {
		t.Errorf("after Reset: %+v", r)
	}
	for _, f := range r.Fields[:cap(r.Fields)] {
		if f.Line != nil {
			t.Error("Reset left a pointer into a buffer")
		}
	}
}
