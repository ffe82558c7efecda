package edge

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// names is a CA, and the certificates it has made.
type names struct {
	t    testing.TB
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool

	mu   sync.Mutex
	made map[string]*tls.Certificate
}

func newNames(t testing.TB) *names {
	t.Helper()
	n := &names{t: t, pool: x509.NewCertPool(), made: map[string]*tls.Certificate{}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	n.key = key
	if n.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	n.pool.AddCert(n.cert)
	return n
}

// leaf is the certificate of a name.
func (n *names) leaf(name string) *tls.Certificate {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c := n.made[name]; c != nil {
		return c
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		n.t.Error(err)
	}
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, n.cert, key.Public(), n.key)
	if err != nil {
		n.t.Error(err)
	}
	n.made[name] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return n.made[name]
}

// get is Options.Certificate of a relay for *.test.
func (n *names) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	switch {
	case hello.ServerName == "":
		return n.leaf("relay.test"), nil
	case strings.HasSuffix(hello.ServerName, ".test"):
		return n.leaf(hello.ServerName), nil
	}
	return nil, nil
}

// secureWorld is a world with a TLS listener, too.
type secureWorld struct {
	*world
	names   *names
	tlsAddr string
}

func startTLS(t testing.TB, script func(x *fakeExchange), opts ...option) *secureWorld {
	t.Helper()
	n := newNames(t)
	w := start(t, script, append([]option{func(o *Options, _ *limits) { o.Certificate = n.get }}, opts...)...)
	ln := listen(t)
	served := make(chan error, 1)
	go func() { served <- w.s.ServeTLS(context.Background(), ln) }()
	t.Cleanup(func() {
		w.shutdown(0)
		if err := <-served; err != nil {
			t.Errorf("ServeTLS: %v", err)
		}
	})
	return &secureWorld{world: w, names: n, tlsAddr: ln.Addr().String()}
}

// config is a client's.
func (w *secureWorld) config(name string, protocols ...string) *tls.Config {
	return &tls.Config{RootCAs: w.names.pool, ServerName: name, NextProtos: protocols}
}

// client is net/http's, which reaches all names at the TLS listener.
func (w *secureWorld) client(h2 bool) *http.Client {
	var p http.Protocols
	p.SetHTTP2(h2)
	p.SetHTTP1(!h2)
	tr := &http.Transport{
		TLSClientConfig: w.config("", map[bool]string{false: "http/1.1", true: "h2"}[h2]), Protocols: &p, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", w.tlsAddr)
		},
	}
	w.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 3 * patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// sealed is a raw connection with TLS.
func (w *secureWorld) sealed(cfg *tls.Config) (*tls.Conn, error) {
	w.t.Helper()
	nc, err := net.Dial("tcp", w.tlsAddr)
	if err != nil {
		w.t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(patience))
	w.t.Cleanup(func() { nc.Close() })
	c := tls.Client(nc, cfg)
	return c, c.Handshake()
}

