package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The nginx configuration of the README, with the test's ports.
const nginxConf = `
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:%[2]s %[4]s;
    location / {
      proxy_pass http://%[3]s;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
      proxy_request_buffering off;
    }
  }
}
`

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// An nginx that is a local service, and wants the PROXY protocol.
const nginxBehind = `
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server {
    listen 127.0.0.1:%[2]s proxy_protocol;
    location / { return 200 "$proxy_protocol_addr %[3]s"; }
  }
}
`

func nginx(t *testing.T, upstream string) (addr string) {
	t.Helper()
	return nginxWith(t, t.TempDir(), nginxConf, "", upstream)
}

// nginxWith runs one with a configuration of its directory, which is dir, its port, one thing more, and what its listen line says beside the address.
func nginxWith(t *testing.T, dir, text, listen, more string) (addr string) {
	t.Helper()
	need(t, "nginx")
	port := freePort(t)
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, text, dir, port, more, listen), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("nginx")
	if err != nil {
		path = "/usr/sbin/nginx"
	}
	cmd := exec.Command(path, "-p", dir, "-c", conf, "-e", filepath.Join(dir, "start.log"), "-g", "daemon off; master_process off;")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	addr = "127.0.0.1:" + port
	eventually(t, "nginx listens", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return addr
}

// Behind nginx the printed URL is the public one, and the trusted forwarding fields arrive.
func TestBehindNginx(t *testing.T) {
	r := relay(t, "--public-url", "https://*.tunnel.test", "--trust-forwarded", "127.0.0.1/32")
	front := nginx(t, r.http)
	seen := make(chan http.Header, 1)
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		seen <- q.Header.Clone()
		hello(w, q)
	}))
	p := start(t, nil, append([]string{"http", port}, r.agentArgs()...)...)
	url := p.ready()
	host, ok := strings.CutPrefix(url, "https://")
	if !ok || !strings.HasSuffix(host, ".tunnel.test") {
		t.Fatalf("URL %q", url)
	}
	q, _ := http.NewRequest("POST", "http://"+front+"/through", strings.NewReader("body"))
	q.Host = host
	if status, body := fetch(t, q); status != 200 || !strings.HasPrefix(body, "POST /through "+host) || !strings.HasSuffix(body, "body") {
		t.Errorf("%d %q", status, body)
	}
	h := <-seen
	if h.Get("X-Forwarded-Proto") != "https" || !strings.HasPrefix(h.Get("X-Forwarded-For"), "127.0.0.1") || h.Get("X-Forwarded-Host") != host {
		t.Errorf("forwarding fields: %v", h)
	}
}

// nginx takes both versions of the PROXY protocol, and learns each visitor's own address.
func TestNginxTakesProxyProtocol(t *testing.T) {
	r := relay(t, "--trust-forwarded", "127.0.0.1/32")
	service := nginxWith(t, t.TempDir(), nginxBehind, "", "says nginx")
	for _, version := range []string{"1", "2"} {
		p := start(t, nil, append([]string{"http", service, "--upstream-proxy-protocol", version}, r.agentArgs()...)...)
		_, host, _ := strings.Cut(p.ready(), "://")
		host, _, _ = strings.Cut(host, ":")
		for _, visitor := range []string{"203.0.113.9", "2001:db8::9"} {
			q, _ := http.NewRequest("GET", "http://"+r.http+"/", nil)
			q.Host = host
			q.Header.Set("X-Forwarded-For", visitor)
			if status, body := fetch(t, q); status != 200 || body != visitor+" says nginx" {
				t.Errorf("version %s: %d %q", version, status, body)
			}
		}
	}
}
