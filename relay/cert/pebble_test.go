package cert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// patience only keeps what hangs from hanging the tests.
const patience = 60 * time.Second

// world is a CA (Pebble), a DNS in which each name is this machine, and the two ports of a relay that a Source of the test answers.
type world struct {
	t      *testing.T
	server *httptest.Server
	roots  string // file, of the CA's own certificate
	orders atomic.Int64
	people atomic.Int64 // accounts
	door   sync.Mutex   // one comes in at a time: Pebble writes into an account while it tells another request of it
	down   atomic.Bool
	front  atomic.Pointer[http.Handler] // the CA

	http, tls net.Listener
	source    atomic.Pointer[Source]
	records   string // directory of TXT records: NAME/VALUE
	dns       string
	validity  uint64 // seconds; 0: Pebble's
	httpPort  int    // as the CA believes
	tlsPort   int
	elsewhere bool // a relay of the test listens at the ports, and answers
}

func newWorld(t *testing.T, change ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, records: t.TempDir(), http: listen(t), tls: listen(t)}
	w.httpPort, w.tlsPort = portOf(w.http), portOf(w.tls)
	for _, f := range change {
		f(w)
	}
	w.serveDNS()
	w.begin()
	w.server = httptest.NewTLSServer(http.HandlerFunc(w.ServeHTTP))
	t.Cleanup(w.server.Close)
	w.roots = filepath.Join(t.TempDir(), "roots.pem")
	write(t, w.roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.server.Certificate().Raw}))
	if w.elsewhere {
		w.http.Close()
		w.tls.Close()
	} else {
		w.serve()
	}
	return w
}

// begin is a CA that knows nobody.
func (w *world) begin() {
	silent := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	c := ca.New(silent, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: w.validity}})
	v := va.New(silent, w.httpPort, w.tlsPort, false, w.dns, store)
	front := wfe.New(silent, store, v, c, []string{"pebble.test"}, false, false, 1, 1)
	h := front.Handler()
	w.front.Store(&h)
}

// ServeHTTP is the CA, when it is up.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if w.down.Load() {
		panic(http.ErrAbortHandler)
	}
	switch r.URL.Path {
	case "/order-plz":
		rw = counter{rw, &w.orders}
	case "/sign-me-up":
		w.door.Lock()
		defer w.door.Unlock()
		rw = counter{rw, &w.people}
	}
	(*w.front.Load()).ServeHTTP(rw, r)
}

// counter counts what was created: a refused nonce places no order.
type counter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c counter) WriteHeader(status int) {
	if status == http.StatusCreated {
		c.n.Add(1)
	}
	c.ResponseWriter.WriteHeader(status)
}

// serve answers visitors and the CA with the source of the moment.
func (w *world) serve() {
	plain := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(r.Host, ":")
		if answer, ok := w.source.Load().Challenge(host, r.URL.Path); ok {
			_, _ = io.WriteString(rw, answer)
			return
		}
		http.NotFound(rw, r)
	}), ErrorLog: log.New(io.Discard, "", 0)}
	secure := &http.Server{Handler: http.NotFoundHandler(), ErrorLog: log.New(io.Discard, "", 0), TLSConfig: &tls.Config{
		NextProtos:     []string{"http/1.1", alpnChallenge},
		GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return w.source.Load().Certificate(h) },
	}}
	var ended sync.WaitGroup
	ended.Go(func() { _ = plain.Serve(w.http) })
	ended.Go(func() { _ = secure.ServeTLS(w.tls, "", "") })
	w.t.Cleanup(func() { plain.Close(); secure.Close(); ended.Wait() })
}