func (w *secureWorld) mustSeal(cfg *tls.Config) *tls.Conn {
	w.t.Helper()
	c, err := w.sealed(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// fetch gets a URL and reads all of the answer.
func fetch(t testing.TB, c *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("the answer is not whole: %v after %d bytes", err, len(b))
	}
	return res, string(b)
}

func request(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// parrot answers with what it was sent.
func parrot(x *fakeExchange) {
	_, content := x.upload0()
	x.ok(content)
}

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

// TestHelloInPieces: the hello may come byte by byte, and what does not come to its end is cut.
func TestHelloInPieces(t *testing.T) {
	w := startTLS(t, parrot, func(o *Options, l *limits) { o.Head = 300 * time.Millisecond })
	nc, err := net.Dial("tcp", w.tlsAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	c := tls.Client(pieces{nc}, w.config("app.test"))
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, get)
	if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != 200 {
		t.Errorf("%v %v", res, err)
	}
	for _, begin := range []string{"", "\x16\x03\x01\x02\x00\x01\x00"} {
		v := w.dialTo(w.tlsAddr).send(begin)
		if _, err := io.ReadAll(v.TCPConn); err != nil && !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q: %v", begin, err)
		}
	}
	until(t, "closed", func() bool { return w.s.Stats().Open == 1 })
}

type pieces struct{ net.Conn }

func (p pieces) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := p.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// TestAgentsByALPN: who offers adit/1 gets its connection as it was sent, and its TLS is not ours.
func TestAgentsByALPN(t *testing.T) {
	var n *names
	agents := make(chan net.Conn, 1)
	w := startTLS(t, parrot, func(o *Options, _ *limits) { o.Agents = func(nc net.Conn) { agents <- nc } })
	n = w.names
	done := make(chan error, 1)
	go func() {
		nc := <-agents
		defer nc.Close()
		c := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{*n.leaf("agents.test")}, NextProtos: []string{wire.ALPN}, MinVersion: tls.VersionTLS13})
		_, err := io.CopyN(c, c, 5)
		done <- err
	}()
	c := w.mustSeal(w.config("agents.test", wire.ALPN))
	io.WriteString(c, "hello")
	b := make([]byte, 5)
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "hello" || c.ConnectionState().NegotiatedProtocol != wire.ALPN {
		t.Errorf("%q %v", b, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	until(t, "given away", func() bool { return w.s.Stats().Open == 0 })
}

// TestChallengeByALPN: the handshake is all there is to a TLS-ALPN-01 challenge.
func TestChallengeByALPN(t *testing.T) {
	w := startTLS(t, parrot)
	c := w.mustSeal(w.config("app.test", "acme-tls/1"))
	if p := c.ConnectionState().NegotiatedProtocol; p != "acme-tls/1" {
		t.Errorf("protocol %q", p)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d %v", n, err)
	}
}

// TestChallengeOfService: a CA that looks for the proof of a service whose TLS passes finds the service, unless the relay has one to show for that name.
func TestChallengeOfService(t *testing.T) {
	var ours atomic.Bool
	w := startTLS(t, func(x *fakeExchange) { x.put(readyFrame()); x.recv(); x.put(dataFrame("the service's", true)) }, func(o *Options, _ *limits) {
		o.Challenged = func(name string) bool { return ours.Load() && name == "svc.test" }
	})
	e := &registry.Endpoint{Host: "svc.test", Account: "acme", Name: "tls", Protocol: wire.ProtocolTLS, Upstream: w.up}
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sealed(w.config("SVC.test", "acme-tls/1")); err == nil || !strings.Contains(err.Error(), "does not look like a TLS handshake") {
		t.Errorf("the hello was not the service's to answer: %v", err)
	}
	ours.Store(true)
	if p := w.mustSeal(w.config("svc.test", "acme-tls/1")).ConnectionState().NegotiatedProtocol; p != "acme-tls/1" {
		t.Errorf("protocol %q", p)
	}
	if n := len(w.up.exchanges()); n != 1 {
		t.Errorf("%d connections came through", n)
	}
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

// TestCutsShowInTLS: an answer that is not whole never ends like one that is.
func TestCutsShowInTLS(t *testing.T) {
	for name, frames := range map[string][][]byte{
		"length": {respFrame("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", wire.BodyLength, 10, false), dataFrame("half", false)},
		"chunks": {respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("half", false)},
	} {
		w := startTLS(t, func(x *fakeExchange) { x.put(frames...); x.lose() })
		got, closed := w.lastRecord(get)
		if closed || !strings.Contains(got, "half") {
			t.Errorf("%s: close_notify %v after %q", name, closed, got)
		}
		w.shutdown(patience)
	}
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("half", false))
		x.lose()
	})
	c := w.mustSeal(w.config("app.test"))
	io.WriteString(c, "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n")
	if got, err := io.ReadAll(c); err == nil {
		t.Errorf("HTTP/1.0: %q looks whole", got)
	}
	// … and one that is whole ends with close_notify.
	w = startTLS(t, parrot)
	if got, closed := w.lastRecord("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n"); !closed {
		t.Errorf("no close_notify after %q", got)
	}
}

// lastRecord sends a request and reads to the end; closed: that was announced with an alert. In TLS 1.2 a record's type can be seen.
func (w *secureWorld) lastRecord(req string) (got string, closed bool) {
	w.t.Helper()
	nc, err := net.Dial("tcp", w.tlsAddr)
	if err != nil {
		w.t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	cfg := w.config("app.test")
	cfg.MaxVersion = tls.VersionTLS12
	tap := &tap{Conn: nc}
	c := tls.Client(tap, cfg)
	io.WriteString(c, req)
	b, err := io.ReadAll(c)
	if err != nil {
		w.t.Errorf("the connection did not end with FIN: %v", err)
	}
	last := byte(0)
	for p := tap.read.Bytes(); len(p) >= 5; p = p[min(len(p), 5+int(p[3])<<8+int(p[4])):] {
		last = p[0]
	}
	return string(b), last == 21
}

// tap keeps what was read.
type tap struct {
	net.Conn
	read bytes.Buffer
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.read.Write(p[:n])
	return n, err
}

// TestTunnelInTLS: an upgrade with half-close each way.
func TestTunnelInTLS(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", wire.BodyTunnel, 0, false))
		for {
			f, ok := x.recv()
			if !ok {
				return
			}
			x.put(dataFrame(string(f.payload), f.end))
			if f.end {
				return
			}
		}
	})
	c := w.mustSeal(w.config("app.test"))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly")
	r := bufio.NewReader(c)
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 101 {
		t.Fatalf("%v %v", res, err)
	}
	sent := strings.Repeat("0123456789", 20_000)
	go func() { io.WriteString(c, sent); c.CloseWrite() }()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != "early"+sent {
		t.Errorf("%v after %d bytes", err, len(got))
	}
}

