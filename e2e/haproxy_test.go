package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const haproxyConf = `
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
listen one
  bind 127.0.0.1:%[1]s
  server relay %[3]s send-proxy
listen two
  bind 127.0.0.1:%[2]s
  server relay %[3]s send-proxy-v2 check inter 100ms
`

// TestProxyProtocolFromHAProxy: behind a real balancer, with either version of the protocol, the local service learns who the visitor is; the balancer's health
// checks are welcome; and who comes without a header from the balancer's address is not served.
func TestProxyProtocolFromHAProxy(t *testing.T) {
	need(t, "haproxy")
	w := newWorld(t)
	w.startRelay("--trust-proxy-protocol", "127.0.0.1")
	port := service(t, http.HandlerFunc(func(a http.ResponseWriter, q *http.Request) { io.WriteString(a, q.Header.Get("X-Forwarded-For")) }))
	agent := start(t, w.env, "http", port, "--relay", w.link, "--relay-pin", w.pin, "--authtoken", w.token, "--no-tui", "--web-addr", "127.0.0.1:0",
		"--state-dir", filepath.Join(w.dir, "agent"))
	host := strings.TrimPrefix(agent.ready(), "http://")
	ports := []string{freePort(t), freePort(t)}
	conf := filepath.Join(w.dir, "haproxy.cfg")
	if err := os.WriteFile(conf, fmt.Appendf(nil, haproxyConf, ports[0], ports[1], w.public), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon(t, ports[0], exec.Command("haproxy", "-db", "-f", conf))

	for i, port := range ports {
		from := fmt.Sprintf("127.0.0.%d", 7+i)
		eventually(t, "haproxy listens", func() bool {
			c, err := net.Dial("tcp", "127.0.0.1:"+port)
			if err == nil {
				c.Close()
			}
			return err == nil
		})
		if got := askFrom(t, from, "127.0.0.1:"+port, host); got != from {
			t.Errorf("version %d: the visitor %s is %q to the service", i+1, from, got)
		}
	}
	time.Sleep(300 * time.Millisecond) // for some health checks
	if n := w.figures()["adit_proxy_protocol_errors_total"]; n != 0 {
		t.Errorf("%v connections of the balancer were refused", n)
	}
	if got := askFrom(t, "127.0.0.1", w.public, host); got != "" {
		t.Errorf("a connection without a header was answered: %q", got)
	}
	if got := askFrom(t, "127.0.0.9", w.public, host); got != "127.0.0.9" {
		t.Errorf("a visitor that came directly is %q to the service", got)
	}
	eventually(t, "the refusal is counted", func() bool { return w.figures()["adit_proxy_protocol_errors_total"] == 1 })
}

// TestConnectionsFromHAProxy: who comes through a balancer that passes TLS and other connections on is known by his own address, too: at the relay's end of TLS, to a
// tls endpoint, and to a port. The balancer itself is not served without a header.
func TestConnectionsFromHAProxy(t *testing.T) {
	need(t, "haproxy")
	tcp := portOf(fixedAddress(t))
	r := relay(t, "--trust-proxy-protocol", "127.0.0.1", "--https", "127.0.0.1:0", "--tcp-ports", tcp+"-"+tcp)
	port := service(t, http.HandlerFunc(func(a http.ResponseWriter, q *http.Request) { io.WriteString(a, q.Header.Get("X-Forwarded-For")) }))
	crt, key, own := ownCertificate(t, "own.tunnel.test")
	agent := func(args ...string) *process {
		p := start(t, r.env, append(args, r.agentArgs("--web-addr", "127.0.0.1:0", "--state-dir", t.TempDir())...)...)
		p.ready()
		return p
	}
	agent("http", port, "--url", "app")
	passed, byPort := agent("tls", port, "--url", "tls://own.tunnel.test", "--crt", crt, "--key", key), agent("tcp", port)
	secured, plain := freePort(t), freePort(t)
	conf := filepath.Join(t.TempDir(), "haproxy.cfg")
	text := fmt.Sprintf(haproxyConf, plain, secured, "127.0.0.1:"+tcp)
	one, two, _ := strings.Cut(text, "listen two")
	if err := os.WriteFile(conf, []byte(one+"listen two"+strings.ReplaceAll(two, "127.0.0.1:"+tcp, r.https)), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon(t, secured, exec.Command("haproxy", "-db", "-f", conf))

	const from = "127.0.0.7"
	ask := func(port, host string, secure *tls.Config) string {
		tr := &http.Transport{TLSClientConfig: secure, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext(ctx, network, "127.0.0.1:"+port)
		}}
		defer tr.CloseIdleConnections()
		scheme := "http"
		if secure != nil {
			scheme = "https"
		}
		a, err := (&http.Client{Transport: tr, Timeout: patience}).Get(scheme + "://" + host + "/")
		if err != nil {
			t.Errorf("%s: %v", host, err)
			return ""
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		if err != nil || a.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %v", host, a.Status, err)
		}
		return string(b)
	}
	if got := ask(secured, "app.tunnel.test", &tls.Config{RootCAs: r.roots(t)}); got != from {
		t.Errorf("https: the visitor is %q to the service", got)
	}
	ask(secured, "own.tunnel.test", &tls.Config{RootCAs: own})
	passed.waitFor(passed.stdout, `kind=tls .*client=`+from)
	ask(plain, "anything", nil)
	byPort.waitFor(byPort.stdout, `kind=tcp .*client=`+from)
	for _, addr := range []string{r.https, "127.0.0.1:" + tcp} {
		if got := askFrom(t, "127.0.0.1", addr, "own.tunnel.test"); got != "" {
			t.Errorf("%s without a header: %q", addr, got)
		}
	}
}

// askFrom asks host at addr from an address of this machine, and returns the answer's content; "" when the connection ends without an answer.
func askFrom(t *testing.T, from, addr, host string) string {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		if os.IsTimeout(err) {
			t.Errorf("no end: %v", err)
		}
		return ""
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		t.Errorf("status %d, %v", a.StatusCode, err)
	}
	return string(text)
}