// serveDNS says of each name that it is this machine, and of a TXT record what stands in its directory.
func (w *world) serveDNS() {
	ln := listen(w.t)
	w.dns = ln.Addr().String()
	s := &dns.Server{Listener: ln, Handler: dns.HandlerFunc(func(rw dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg)
		a.SetReply(q)
		name, head := q.Question[0].Name, dns.RR_Header{Name: q.Question[0].Name, Rrtype: q.Question[0].Qtype, Class: dns.ClassINET, Ttl: 1}
		switch q.Question[0].Qtype {
		case dns.TypeA:
			a.Answer = append(a.Answer, &dns.A{Hdr: head, A: net.IPv4(127, 0, 0, 1)})
		case dns.TypeTXT:
			files, _ := os.ReadDir(filepath.Join(w.records, strings.TrimSuffix(name, ".")))
			for _, f := range files {
				a.Answer = append(a.Answer, &dns.TXT{Hdr: head, Txt: []string{f.Name()}})
			}
		}
		_ = rw.WriteMsg(a)
	})}
	var ended sync.WaitGroup
	ended.Go(func() { _ = s.ActivateAndServe() })
	w.t.Cleanup(func() { ln.Close(); ended.Wait() })
}

// hook is a program that sets TXT records in the DNS of the world.
func (w *world) hook() string {
	path := filepath.Join(w.t.TempDir(), "hook")
	write(w.t, path, []byte("#!/bin/sh\nset -e\nd="+w.records+"\ncase $1 in\npresent) mkdir -p $d/$2; : > $d/$2/$3;;\ncleanup) rm $d/$2/$3;;\n*) exit 2;;\nesac\necho $1 >> "+w.records+"/calls\n"))
	if err := os.Chmod(path, 0o700); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// begun is a source that is used from now on. It ends with the test, or when stop is called.
func (w *world) begun(store Store, names []string, change ...func(*Options)) (s *Source, stop func()) {
	w.t.Helper()
	o := options(w.t, store, names)
	o.ACME = &ACME{Directory: w.server.URL + wfe.DirectoryPath, Email: "owner@example.com", CA: w.roots}
	for _, f := range change {
		f(&o)
	}
	s = open(w.t, o)
	w.source.Store(s)
	return s, run(w.t, s)
}

// options are those of a source for a relay of the domain tunnel.test that serves names.
func options(t *testing.T, store Store, names []string) Options {
	return Options{
		Store: store, Domain: "tunnel.test", Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Go: func(f func()) { go f() },
		Canonical: func(s string) (string, bool) { return strings.ToLower(s), s != "" },
		Subject: func(name string) (string, string, bool) {
			for _, n := range names {
				if n == name || strings.HasPrefix(n, "*.") && strings.HasSuffix(name, n[1:]) {
					return n, "acme", true
				}
			}
			return "", "", false
		},
	}
}

func open(t *testing.T, o Options) *Source {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// run runs s until stop, or the test's end.
func run(t *testing.T, s *Source) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { _ = s.Run(ctx) })
	stop = func() { cancel(); ended.Wait(); s.Close() }
	t.Cleanup(stop)
	return stop
}

// visit makes a handshake and returns the certificate that was shown.
func (w *world) visit(name string) (*x509.Certificate, error) {
	return shake(w.tls.Addr().String(), name)
}

func shake(addr, name string) (*x509.Certificate, error) {
	d := &tls.Dialer{NetDialer: &net.Dialer{Timeout: patience}, Config: &tls.Config{ServerName: name, InsecureSkipVerify: true}}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// shows visits and wants a certificate for the name from the CA.
func (w *world) shows(name string) *x509.Certificate {
	w.t.Helper()
	c, err := w.visit(name)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	if err := c.VerifyHostname(name); err != nil || !strings.HasPrefix(c.Issuer.CommonName, "Pebble") {
		w.t.Fatalf("%s: %v, of %q", name, err, c.Issuer.CommonName)
	}
	return c
}

// ordered wants so many orders to have been placed.
func (w *world) ordered(want int64) {
	w.t.Helper()
	if got := w.orders.Load(); got != want {
		w.t.Errorf("%d orders were placed, want %d", got, want)
	}
}

// listen takes a port below those that systems give away by themselves (Linux: from 32768 on), so that it stays free for who is to have it after a Close.
func listen(t *testing.T) net.Listener {
	t.Helper()
	for range 100 {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(10000)))
		if err == nil {
			t.Cleanup(func() { ln.Close() })
			return ln
		}
	}
	t.Fatal("no port is free")
	return nil
}

func portOf(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what takes a moment.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
