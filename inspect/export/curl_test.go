package export

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
)

// request is a recorded request of that head (lines joined by CR LF) and content.
func request(head, body string) *inspect.Exchange {
	raw := []byte(head + "\r\n\r\n")
	method, rest, _ := strings.Cut(head, " ")
	target, _, _ := strings.Cut(rest, " ")
	x := &inspect.Exchange{ID: "x", Request: inspect.Request{Method: method, Target: target, Message: inspect.Message{
		Head: raw, Body: []byte(body), Kept: int64(len(body)), Size: int64(len(body)), Whole: true,
	}}}
	for _, line := range headLines(raw) {
		if name, value, _ := strings.Cut(string(line), ":"); strings.EqualFold(name, "Host") {
			x.Request.Host = strings.TrimSpace(value)
		}
	}
	return x
}

// peer takes one request after the other on connections of its own, answers each, and gives its bytes, chunked content decoded, to got.
type peer struct {
	net.Listener
	got chan [2]string // head, content
}

func listen(t *testing.T) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{l, make(chan [2]string, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(30 * time.Second))
			if head, content, err := receive(c); err == nil {
				p.got <- [2]string{head, content}
			} else {
				p.got <- [2]string{"", err.Error()}
			}
			_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return p
}

// receive reads one request with our own strict parser.
func receive(c net.Conn) (head, content string, err error) {
	var all bytes.Buffer
	buf := make([]byte, 32<<10)
	var r http1.Request
	n := 0
	for n == 0 {
		k, err := c.Read(buf)
		if err != nil {
			return "", "", fmt.Errorf("%w after %q", err, all.String())
		}
		all.Write(buf[:k])
		if n, err = r.Parse(all.Bytes()); err != nil {
			return "", "", fmt.Errorf("%w: %q", err, all.String())
		}
	}
	head = string(all.Next(n))
	switch {
	case r.Body == http1.BodyLength:
		_, err = io.Copy(&all, io.LimitReader(c, r.Length-int64(all.Len())))
		return head, all.String(), err
	case r.Body == http1.BodyChunked:
		content, err = unchunk(&all, c)
	}
	return head, content, err
}

func unchunk(all *bytes.Buffer, c net.Conn) (content string, err error) {
	var chunks http1.Chunks
	buf := make([]byte, 32<<10)
	for {
		t, n, data, _, err := chunks.Next(all.Bytes())
		if err != nil {
			return content, err
		}
		content += string(data)
		all.Next(n)
		if t == http1.Last {
			return content, nil
		}
		if n == 0 {
			k, err := c.Read(buf)
			if err != nil {
				return content, err
			}
			all.Write(buf[:k])
		}
	}
}

// run runs a command in a shell and fails when it does.
func run(t *testing.T, command string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-s")
	cmd.Stdin = strings.NewReader(command)
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, command)
	}
}

// Real curl, run by a real shell, sends what was recorded, byte for byte.
func TestCurlSendsTheSame(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	p := listen(t)
	host := p.Addr().String()
	xs := []*inspect.Exchange{}
	for _, c := range nasty {
		xs = append(xs, request(strings.ReplaceAll(c[0], "%HOST%", host), c[1]))
	}
	random := rand.New(rand.NewPCG(7, 42))
	for range 60 {
		xs = append(xs, randomRequest(random))
	}
	for i, x := range xs {
		command, err := Curl(x, nil, "http://"+host)
		if err != nil {
			t.Fatal(err)
		}
		run(t, strings.Replace(command, "curl ", "curl -sS -m 20 -o /dev/null ", 1))
		if got := <-p.got; got[0] != string(x.Request.Head) || got[1] != string(x.Request.Body) {
			t.Errorf("%d: recorded\n%q\n%q\nsent\n%q\n%q\nby\n%s", i, x.Request.Head, x.Request.Body, got[0], got[1], command)
		}
	}
}

// What was replaced when it was recorded is not as long as it was; what followed an upgrade is no content.
func TestCurlOfWhatIsNotAsItCame(t *testing.T) {
	redacted := request("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a\r\nContent-Length: 100", "[redacted]")
	redacted.Request.Redacted = true
	upgraded := request("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket", "\x81\x82")
	upgraded.Upgraded, upgraded.Request.Whole = true, false
	for _, c := range []struct {
		x    *inspect.Exchange
		want string
	}{
		{redacted, "-X 'POST' \\\n  -H 'User-Agent:' \\\n  -H 'Accept:' \\\n  -H 'Expect:' \\\n  -H 'Content-Type: a' \\\n  --data-raw '[redacted]'"},
		{upgraded, "-H 'User-Agent:' \\\n  -H 'Accept:' \\\n  -H 'Upgrade: websocket'"},
	} {
		if got, err := Curl(c.x, nil, ""); err != nil || got != "curl --http1.1 'http://x/' \\\n  "+c.want {
			t.Errorf("%v: %s", err, got)
		}
	}
}

