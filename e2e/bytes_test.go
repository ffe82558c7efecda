package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// script is a local service that speaks bytes: it reads until the request ends with until, answers, and closes if it should.
type script struct {
	until  string
	answer string
	close  bool
	// then is sent after the visitor's further bytes have come (100-continue, upgrades).
	more string
	then string
}

// rawService plays s on each connection and hands out what it read.
func rawService(t *testing.T, s script) (port string, got <-chan string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ch := make(chan string, 16)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go s.play(c, ch)
		}
	}()
	t.Cleanup(func() { _ = ln.Close() })
	_, port, _ = net.SplitHostPort(ln.Addr().String())
	return port, ch
}

func (s script) play(c net.Conn, got chan<- string) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	var all []byte
	buf := make([]byte, 64<<10)
	read := func(until string) bool {
		for !strings.HasSuffix(string(all), until) {
			n, err := c.Read(buf)
			all = append(all, buf[:n]...)
			if err != nil {
				return false
			}
		}
		return true
	}
	if s.more != "" { // the head alone, whatever has come behind it
		for !strings.Contains(string(all), s.until) {
			n, err := c.Read(buf)
			all = append(all, buf[:n]...)
			if err != nil {
				return
			}
		}
		_, _ = io.WriteString(c, s.then)
		s.until = s.more
	}
	if !read(s.until) {
		return
	}
	got <- string(all)
	_, _ = io.WriteString(c, s.answer)
	if !s.close {
		_, _ = c.Read(make([]byte, 1)) // until the other side is through with the connection
	}
}

// forwarded takes the X-Forwarded lines out of what the service got, and complains when one is missing.
func forwarded(t *testing.T, text string) string {
	t.Helper()
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	var kept []string
	seen := 0
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.HasPrefix(line, "X-Forwarded-") {
			seen++
			continue
		}
		kept = append(kept, line)
	}
	if seen != 3 {
		t.Errorf("%d X-Forwarded lines in %q", seen, head)
	}
	return strings.Join(kept, "\r\n") + "\r\n\r\n" + body
}

// talk sends text to the public address, later when the first bytes have come back, and returns what comes until want or the end.
func talk(t *testing.T, addr, text, later, want string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	go func() { _, _ = io.WriteString(c, text) }()
	var all []byte
	buf := make([]byte, 64<<10)
	for string(all) != want {
		n, err := c.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			break
		}
		_, _ = io.WriteString(c, later)
		later = ""
	}
	return string(all)
}

func chunks(sizes ...int) string {
	var b bytes.Buffer
	for _, n := range sizes {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, strings.Repeat("c", n))
	}
	return b.String()
}

type byteCase struct {
	name          string
	send          string // HOST is replaced by the public host
	later         string // sent when the answer has begun
	service       script
	wantAtVisitor string // "": as answered
}

