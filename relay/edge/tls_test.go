package edge

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// mapped is 127.0.0.1 as ext has it.
const mapped = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x7f\x00\x00\x01"

// TestHTTPS: requests over both versions reach the upstream with what it must know of TLS, and their content both ways.
func TestHTTPS(t *testing.T) {
	w := startTLS(t, parrot)
	if w.dial().send(get).response("GET"); string(w.up.exchanges()[0].req.Ext) != "\x01\x00\x10"+mapped {
		t.Errorf("in the clear: ext %q", w.up.exchanges()[0].req.Ext)
	}
	for _, h2 := range []bool{false, true} {
		for _, size := range []int{0, 1, 5000, 100_000, 1 << 20} {
			content := strings.Repeat("x", size)
			res, got := fetch(t, w.client(h2), request(t, "POST", "https://app.test/path?q=1", strings.NewReader(content)))
			if res.StatusCode != 200 || got != content || (res.ProtoMajor == 2) != h2 {
				t.Errorf("h2 %v, %d bytes: %s with %d bytes", h2, size, res.Status, len(got))
			}
		}
		all := w.up.exchanges()
		q := all[len(all)-1].req
		if q.Flags&wire.ReqTLS == 0 {
			t.Error("ReqTLS is not set")
		}
		if v := q.Version; (v == 0x20) != h2 {
			t.Errorf("version %x", v)
		}
		ext := map[uint8]string{}
		wire.EachExt(q.Ext, func(typ uint8, v []byte) { ext[typ] = string(v) })
		want := map[bool]string{false: "http/1.1", true: "h2"}[h2]
		if ext[wire.ExtSNI] != "app.test" || ext[wire.ExtALPN] != want || ext[wire.ExtTLSVersion] != "\x03\x04" || len(ext[wire.ExtTLSSuite]) != 2 || ext[wire.ExtServerAddr] != mapped {
			t.Errorf("h2 %v: ext %q", h2, ext)
		}
		for _, line := range []string{"POST /path?q=1 HTTP/1.1\r\n", "\r\nHost: app.test\r\n", "X-Forwarded-Proto: https\r\n", "X-Forwarded-Host: app.test\r\n", "X-Forwarded-Port: "} {
			if !strings.Contains(string(q.Head), line) {
				t.Errorf("h2 %v: no %q in %q", h2, line, q.Head)
			}
		}
	}
}

// TestTLSVersions: TLS 1.2 is the least, and only with AEAD suites.
func TestTLSVersions(t *testing.T) {
	w := startTLS(t, parrot)
	for _, c := range []struct {
		version uint16
		suite   uint16
		ok      bool
	}{
		{tls.VersionTLS11, 0, false}, {tls.VersionTLS12, 0, true}, {tls.VersionTLS13, 0, true},
		{tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false}, {tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, true},
	} {
		cfg := w.config("app.test")
		cfg.MinVersion, cfg.MaxVersion = c.version, c.version
		if c.suite != 0 {
			cfg.CipherSuites = []uint16{c.suite}
		}
		if _, err := w.sealed(cfg); (err == nil) != c.ok {
			t.Errorf("%x, %x: %v", c.version, c.suite, err)
		}
	}
}

// TestServerNames: what is not served gets an alert and nobody's certificate, and a connection is for one name only.
func TestServerNames(t *testing.T) {
	w := startTLS(t, parrot)
	bind(t, w.s.registry, "other.test", 0, w.up)
	for name, want := range map[string]string{"evil.example": "unrecognized name", "a_-.test": "unrecognized name"} {
		if _, err := w.sealed(w.config(name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct {
		sni, host, want string
		status          int
	}{
		{"app.test", "app.test", "", 200}, {"APP.test", "app.TEST:8443", "", 200}, {"app.test", "app.test.", "", 200},
		{"app.test", "other.test", "MISDIRECTED", 421}, {"app.test", "nobody.test", "MISDIRECTED", 421},
		{"", "app.test", "NO_SERVER_NAME", 421}, {"nobody.test", "nobody.test", "NO_ENDPOINT", 404},
	} {
		for _, protocol := range []string{"http/1.1", "h2"} {
			cfg := w.config(c.sni, protocol)
			cfg.InsecureSkipVerify = c.sni == ""
			got, page := w.ask(cfg, c.host)
			if got != c.status || !strings.Contains(page, c.want) {
				t.Errorf("%s %q, host %q: %d %.100q", protocol, c.sni, c.host, got, page)
			}
		}
	}
	if n := len(w.up.exchanges()); n != 6 {
		t.Errorf("%d requests came through", n)
	}
}

// ask sends one GET for a host on a connection of its own.
func (w *secureWorld) ask(cfg *tls.Config, host string) (status int, page string) {
	w.t.Helper()
	var p http.Protocols
	p.SetHTTP1(cfg.NextProtos[0] != "h2")
	p.SetHTTP2(cfg.NextProtos[0] == "h2")
	tr := &http.Transport{Protocols: &p, DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return w.sealed(cfg) }}
	defer tr.CloseIdleConnections()
	r := request(w.t, "GET", "https://x.test/", nil)
	r.Host = host
	res, page := fetch(w.t, &http.Client{Transport: tr}, r)
	return res.StatusCode, page
}

// TestClientCertificates: where they are asked for, nobody comes in without one, on whatever way.
func TestClientCertificates(t *testing.T) {
	w := startTLS(t, parrot)
	e := &registry.Endpoint{Host: "mutual.test", Account: "acme", Instance: "m", Name: "m", Upstream: w.up, ClientCAs: w.names.pool}
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	cfg := w.config("mutual.test", "http/1.1")
	cfg.Certificates = []tls.Certificate{*w.names.leaf("visitor")}
	if status, page := w.ask(cfg, "mutual.test"); status != 200 {
		t.Errorf("with a certificate: %d %s", status, page)
	}
	stranger := newNames(t)
	for what, certs := range map[string][]tls.Certificate{"none": nil, "a stranger's": {*stranger.leaf("visitor")}} {
		cfg.Certificates = certs
		c, err := w.sealed(cfg)
		if err == nil {
			_, err = c.Read(make([]byte, 1)) // in TLS 1.3 the client hears of it here
		}
		if err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("with %s: %v", what, err)
		}
	}
	if res, page := w.dial().send("GET / HTTP/1.1\r\nHost: mutual.test\r\n\r\n").response("GET"); res.StatusCode != 403 || !strings.Contains(page, "CLIENT_CERTIFICATE") {
		t.Errorf("over plain HTTP: %s %s", res.Status, page)
	}
}