// nasty are heads and contents that tools like to change.
var nasty = [][2]string{
	{"GET / HTTP/1.1\r\nHost: %HOST%", ""},
	{"GET / HTTP/1.0\r\nHost: %HOST%", ""},
	{"GET /a/../b/./c//d?x[1-3]={a,b}&q= HTTP/1.1\r\nhost: example.com", ""},
	{"GET //evil.example/%2e%2E/%zz HTTP/1.1\r\nX-First: 1\r\nHoST:example.com\r\nx-last:2", ""},
	{"GET /? HTTP/1.1\r\nHost: %HOST%\r\nUser-Agent: it's \"me\" $(id) `id` !! \\ %s %n\r\nAccept: ", ""},
	{"GET /'$(touch%20x)'`id`;id&id|id HTTP/1.1\r\nHost: x", ""},
	{"GET /caf\xc3\xa9/\xff\x80 HTTP/1.1\r\nHost: x\r\nX-Latin: \xe9t\xe9\r\nX-Bidi: a\u202eb\r\nX-Tab: a\tb", ""},
	{"HEAD /x HTTP/1.1\r\nHost: %HOST%\r\nAccept: */*", ""},
	{"OPTIONS * HTTP/1.1\r\nHost: %HOST%", ""},
	{"DELETE /x HTTP/1.1\r\nHost: %HOST%\r\nContent-Length: 0", ""},
	{"POST /x HTTP/1.1\r\nHost: %HOST%\r\ncontent-length: 0\r\ncontent-type: text/plain", ""},
	{"POST /x HTTP/1.1\r\nHost: %HOST%\r\nContent-Length: 7\r\nExpect-Nothing: 1", "@file;%"},
	{"GET /x HTTP/1.1\r\nContent-Length: 4\r\nHost: %HOST%", "body"},
	{"P!#$%&'*+-.^_`|~T /x HTTP/1.1\r\nHost: %HOST%\r\nContent-Length: 2", "\r\n"},
	{"POST /x HTTP/1.1\r\nHost: %HOST%\r\nContent-Type: application/json\r\nContent-Length: 22", "{\"it's\":\"50% \\u00e9\"}\n\n"},
	{"POST /x HTTP/1.1\r\nHost: %HOST%\r\nContent-Length: 10", "\x00\xff'\\n%s\x1b!\n"},
	{"POST /x HTTP/1.1\r\nHost: %HOST%\r\nTransfer-Encoding: chunked", "in chunks"},
	{"POST /x HTTP/1.1\r\nHost: %HOST%\r\nTransfer-Encoding: chunked", ""},
	{"GET /x HTTP/1.1\r\nX-Empty:\r\nX-Space: \r\nX-Spaces:  \r\nHost: %HOST%\r\nX-Empty:\r\nX-Wide:   a  b  \r\nX-Space: \r\nX-End:", ""},
	{"GET /x HTTP/1.1\r\nX-Space: \r\nX-Empty:\r\nHost: %HOST%\r\nAccept:\r\nUser-Agent: \r\nCookie: a=b; c=d\r\nCookie: e\r\nAuthorization: Basic eA==", ""},
	{"GET /x HTTP/1.1\r\nX-Empty:\r\nX-Space: \r\nHost: x\r\nX-Empty:\r\nX-Tab:\t", ""},
	{"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4", "-v\x00%"},
	{"GET /x HTTP/1.1\r\nHost: %HOST%\r\nConnection: close\r\nTE: trailers\r\nRange: bytes=0-1\r\nReferer: x\r\nAccept-Encoding: gzip, br", ""},
}

// randomRequest is a request that our own parser takes.
func randomRequest(r *rand.Rand) *inspect.Exchange {
	pick := func(n int, from string) string {
		b := make([]byte, r.IntN(n))
		for i := range b {
			b[i] = from[r.IntN(len(from))]
		}
		return string(b)
	}
	const token = "abcXYZ019!#$%&'*+-.^_`|~"
	const visible = token + "\"(),/:;<=>?@[]{}\\ \t\x80\xff"
	head := "M" + pick(4, token) + " /" + pick(20, strings.ReplaceAll(token, "#", "")+"/?=&%;:@,()[]{}\"<>\\|^`\x80\xff") + " HTTP/1.1"
	at := r.IntN(4)
	for i := range 5 {
		if i == at {
			head += "\r\n" + []string{"Host", "host", "hoST"}[r.IntN(3)] + ": example.com"
		}
		head += fmt.Sprintf("\r\nX-%d%s:%s", i, pick(6, token), pick(12, visible))
	}
	body := ""
	if r.IntN(2) == 0 {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		body = pick(300, string(all))
		head += fmt.Sprintf("\r\nContent-Length: %d", len(body))
	}
	return request(head, body)
}