func byteBattery() []byteCase {
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	big := strings.Repeat("0123456789abcdef", 4<<16) // 4 MiB
	return []byteCase{
		{name: "odd case, order, spacing and duplicates",
			send:    "GET /a%2Fb?x=1&y=%zz HTTP/1.1\r\nhOsT: HOST\r\nX-b:   two  words \r\nx-B: again\r\nACCEPT:*/*\r\nEmpty:\r\n\r\n",
			service: script{until: "\r\n\r\n", answer: "HTTP/1.1 200 Very  Fine\r\nsEt-cOOkie: a=1\r\nSet-Cookie:b=2\r\nX-Empty: \r\ncontent-length: 2\r\n\r\nok"}},
		{name: "content with length", send: "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nhello",
			service: script{until: "hello", answer: ok}},
		{name: "empty content", send: "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n",
			service: script{until: "\r\n\r\n", answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}},
		{name: "content of 4 MiB both ways", send: "PUT /big HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4194304\r\n\r\n" + big[:len(big)-4] + "tail",
			service: script{until: "tail", answer: "HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n" + big}},
		{name: "chunk borders both ways and trailers",
			send:    "POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" + chunks(1, 32764, 32765, 7, 1<<20) + "0\r\nX-Sum: abc\r\n\r\n",
			service: script{until: "0\r\nX-Sum: abc\r\n\r\n", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n" + chunks(3, 32765, 1, 100000) + "0\r\nX-End: yes\r\n\r\n"}},
		{name: "HEAD", send: "HEAD /file HTTP/1.1\r\nHost: HOST\r\n\r\n",
			service: script{until: "\r\n\r\n", answer: "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nETag: \"x\"\r\n\r\n"}},
		{name: "204", send: "DELETE /x HTTP/1.1\r\nHost: HOST\r\n\r\n",
			service: script{until: "\r\n\r\n", answer: "HTTP/1.1 204 No Content\r\nX-Y: z\r\n\r\n"}},
		{name: "304 with Content-Length", send: "GET /x HTTP/1.1\r\nHost: HOST\r\nIf-None-Match: \"x\"\r\n\r\n",
			service: script{until: "\r\n\r\n", answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"}},
		{name: "early hints", send: "GET /x HTTP/1.1\r\nHost: HOST\r\n\r\n",
			service: script{until: "\r\n\r\n", answer: "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + ok}},
		{name: "100-continue", send: "POST / HTTP/1.1\r\nHost: HOST\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", later: "body",
			service:       script{until: "\r\n\r\n", then: "HTTP/1.1 100 Continue\r\n\r\n", more: "body", answer: ok},
			wantAtVisitor: "HTTP/1.1 100 Continue\r\n\r\n" + ok},
		{name: "upgrade", send: "GET /ws HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly",
			service:       script{until: "\r\n\r\n", then: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", more: "early", answer: "late", close: true},
			wantAtVisitor: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nlate"},
		{name: "content until the connection closes", send: "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n",
			service:       script{until: "\r\n\r\n", answer: "HTTP/1.0 200 OK\r\nServer: old\r\n\r\nall of it", close: true},
			wantAtVisitor: "HTTP/1.1 200 OK\r\nServer: old\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nall of it\r\n0\r\n\r\n"},
	}
}

// What arrives is what was sent, both ways, but for the documented edits.
func TestByteEquality(t *testing.T) {
	for _, x := range byteBattery() {
		t.Run(x.name, func(t *testing.T) {
			port, got := rawService(t, x.service)
			p := start(t, nil, "http", "127.0.0.1:"+port, "--no-tui", "--web-addr", "false")
			host := strings.TrimPrefix(p.ready(), "http://")
			sent := strings.Replace(x.send, "HOST", host, 1)
			want := x.wantAtVisitor
			if want == "" {
				want = x.service.answer
			}
			answer := talk(t, host, sent, x.later, want)
			sent += x.later
			select {
			case text := <-got:
				if text = forwarded(t, text); text != sent {
					t.Errorf("the service got\n%s\nsent was\n%s", clip(text), clip(sent))
				}
			case <-time.After(patience):
				t.Error("nothing reached the service")
			}
			if answer != want {
				t.Errorf("the visitor got\n%s\nwant\n%s", clip(answer), clip(want))
			}
		})
	}
}

func clip(s string) string {
	if len(s) > 600 {
		s = s[:300] + fmt.Sprintf(" … %d bytes … ", len(s)-600) + s[len(s)-300:]
	}
	return fmt.Sprintf("%q", s)
}

// Python's http.server answers with HTTP/1.0 and closes.
func TestPythonServer(t *testing.T) {
	need(t, "python3")
	dir := t.TempDir()
	cmd := exec.Command("python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0")
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(line[:n]), " port ")
	port, _, _ := strings.Cut(rest, " ")
	p := start(t, nil, "http", "127.0.0.1:"+port, "--no-tui")
	url := p.ready()
	for range 3 {
		if status, body := get(t, url+"/"); status != http.StatusOK || !strings.Contains(body, "Directory listing") {
			t.Errorf("%d %q", status, body)
		}
	}
	if status, _ := get(t, url+"/none"); status != http.StatusNotFound {
		t.Errorf("missing file: %d", status)
	}
}