// TestSlowUploadInTLS: content in small and large pieces keeps its order and chunks, whatever records it comes in.
func TestSlowUploadInTLS(t *testing.T) {
	w := startTLS(t, parrot)
	c := w.mustSeal(w.config("app.test"))
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n")
	var want strings.Builder
	for i, size := range []int{1, 4000, 4096, 9000, 20_000, 3, 40_000, 100} {
		chunk := strings.Repeat(string(rune('a'+i)), size)
		want.WriteString(chunk)
		fmt.Fprintf(c, "%x\r\n%s\r\n", size, chunk)
		time.Sleep(time.Millisecond)
	}
	io.WriteString(c, "0\r\n\r\nGET /next HTTP/1.1\r\nHost: app.test\r\n\r\n")
	r := bufio.NewReader(c)
	for _, content := range []string{want.String(), ""} {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(res.Body); err != nil || string(b) != content {
			t.Errorf("%v, %d bytes", err, len(b))
		}
	}
}

// TestSchemes: endpoints are called by what they want to be called by.
func TestSchemes(t *testing.T) {
	w := startTLS(t, parrot, func(o *Options, _ *limits) { o.Redirect, o.RedirectAll, o.HSTS = 8443, true, time.Hour })
	for host, schemes := range map[string][]string{"plain.test": {"http"}, "secure.test": {"https"}, "both.test": {"http", "https"}} {
		e := &registry.Endpoint{Host: host, Account: "acme", Instance: host, Name: host, Upstream: w.up, Schemes: schemes}
		if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
			t.Fatal(err)
		}
	}
	for host, want := range map[string][2]int{"app.test": {301, 200}, "plain.test": {200, 404}, "secure.test": {301, 200}, "both.test": {200, 200}} {
		res, _ := w.dial().send("GET /a?b HTTP/1.1\r\nHost: " + host + "\r\n\r\n").response("GET")
		if to := res.Header.Get("Location"); res.StatusCode != want[0] || want[0] == 301 && to != "https://"+host+":8443/a?b" {
			t.Errorf("http://%s: %s, to %q", host, res.Status, to)
		}
		if res.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("http://%s: a promise in the clear", host)
		}
		promise := "max-age=3600"
		if want[0] == 200 {
			promise = "" // it is served in the clear, because it wants that
		}
		for _, h2 := range []bool{false, true} {
			res, _ = fetch(t, w.client(h2), request(t, "GET", "https://"+host+"/a?b", nil))
			if res.StatusCode != want[1] || res.Header.Get("Strict-Transport-Security") != promise {
				t.Errorf("https://%s: %s %v", host, res.Status, res.Header)
			}
		}
	}
	res, _ := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nhi").response("POST")
	if res.StatusCode != 308 {
		t.Errorf("POST: %s", res.Status)
	}
}

// TestChallengeByHTTP: proofs are answered before anything else, and only those that are the relay's.
func TestChallengeByHTTP(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("the service's") }, func(o *Options, _ *limits) {
		o.Challenge = func(host, path string) (string, bool) {
			return "proof", host == "new.test" && path == challengePath+"token"
		}
	})
	for _, c := range [][3]string{
		{"new.test", challengePath + "token", "proof"}, {"NEW.test:80", challengePath + "token", "proof"},
		{"app.test", challengePath + "token", "the service's"},
	} {
		res, got := w.dial().send("GET " + c[1] + " HTTP/1.1\r\nHost: " + c[0] + "\r\n\r\n").response("GET")
		if res.StatusCode != 200 || got != c[2] {
			t.Errorf("%s: %s %q", c[0], res.Status, got)
		}
	}
}
