package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

func TestHosts(t *testing.T) {
	g := newGuard([]string{"inspector.example.com", ".corp.example", "10.0.0.0/8", "[fd00::1]", "192.168.1.5"}, nil)
	for host, want := range map[string]bool{
		"localhost": true, "localhost:4040": true, "LOCALHOST.:4040": true, "web.localhost:1": true, "127.0.0.1": true, "127.8.9.1:4040": true,
		"[::1]:4040": true, "[::1]": true, "[::ffff:127.0.0.1]:1": true, "inspector.example.com:4040": true, "a.corp.example": true,
		"10.1.2.3:80": true, "[fd00::1]:4040": true, "192.168.1.5": true,

		"": false, ":4040": false, "evil.example:4040": false, "localhost.evil.example": false, "evillocalhost": false, "127.0.0.1.nip.io": false,
		"0.0.0.0:4040": false, "[::]:4040": false, "127.1": false, "2130706433": false, "0x7f.0.0.1": false, "0177.0.0.1": false, "::1": false,
		"192.168.1.6": false, ".corp.example": false, "corp.example": false, "evilcorp.example": false, "localhost:4040:1": false,
		"localhost:port": false, "user@localhost": false, "localhost/": false, "[localhost]:1": false, "[::1": false, "[::1]x": false,
		"[::1%25lo]:1": false, "[::1%lo]:1": false, "localhost\t": false, "..localhost..": false, "11.0.0.1": false, "[fd00::2]": false,
	} {
		if got := g.allowed(host); got != want {
			t.Errorf("allowed(%q) = %v", host, got)
		}
	}
}

// TestOpenHosts: what listens for other machines takes the names by which they call it, but none that a page may have.
func TestOpenHosts(t *testing.T) {
	g := newGuard(nil, nil)
	g.open = true
	for host, want := range map[string]bool{
		"ngrok:4040": true, "ngrok": true, "localhost:4040": true, "192.168.1.6:4040": true, "[fd00::2]:4040": true, "172.17.0.2": true,

		"": false, "evil.example:4040": false, "ngrok.evil.example": false, "192.168.1.6.nip.io": false, "a@ngrok": false, "[fe80::1%25eth0]:1": false, "[ngrok]": false,
	} {
		if got := g.allowed(host); got != want {
			t.Errorf("allowed(%q) = %v", host, got)
		}
	}
}

