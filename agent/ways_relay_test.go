package agent_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire"
)

// works sends content both ways.
func works(t *testing.T, g *guest) {
	t.Helper()
	g.until("session", online)
	body := strings.Repeat(rand.Text(), 40_000)
	status, content, err := g.visit("POST", "/echo", body)
	if want := "POST /echo " + body; err != nil || status != 200 || content != want {
		t.Errorf("%d, %d bytes, want %d, %v", status, len(content), len(want), err)
	}
}

// TestSocket: a relay without a port for agents takes them as WebSockets where visitors come in, by whatever name.
func TestSocket(t *testing.T) {
	r := relaytest.Start(t, func(o *relay.Options) { o.Agents = "" })
	for _, legs := range []int{1, 3} {
		g := newGuest(t, r, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Relay, o.Legs = "ws://"+r.HTTP, legs })
		works(t, g)
		g.stop()
		if err := g.end(); err != nil {
			t.Error(err)
		}
	}
}

// TestSocketAtHTTPS: the same over TLS, which ends at the relay, by a name or by the relay's address, beside agents who come to that port without a WebSocket.
func TestSocketAtHTTPS(t *testing.T) {
	r := relaytest.Start(t, func(o *relay.Options) { o.Domain, o.HTTP, o.HTTPS, o.Agents = "localhost", "", "127.0.0.1:0", "" })
	_, port, _ := net.SplitHostPort(r.HTTPS)
	for _, to := range []string{"wss://localhost:" + port, "wss://" + r.HTTPS, r.HTTPS} {
		g := newGuest(t, r, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Relay, o.Legs = to, 2 })
		g.until("session", online)
		checks, err := agent.Diagnose(t.Context(), agent.Options{Relay: to, Pin: r.Pin, Token: r.Token})
		if err != nil {
			t.Error(err)
		}
		for _, check := range checks {
			if check.Verdict != agent.CheckOK {
				t.Errorf("%s: %+v", to, check)
			}
		}
		g.stop()
		if err := g.end(); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// TestSocketBehindTLS: somebody else ends TLS in front of the relay, with a certificate of his own. The pin still proves the relay, and only the relay.
func TestSocketBehindTLS(t *testing.T) {
	r := relaytest.Start(t)
	front := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: r.HTTP}))
	t.Cleanup(front.Close)
	relay := "wss://" + front.Listener.Addr().String()
	works(t, newGuest(t, r, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Relay = relay }))

	other := relaytest.Start(t)
	g := newGuest(t, r, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Relay, o.Pin = relay, other.Pin })
	if err := g.end(); err == nil || !strings.Contains(err.Error(), "PIN_MISMATCH") {
		t.Errorf("with another pin: %v", err)
	}
}

// TestSocketScopes: who comes as a WebSocket is who a trusted peer says, not the peer.
func TestSocketScopes(t *testing.T) {
	dir := t.TempDir()
	store, _, err := control.Open(filepath.Join(dir, relay.StoreFile))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreateAccount("acme", control.DefaultPlan); err != nil {
		t.Fatal(err)
	}
	scopes := control.Scopes{From: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	token, _, err := store.CreateToken(control.Token{Account: "acme", Scopes: scopes})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	r := relaytest.Start(t, func(o *relay.Options) {
		o.StateDir, o.Tokens, o.Trust = dir, nil, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: r.HTTP})
	from := make(chan string, 1)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		q.Header.Set("X-Forwarded-For", <-from)
		pass.ServeHTTP(w, q)
	}))
	t.Cleanup(front.Close)
	join := func(client string) *guest {
		from <- client
		return newGuest(t, r, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) {
			o.Relay, o.Token = "ws://"+front.Listener.Addr().String(), token
		})
	}
	join("192.0.2.7").until("session", online)
	if err := join("198.51.100.7").end(); err == nil || !strings.Contains(err.Error(), "ADDRESS_SCOPE") {
		t.Errorf("from elsewhere: %v", err)
	}
}

