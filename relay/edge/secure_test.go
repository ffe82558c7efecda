package edge

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
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
