package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStart: the endpoints of a file run together behind their gates; one that needs what comes later is refused, and the others run.
func TestStart(t *testing.T) {
	t.Parallel()
	r := relay(t)
	file := filepath.Join(t.TempDir(), "ngrok.yml")
	text := fmt.Sprintf(`version: 2
authtoken: %s
web_addr: 127.0.0.1:0
tunnels:
  web:
    proto: http
    addr: %s
    subdomain: shop
    auth: "env:PAIR"
  open:
    proto: http
    addr: %[2]s
    inspect: false
  later:
    proto: http
    addr: %[2]s
    oauth: {provider: google}
`, r.token, service(t, http.HandlerFunc(hello)))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(cleanEnv(t), "PAIR=jane:correct-horse", "ADIT_RELAY="+r.agents, "ADIT_RELAY_PIN="+r.pin)
	p := start(t, env, "start", "--all", "--config", file, "--no-tui")
	web := p.waitFor(p.stdout, `^ready name=web .*url=(\S+)`)[1]
	open := p.waitFor(p.stdout, `^ready name=open .*url=(\S+)`)[1]
	p.waitFor(p.stderr, `^adit: endpoint "later": oauth.provider \(file .*ngrok.yml:17\) is not yet offered by this version \(ADIT-3007 UNSUPPORTED\)$`)
	if !strings.HasPrefix(web, "http://shop.tunnel.test:") {
		t.Errorf("the URL of web is %s", web)
	}
	asked := r.request(t, web, "/")
	if status, _ := fetch(t, asked); status != 401 {
		t.Errorf("without a password: %d", status)
	}
	asked = r.request(t, web, "/in")
	asked.SetBasicAuth("jane", "correct-horse")
	if status, body := fetch(t, asked); status != 200 || !strings.HasPrefix(body, "GET /in ") {
		t.Errorf("with the password: %d %q", status, body)
	}
	if status, _ := fetch(t, r.request(t, open, "/")); status != 200 {
		t.Errorf("the open one: %d", status)
	}
	p.signal(syscall.SIGTERM)
	if c := p.code(); c != 2 {
		t.Errorf("exit code %d though one was refused", c)
	}
	if out := p.stdout.text() + p.stderr.text() + r.stdout.text() + r.stderr.text(); strings.Contains(out, "correct-horse") || strings.Contains(out, r.token) {
		t.Error("a secret is in some output")
	}
}

// TestHTTPFlags: older spellings work, and say how they are written now.
func TestHTTPFlags(t *testing.T) {
	t.Parallel()
	r := relay(t)
	port := service(t, http.HandlerFunc(hello))
	p := start(t, nil, append([]string{"http", port, "-subdomain", "shop", "--ip-restriction-deny-cidrs=127.0.0.1,::1", "-log-level=info"}, r.agentArgs()...)...)
	url := p.ready()
	p.waitFor(p.stderr, `--ip-restriction-deny-cidrs is an older spelling: write --cidr-deny`)
	p.waitFor(p.stderr, `--subdomain is an older spelling: write --url`)
	if status, _ := fetch(t, r.request(t, url, "/")); status != 403 || !strings.HasPrefix(url, "http://shop.tunnel.test:") {
		t.Errorf("%s: %d", url, status)
	}
	p.signal(syscall.SIGTERM)
	if c := p.code(); c != 0 {
		t.Errorf("exit code %d", c)
	}
}

// TestStartOnScreen: what was refused before the others started is seen on the dashboard too, until the file is mended.
func TestStartOnScreen(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 110, 32)
	file := filepath.Join(t.TempDir(), "adit.yml")
	write := func(tcp string) {
		t.Helper()
		text := "version: 3\nendpoints:\n  - {name: web, upstream: {url: 8000}}\n" + tcp
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("  - {name: shell, pooling_enabled: true, upstream: {url: 22}}\n")
	x.say("adit start --all --web-addr false --config " + file)
	x.see(forwarding)
	x.see(`endpoint "shell": pooling_enabled \(`)
	write("")
	eventually(t, "the notice goes", func() bool { return !strings.Contains(x.screen(), `"shell"`) })
	x.press("q")
	x.see(`prompt>\s*$`)
}

// TestStartEndsWithItsTerminal: a window that is closed ends what runs in it, though SIGHUP makes a service read its configuration again.
func TestStartEndsWithItsTerminal(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 110, 32)
	dir := t.TempDir()
	file, urls := filepath.Join(dir, "adit.yml"), filepath.Join(dir, "urls")
	if err := os.WriteFile(file, []byte("version: 3\nendpoints:\n  - {name: web, upstream: {url: 8000}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x.say("adit start --all --web-addr false --url-file " + urls + " --config " + file)
	x.see(forwarding)
	there := func() bool { _, err := os.Stat(urls); return err == nil }
	eventually(t, "the endpoint is up", there)
	x.tmux("kill-server")
	eventually(t, "it ends, and takes its file away", func() bool { return !there() })
}