// TestSocketDoor: what is at an agents' door and is none is told so; an endpoint has the same path for itself; the door holds nobody's place.
func TestSocketDoor(t *testing.T) {
	r := relaytest.Start(t)
	g := newGuest(t, r, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Relay = "ws://" + r.HTTP })
	g.until("session", online)
	_, own, _ := strings.Cut(g.a.Status().Endpoints[0].URL, "://")
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, c := range []struct {
		host, path, fields string
		want               int
	}{
		{"tunnel.test", wire.SocketPath, upgrade + key + "Origin: https://evil.test\r\n", 403},
		{"tunnel.test", wire.SocketPath, upgrade, 400},
		{"tunnel.test", wire.SocketPath, "", 404},
		{"tunnel.test", wire.SocketPath + "/x", upgrade + key, 404},
		{own, wire.SocketPath, upgrade + key, 200},
	} {
		conn, err := net.Dial("tcp", r.HTTP)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(limit))
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", c.path, c.host, c.fields)
		a, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || a.StatusCode != c.want {
			t.Errorf("%+v: %v %v", c, a, err)
		}
		_ = conn.Close()
	}
	for deadline := time.Now().Add(limit); ; {
		q, err := http.NewRequest("GET", "http://"+r.Admin+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, page, err := ask(q, "localhost")
		if err == nil && strings.Contains(page, "adit_edge_connections_open 0\n") && strings.Contains(page, `adit_budget_held{of="visitors"} 0`) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the door holds places: %v %s", err, page)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestSocketRefused: who takes no WebSocket is quoted, and nobody's address is told twice.
func TestSocketRefused(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	pin := "sha256:" + strings.Repeat("0", 64)
	checks, err := agent.Diagnose(t.Context(), agent.Options{Relay: "ws://" + web.Listener.Addr().String(), Pin: pin})
	const want = `the answer to the WebSocket's request is "404 Not Found"`
	if err != nil || len(checks) == 0 || checks[len(checks)-1].Detail != want {
		t.Errorf("%+v %v, want %q", checks, err, want)
	}
}

// testProxy is a proxy that knows CONNECT, or answers as it is told.
type testProxy struct {
	addr  string
	asked atomic.Int64
	auth  string // what it wants to see; "": nothing
	says  string // instead of what it should
	only  string // HOST:443 is at this address, and all else is not connected to; "": everything is
}

func newProxy(t *testing.T, p *testProxy) *testProxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = ln.Addr().String()
	s := &http.Server{Handler: p}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	return p
}

func (p *testProxy) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	p.asked.Add(1)
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	if p.only != "" && !strings.HasSuffix(q.Host, ":443") {
		_, _ = io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
		return
	}
	up, err := net.Dial("tcp", cmp.Or(p.only, q.Host))
	switch {
	case p.says != "":
		_, _ = io.WriteString(c, p.says)
		return
	case p.auth != "" && q.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(p.auth)):
		_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
		return
	case err != nil || q.Method != http.MethodConnect:
		_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	defer up.Close()
	_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() { _, _ = io.Copy(up, c); up.Close() }()
	_, _ = io.Copy(c, up)
}

// TestProxy: legs go through a proxy, with a password, and with a WebSocket inside; local services are not asked for there.
func TestProxy(t *testing.T) {
	r := relaytest.Start(t)
	p := newProxy(t, &testProxy{auth: "jo hn:p@ss/word"})
	for _, relay := range []string{r.Agents, "ws://" + r.HTTP} {
		before := p.asked.Load()
		g := newGuest(t, r, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) {
			o.Relay, o.Proxy = relay, "http://jo%20hn:p%40ss%2Fword@"+p.addr
		})
		works(t, g)
		if n := p.asked.Load() - before; n != 1 {
			t.Errorf("%s: the proxy was asked %d times", relay, n)
		}
		g.stop()
		if err := g.end(); err != nil {
			t.Error(err)
		}
	}
}

// TestProxyRefuses: each way in which a proxy fails is told, with its hop, and without the password; diagnose says the same.
func TestProxyRefuses(t *testing.T) {
	r := relaytest.Start(t)
	for name, c := range map[string]struct {
		proxy *testProxy
		user  string
		want  string
	}{
		"no password":      {&testProxy{auth: "a:secret"}, "", "wants a user and a password (\"407"},
		"a wrong one":      {&testProxy{auth: "a:secret"}, "a:hunter2@", "does not take this user and password (\"407"},
		"another sign-in":  {&testProxy{says: "HTTP/1.1 407 Sign in\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"}, "a:hunter2@", "of a kind that adit has not"},
		"escapes":          {&testProxy{says: "HTTP/1.1 407 \x1b]0;x\a\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"}, "a:hunter2@", `407 \x1b]0;x\a`},
		"refused":          {&testProxy{says: "HTTP/1.1 403 Not allowed\r\nContent-Length: 0\r\n\r\n"}, "a:hunter2@", "does not connect to " + r.Agents},
		"no HTTP":          {&testProxy{says: "what?\r\n\r\n"}, "a:hunter2@", "gave no answer to CONNECT"},
		"endless head":     {&testProxy{says: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 100)}, "", "gave no answer to CONNECT"},
		"more than a head": {&testProxy{says: "HTTP/1.1 200 OK\r\n\r\nmore"}, "", "sends more than an answer"},
		"nobody":           {nil, "a:hunter2@", "cannot be reached"},
	} {
		addr := "127.0.0.1:1"
		if c.proxy != nil {
			addr = newProxy(t, c.proxy).addr
		}
		o := agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token, Proxy: "http://" + c.user + addr, GiveUp: time.Millisecond}
		a, err := agent.New(o)
		if err != nil {
			t.Fatal(err)
		}
		// The time to give up cuts the first try when it comes to nothing: Diagnose has all its time.
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		checks, err := agent.Diagnose(ctx, o)
		cancel()
		if other := len(checks) == 2 && checks[1].Name == "Other way"; other != (name == "refused") {
			t.Errorf("%s: %+v", name, checks)
		}
		if err != nil || checks[0].Verdict != agent.CheckFailed || !strings.Contains(checks[0].Detail, c.want) || !strings.Contains(checks[0].Detail, addr) {
			t.Errorf("%s: %+v %v, want %q", name, checks, err, c.want)
		}
		if text := fmt.Sprint(checks); strings.Contains(text, "hunter2") || strings.Contains(text, "aHVudGVyMg") {
			t.Errorf("%s: the password is told: %s", name, text)
		}
		_ = a.Close()
	}
}