// Everything a page elsewhere could make a browser send, and what pages of ours and programs send.
func TestGuard(t *testing.T) {
	const replay, clearAll, list = "POST /api/requests/http", "DELETE /api/requests/http", "GET /api/requests/http"
	for _, c := range []struct {
		name   string
		what   string
		want   int
		header []string
	}{
		{"a program reads", list, 200, nil},
		{"a program replays", replay, 204, []string{"Content-Type", asJSON}},
		{"a program replays, with a charset", replay, 204, []string{"Content-Type", "application/json; charset=utf-8"}},
		{"our own page replays", replay, 204, []string{"Content-Type", asJSON, "Origin", "SELF", "Sec-Fetch-Site", "same-origin"}},
		{"our own page clears", clearAll, 204, []string{"Origin", "SELF", "Sec-Fetch-Site", "same-origin"}},
		{"a person types the address", list, 200, []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}},
		{"a person follows a link", list, 200, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}},
		{"an allowed host", list, 200, []string{"Host", "inspector.example.com"}},

		{"a rebound name reads", list, 403, []string{"Host", "evil.example:4040"}},
		{"a rebound name reads its own origin", list, 403, []string{"Host", "evil.example:4040", "Origin", "http://evil.example:4040", "Sec-Fetch-Site", "same-origin"}},
		{"a rebound name replays", replay, 403, []string{"Host", "evil.example", "Content-Type", asJSON}},
		{"a rebound name clears", clearAll, 403, []string{"Host", "evil.example"}},
		{"a form", replay, 415, []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"a form with plain text", replay, 415, []string{"Content-Type", "text/plain"}},
		{"a form with parts", replay, 415, []string{"Content-Type", "multipart/form-data; boundary=x"}},
		{"no type", replay, 415, nil},
		{"an empty type", replay, 415, []string{"Content-Type", ""}},
		{"JSON hidden in plain text", replay, 415, []string{"Content-Type", "text/plain; application/json"}},
		{"two types", replay, 415, []string{"Content-Type", asJSON, "Content-Type", "text/plain"}},
		{"a form's method override", replay, 415, []string{"Content-Type", "text/plain", "X-HTTP-Method-Override", "DELETE"}},
		{"clearing with a form's type", clearAll, 415, []string{"Content-Type", "text/plain"}},
		{"a foreign origin with JSON", replay, 403, []string{"Content-Type", asJSON, "Origin", "https://evil.example"}},
		{"no origin at all, sandboxed", replay, 403, []string{"Content-Type", asJSON, "Origin", "null"}},
		{"another port of this machine", replay, 403, []string{"Content-Type", asJSON, "Origin", "http://127.0.0.1:1"}},
		{"another name of this machine", replay, 403, []string{"Content-Type", asJSON, "Origin", "http://localhost"}},
		{"an origin that begins like ours", replay, 403, []string{"Content-Type", asJSON, "Origin", "SELF.evil.example"}},
		{"another scheme", replay, 403, []string{"Content-Type", asJSON, "Origin", "chrome-extension://abc"}},
		{"two origins", replay, 403, []string{"Content-Type", asJSON, "Origin", "SELF", "Origin", "https://evil.example"}},
		{"a foreign site with JSON", replay, 403, []string{"Content-Type", asJSON, "Sec-Fetch-Site", "cross-site"}},
		{"another port, as browsers say it", replay, 403, []string{"Content-Type", asJSON, "Sec-Fetch-Site", "same-site"}},
		{"a foreign site navigates by POST", replay, 403, []string{"Content-Type", asJSON, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}},
		{"a foreign site clears", clearAll, 403, []string{"Sec-Fetch-Site", "cross-site"}},
		{"a foreign site reads", list, 403, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}},
		{"a foreign script", list, 403, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}},
		{"a foreign frame", list, 403, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}},
		{"a foreign origin reads", list, 403, []string{"Origin", "https://evil.example"}},
		{"a browser asks for permission", "OPTIONS /api/requests/http", 403, []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}},
		{"anybody asks for permission", "OPTIONS /api/requests/http", 405, []string{"Access-Control-Request-Method", "DELETE"}},
		{"TRACE", "TRACE /api/requests/http", 405, nil},
		{"an unknown method", "BREW /api/requests/http", 405, nil},
		{"PUT", "PUT /api/requests/http", 405, []string{"Content-Type", asJSON}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := serve(t, func(o *Options) { o.Allow = []string{"inspector.example.com"} })
			a.record("a")
			method, path, _ := strings.Cut(c.what, " ")
			body := ""
			if method == "POST" {
				body = `{"id":"a"}`
			}
			res, text := a.do(method, path, body, c.header...)
			if res.StatusCode != c.want {
				t.Fatalf("%s %s, want %d", res.Status, text, c.want)
			}
			for name := range res.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: %s", name, res.Header.Get(name))
				}
			}
			if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("header: %v", res.Header)
			}
			if c.want < 400 {
				return
			}
			if kept, _ := inspect.Collect(a.store.List(t.Context(), inspect.Query{})); len(a.agent.replayed) > 0 || len(kept) != 1 {
				t.Error("refused, and done")
			}
			if strings.Contains(text, "command_line") {
				t.Error("refused, and told")
			}
		})
	}
}

func TestLargeContent(t *testing.T) {
	a := serve(t)
	large := `{"id":"` + strings.Repeat("a", maxBody) + `"}`
	res, body := a.do("POST", "/api/requests/http", large, "Content-Type", asJSON)
	a.wantError(res, body, 413, codeBadRequest)

	// Without a length it is found out while reading.
	req, err := http.NewRequestWithContext(t.Context(), "POST", a.base+"/api/requests/http", io.NopCloser(strings.NewReader(large)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", asJSON)
	res, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("chunked: %s", res.Status)
	}
}

// Requests that no client library would send.
func TestRawRequests(t *testing.T) {
	a := serve(t)
	for _, c := range []struct {
		raw  string
		want string // how the status line begins
	}{
		{"GET /api/requests/http HTTP/1.0\r\n\r\n", "HTTP/1.0 403"},
		{"GET /api/requests/http HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
		{"GET /api/requests/http HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 400"},
		{"GET http://evil.example/api/requests/http HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 403"},
		{"GET http://localhost/api/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 200"}, // RFC 9112, 3.2.2: the target counts; browsers never send it
		{"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 405"},
		{"GET //evil.example/%2e%2e HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 "},
		{"GET /api/requests/http/%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404"},
		{"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("a", 2*maxHeader) + "\r\n\r\n", "HTTP/1.1 431"},
	} {
		c0, err := net.Dial("tcp", strings.TrimPrefix(a.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if err := c0.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c0, c.raw)
		line, _ := bufio.NewReader(c0).ReadString('\n')
		if !strings.HasPrefix(line, c.want) {
			t.Errorf("%.60q: %q, want %q", c.raw, line, c.want)
		}
		c0.Close()
	}
}
