package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The ways through adit, over both families: whatever carries them, small things come back as they were sent, large ones whole, an end of one direction
// leaves the other open, what was cut never looks whole, and silence is no reason to end anything that is under way.
func TestMatrix(t *testing.T) {
	for _, family := range []string{"127.0.0.1", "[::1]"} {
		t.Run(family, func(t *testing.T) {
			if !has(family) {
				t.Skip("this machine has no IPv6")
			}
			m := newMatrix(t, family)
			for _, kind := range []string{"http", "https", "h2", "tcp", "tls", "tls at the agent", "tls at the relay"} {
				t.Run(kind, func(t *testing.T) {
					t.Parallel()
					m.try(t, kind, 64<<20)
				})
			}
		})
	}
}

// A gigabyte each way, on each way.
func TestLongMatrix(t *testing.T) {
	long(t)
	m := newMatrix(t, "127.0.0.1")
	for _, kind := range []string{"http", "https", "h2", "tcp", "tls", "tls at the agent", "tls at the relay"} {
		w, _ := m.way(t, kind)
		bothWays(t, w, gigabyte)
	}
}

func has(host string) bool {
	ln, err := net.Listen("tcp", host+":0")
	if err != nil {
		return false
	}
	ln.Close()
	return true
}

// matrix is a relay that serves everything on one family, with limits of a second.
type matrix struct {
	*publicRelay
	host    string
	secured string // the TLS listener
}

func newMatrix(t *testing.T, host string) *matrix {
	r := relay(t, "--http", host+":0", "--https", host+":0", "--agents", host+":0", "--tcp-ports", "21000-21999", "--timeout", "idle=1s", "--timeout", "body=1s",
		"--timeout", "head=5s", "--access-log", "false")
	m := &matrix{publicRelay: r, host: host}
	m.secured = regexp.MustCompile(`https=(\S+)`).FindStringSubmatch(r.stdout.text())[1]
	return m
}

// silentFor is longer than the relay's limits.
const silentFor = 3 * time.Second

func (m *matrix) try(t *testing.T, kind string, large int64) {
	w, ends := m.way(t, kind)
	if got := w.echo(t, "hello, "+kind); got != "hello, "+kind {
		t.Errorf("small: %q", got)
	}
	bothWays(t, w, large)
	if err := ends.wait(t); err != nil {
		t.Errorf("an upload that was whole ended with %v", err)
	}
	w.visitorAborts(t)
	if err := ends.wait(t); err == nil {
		t.Error("an upload that was cut looks whole to the service")
	}
	if err := w.serviceAborts(t); err == nil {
		t.Error("an answer that was cut looks whole to the visitor")
	}
	w.silence(t, silentFor)
	if got := w.echo(t, "goodbye"); got != "goodbye" {
		t.Errorf("at the end: %q", got)
	}
}

// bothWays moves n bytes each way.
func bothWays(t *testing.T, w way, n int64) {
	t.Helper()
	h := sha256.New()
	_, _ = io.Copy(h, noise(n))
	if got := w.down(t, n); got != hexSum(h) {
		t.Errorf("down: other bytes came than %d bytes of noise", n)
	}
	if got := w.up(t, n); got != receipt(n, h) {
		t.Errorf("up: the service got %q", got)
	}
}

// way puts a service online and says how visitors come to it.
func (m *matrix) way(t *testing.T, kind string) (way, endings) {
	t.Helper()
	ends := make(endings, 16)
	name := strings.ReplaceAll(kind, " ", "-")
	host := name + ".tunnel.test"
	switch kind {
	case "http", "https", "h2":
		m.agent(t, "http", service(t, webService(ends)), "--url", name)
		return m.visitor(t, kind, host), ends
	case "tcp":
		u, err := url.Parse(m.agent(t, "tcp", lineService(t, nil, ends)))
		if err != nil {
			t.Fatal(err)
		}
		return connWay{addr: m.host + ":" + u.Port()}, ends
	}
	crt, key, roots := ownCertificate(t, host)
	visits := connWay{addr: m.secured, secure: &tls.Config{ServerName: host, RootCAs: roots}}
	switch kind {
	case "tls":
		pair, err := tls.LoadX509KeyPair(crt, key)
		if err != nil {
			t.Fatal(err)
		}
		m.agent(t, "tls", lineService(t, &tls.Config{Certificates: []tls.Certificate{pair}}, ends), "--url", "tls://"+host)
	case "tls at the agent":
		m.agent(t, "tls", lineService(t, nil, ends), "--url", "tls://"+host, "--crt", crt, "--key", key)
	case "tls at the relay":
		m.agent(t, "tls", lineService(t, nil, ends), "--url", "tls://"+host, "--terminate-at", "edge")
		visits.secure.RootCAs = m.roots(t)
	}
	return visits, ends
}

// agent starts one and returns its endpoint's URL.
func (m *matrix) agent(t *testing.T, protocol, port string, more ...string) string {
	t.Helper()
	return start(t, nil, append([]string{protocol, "127.0.0.1:" + port}, m.agentArgs(more...)...)...).ready()
}

// visitor is a client of an http endpoint by http, https or HTTP/2.
func (m *matrix) visitor(t *testing.T, kind, host string) httpWay {
	t.Helper()
	addr, scheme := m.http, "http"
	tr := &http.Transport{DisableCompression: true, Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP1(kind != "h2")
	tr.Protocols.SetHTTP2(kind == "h2")
	if kind != "http" {
		addr, scheme = m.secured, "https"
		tr.TLSClientConfig = &tls.Config{RootCAs: m.roots(t)}
	}
	tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return httpWay{client: &http.Client{Transport: tr, Timeout: 5 * patience}, base: scheme + "://" + host}
}

// ownCertificate writes a certificate for host, which vouches for itself, and its key.
func ownCertificate(t *testing.T, host string) (crt, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	crt, key = filepath.Join(dir, "crt.pem"), filepath.Join(dir, "key.pem")
	for _, f := range []struct {
		path, kind string
		der        []byte
	}{{crt, "CERTIFICATE", der}, {key, "PRIVATE KEY", pkcs8}} {
		if err := os.WriteFile(f.path, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(leaf)
	return crt, key, roots
}