// TestDetour: where a proxy lets only HTTPS pass, the agent says which way there may be, diagnose tries it, and it is one.
func TestDetour(t *testing.T) {
	r := relaytest.Start(t, func(o *relay.Options) { o.HTTPS = "127.0.0.1:0" })
	p := newProxy(t, &testProxy{only: r.HTTPS})
	o := agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token, Proxy: "http://" + p.addr, ProxyFrom: "env HTTPS_PROXY"}
	checks, err := agent.Diagnose(t.Context(), o)
	if err != nil || len(checks) != 2 || checks[1].Verdict != agent.CheckWarn || checks[1].Detail != "wss://127.0.0.1 leads to the relay" ||
		!strings.Contains(checks[1].Remedy, "--relay wss://127.0.0.1.") {
		t.Errorf("%+v %v", checks, err)
	}
	o.GiveUp = limit
	a, err := agent.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	why := ""
	for deadline := time.Now().Add(limit); why == "" && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		why = a.Status().Reason
	}
	cancel()
	<-ended
	for _, want := range []string{"(env HTTPS_PROXY)", "does not connect to " + r.Agents, "if only HTTP passes here, try wss://127.0.0.1 as the relay's address"} {
		if !strings.Contains(why, want) {
			t.Errorf("the reason does not say %q: %s", want, why)
		}
	}
	works(t, newGuest(t, r, http.HandlerFunc(says), func(o *agent.Options, _ *agent.Endpoint) { o.Relay, o.Proxy = "wss://127.0.0.1", "http://"+p.addr }))
}

// TestDiagnoseWays: each hop of a way that works is a step.
func TestDiagnoseWays(t *testing.T) {
	r := relaytest.Start(t)
	p := newProxy(t, &testProxy{})
	for _, c := range []struct {
		relay, proxy string
		want         string
	}{
		{r.Agents, "", "Name resolution TCP TLS Protocol Clock"},
		{"ws://" + r.HTTP, "", "Name resolution TCP WebSocket TLS Protocol Clock"},
		{"ws://" + r.HTTP + "/", "http://" + p.addr, "Proxy WebSocket TLS Protocol Clock"},
		{r.Agents, "http://" + p.addr, "Proxy TLS Protocol Clock"},
	} {
		checks, err := agent.Diagnose(t.Context(), agent.Options{Relay: c.relay, Proxy: c.proxy, Pin: r.Pin, Token: r.Token})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, check := range checks {
			names = append(names, check.Name)
			if check.Verdict != agent.CheckOK {
				t.Errorf("%s through %q: %+v", c.relay, c.proxy, check)
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s through %q: %s, want %s", c.relay, c.proxy, got, c.want)
		}
	}
}

// TestWrongWays: what is no relay and no proxy is said before anything is dialed, without passwords.
func TestWrongWays(t *testing.T) {
	pin := "sha256:" + strings.Repeat("0", 64)
	for _, c := range []struct{ relay, proxy, want string }{
		{"relay.test", "", "want HOST:PORT, or wss://HOST"}, {"https://relay.test", "", "want HOST:PORT, or wss://HOST"}, {"wss://u:hunter2@relay.test", "", "want HOST:PORT, or wss://HOST"},
		{"wss://relay.test/path", "", "want HOST:PORT, or wss://HOST"}, {"wss://", "", "want HOST:PORT, or wss://HOST"},
		{"relay.test:1", "ftp://u:hunter2@p", "begins with http://, https:// or socks5://"}, {"relay.test:1", "http://u:hunter2@p/path", "looks like http://HOST:PORT"},
		{"relay.test:1", "http://u:hunter2%@p", "cannot be read"}, {"relay.test:1", "http://", "looks like http://HOST:PORT"},
	} {
		_, err := agent.New(agent.Options{Relay: c.relay, Proxy: c.proxy, Pin: pin})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s through %s: %v, want %q", c.relay, c.proxy, err, c.want)
		}
	}
}
