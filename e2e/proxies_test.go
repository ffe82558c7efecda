package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// listens starts a program that serves at 127.0.0.1:port until stop, or the test's end.
func listens(t *testing.T, port, name string, args ...string) (stop func()) {
	t.Helper()
	need(t, name)
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	t.Cleanup(stop)
	eventually(t, name+" listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return stop
}

// tinyproxy lets jane in, and connects to one port alone.
func tinyproxy(t *testing.T, connect string) (addr string) {
	t.Helper()
	port, conf := freePort(t), filepath.Join(t.TempDir(), "tinyproxy.conf")
	text := fmt.Sprintf("Port %s\nListen 127.0.0.1\nMaxClients 50\nTimeout 600\nBasicAuth jane opensesame\nConnectPort %s\n", port, connect)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	listens(t, port, "tinyproxy", "-d", "-c", conf)
	return "127.0.0.1:" + port
}

// TestThroughProxies: real proxies on the way, HTTP and SOCKS5, with passwords; a link and a WebSocket in each.
func TestThroughProxies(t *testing.T) {
	r := relay(t)
	port := service(t, http.HandlerFunc(hello))
	socks := freePort(t)
	listens(t, socks, "microsocks", "-i", "127.0.0.1", "-p", socks, "-u", "jane", "-P", "opensesame")
	for _, c := range []struct{ relay, proxy string }{
		{r.agents, "http://jane:opensesame@" + tinyproxy(t, portOf(r.agents))},
		{"ws://" + r.http, "http://jane:opensesame@" + tinyproxy(t, portOf(r.http))},
		{r.agents, "socks5://jane:opensesame@127.0.0.1:" + socks},
		{"ws://" + r.http, "socks5h://jane:opensesame@127.0.0.1:" + socks},
	} {
		p := start(t, nil, append([]string{"http", port, "--proxy-url", c.proxy}, r.agentArgs("--relay", c.relay)...)...)
		if status, body := fetch(t, r.request(t, p.ready(), "/through")); status != 200 || !strings.HasPrefix(body, "GET /through") {
			t.Errorf("%s through %s: %d %q", c.relay, c.proxy, status, body)
		}
		if all := p.stdout.text() + p.stderr.text(); strings.Contains(all, "opensesame") {
			t.Errorf("the password is told: %s", all)
		}
		p.signal(syscall.SIGINT)
		p.code()
	}
}

// TestProxyRestarts: an agent whose proxy goes away comes back with it, a link and a WebSocket alike.
func TestProxyRestarts(t *testing.T) {
	r := relay(t)
	port := service(t, http.HandlerFunc(hello))
	socks := freePort(t)
	proxy := func() (stop func()) { return listens(t, socks, "microsocks", "-i", "127.0.0.1", "-p", socks) }
	stop := proxy()
	var agents []*process
	for _, to := range []string{r.agents, "ws://" + r.http} {
		agents = append(agents, start(t, nil, append([]string{"http", port, "--proxy-url", "socks5://127.0.0.1:" + socks}, r.agentArgs("--relay", to)...)...))
	}
	for _, p := range agents {
		p.ready()
	}
	stop()
	for _, p := range agents {
		p.waitFor(p.stderr, `no session; trying again" err="the link to the relay was lost: `)
	}
	proxy()
	for _, p := range agents {
		url := p.ready()
		eventually(t, "the agent is back", func() bool { status, _ := fetch(t, r.request(t, url, "/back")); return status == 200 })
	}
}

// TestProxyDiagnosed: what a real proxy refuses is found at its hop, by the environment's word, too.
func TestProxyDiagnosed(t *testing.T) {
	r := relay(t)
	socks := freePort(t)
	listens(t, socks, "microsocks", "-i", "127.0.0.1", "-p", socks, "-u", "jane", "-P", "opensesame")
	web := tinyproxy(t, portOf(r.agents))
	for _, c := range []struct{ proxy, says string }{
		{"http://" + web, "wants a user and a password (\"4"},
		{"http://jane:hunter2@" + web, "does not take this user and password (\"401"},
		{"http://jane:opensesame@" + tinyproxy(t, "1"), "does not connect to"},
		{"socks5://127.0.0.1:" + socks, "wants a user and a password"},
		{"socks5://jane:hunter2@127.0.0.1:" + socks, "does not take this user and password"},
		{"http://jane:hunter2@127.0.0.1:1", "cannot be reached"},
	} {
		d, all := diagnose(t, 1, nil, "--relay", r.agents, "--relay-pin", r.pin, "--authtoken", r.token, "--proxy-url", c.proxy)
		at := slices.IndexFunc(d.Checks, func(c check) bool {
			return c.Name == "Proxy" && c.Verdict == "error" && strings.HasPrefix(c.Section, "Relay")
		})
		if at < 0 || !strings.Contains(d.Checks[at].Detail, c.says) || !strings.Contains(d.Checks[at].Detail, "(flag --proxy-url)") {
			t.Errorf("%s: %+v, want %q", c.proxy, d.Checks, c.says)
		}
		if strings.Contains(all, "hunter2") || strings.Contains(all, "opensesame") {
			t.Errorf("%s: the password is told: %s", c.proxy, all)
		}
	}
}

// tlsFront is nginx that ends TLS for the relay with a certificate that nobody vouches for.
func tlsFront(t *testing.T, upstream string) (addr string) {
	t.Helper()
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"tunnel.test"}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pair := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	if err := os.WriteFile(filepath.Join(dir, "pair.pem"), pair, 0o600); err != nil {
		t.Fatal(err)
	}
	return nginxWith(t, dir, nginxConf, fmt.Sprintf("ssl; ssl_certificate %[1]s/pair.pem; ssl_certificate_key %[1]s/pair.pem", dir), upstream)
}

// TestSocketThroughNginx: an agent comes as a WebSocket through nginx that ends TLS, with the README's configuration.
func TestSocketThroughNginx(t *testing.T) {
	r := relay(t, "--agents", "false", "--trust-forwarded", "127.0.0.1/32")
	port := service(t, http.HandlerFunc(hello))
	front := "wss://" + tlsFront(t, r.http)
	p := start(t, nil, append([]string{"http", port}, r.agentArgs("--relay", front)...)...)
	if status, body := fetch(t, r.request(t, p.ready(), "/through")); status != 200 || !strings.HasPrefix(body, "GET /through") {
		t.Errorf("%d %q", status, body)
	}
	d, _ := diagnose(t, 0, nil, "--relay", front, "--relay-pin", r.pin, "--authtoken", r.token)
	if v := d.verdicts("Relay"); v["WebSocket"] != "ok" || v["TLS"] != "ok" || v["Protocol"] != "ok" {
		t.Errorf("%v", v)
	}
}
