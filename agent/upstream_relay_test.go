package agent_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
	"github.com/adit-tunnel/adit/relay/relaytest"
)

// forwarder is an agent with one endpoint that leads to e.Upstream, and the store of what passes.
type forwarder struct {
	*program
	store *store.Memory
}

func newForwarder(t *testing.T, e agent.Endpoint) *forwarder {
	t.Helper()
	p := &program{t: t, relay: relaytest.Start(t), ended: make(chan error, 1)}
	f := &forwarder{program: p}
	f.store = store.NewMemory(store.Options{OnChange: func(uint64) { p.a.Changed() }})
	e.Name, e.Inspect = "web", true
	var err error
	if p.a, err = agent.New(agent.Options{Relay: p.relay.Agents, Pin: p.relay.Pin, Token: p.relay.Token, Recorder: f.store}); err != nil {
		t.Fatal(err)
	}
	p.a.SetReader(f.store)
	if err := p.a.Forward(e); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { p.ended <- p.a.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	if p.url, err = p.a.URL(p.context(), "web"); err != nil {
		t.Fatal(err)
	}
	return f
}

// get is what a visitor gets.
func (f *forwarder) get(path string) (*http.Response, string) {
	f.t.Helper()
	return f.do(f.visitor(), f.request("GET", path, nil))
}

// last is the exchange that was recorded last.
func (f *forwarder) last() *inspect.Exchange {
	f.t.Helper()
	all, err := inspect.Collect(f.store.List(f.context(), inspect.Query{Limit: 1}))
	if err != nil || len(all) == 0 {
		f.t.Fatalf("%d recorded, %v", len(all), err)
	}
	item, err := f.store.Get(f.context(), all[0].ID)
	if err != nil {
		f.t.Fatal(err)
	}
	return item.Exchange
}

// failure asks once, and returns what the exchange failed with, and what is to be done about it, which stands on the page too.
func (f *forwarder) failure() string {
	f.t.Helper()
	res, page := f.get("/")
	if res.StatusCode != 502 {
		f.t.Errorf("%d %q", res.StatusCode, page)
	}
	x := f.last()
	if x.Failure == nil {
		return page
	}
	if !strings.Contains(page, x.Failure.Remedy) {
		f.t.Errorf("the page does not say %q: %s", x.Failure.Remedy, page)
	}
	return x.Failure.Name + " " + x.Failure.Text + " " + x.Failure.Remedy
}

// quiet keeps a server's complaints about bad clients out of the test's output.
var quiet = log.New(io.Discard, "", 0)

func newTLSService(t *testing.T, h http.Handler, conf *tls.Config) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog, s.TLS = quiet, conf
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// inFile writes certificates, or a key, as PEM.
func inFile(t *testing.T, kind string, blocks ...[]byte) string {
	t.Helper()
	var b []byte
	for _, der := range blocks {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	name := filepath.Join(t.TempDir(), strings.ToLower(strings.ReplaceAll(kind, " ", "-"))+".pem")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestHTTPSUpstream: TLS to the service carries what plain connections do, kept ones too; its certificate is looked at when that is asked for.
func TestHTTPSUpstream(t *testing.T) {
	big := content(5 << 20)
	s := newTLSService(t, services(big), nil)
	ca := inFile(t, "CERTIFICATE", s.Certificate().Raw)
	for what, e := range map[string]agent.Endpoint{
		"not verified": {Upstream: s.URL}, "verified": {Upstream: s.URL, UpstreamCAs: ca},
	} {
		t.Run(what, func(t *testing.T) {
			f := newForwarder(t, e)
			v := f.visitor()
			for range 3 {
				if res, got := f.do(v, f.request("POST", "/echo", bytes.NewReader(big))); got != string(big) {
					t.Fatalf("%d, %d bytes", res.StatusCode, len(got))
				}
			}
			if _, got := f.do(v, f.request("GET", "/big", nil)); got != string(big) {
				t.Errorf("%d bytes", len(got))
			}
		})
	}
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for what, tt := range map[string]struct {
		e    agent.Endpoint
		want string
	}{
		"nobody knows its authority": {agent.Endpoint{Upstream: s.URL, VerifyUpstream: true}, "signed by an authority that is not known here) Name that authority's certificate with --upstream-tls-verify-cas."},
		"for another name":           {agent.Endpoint{Upstream: "https://localhost:" + port, UpstreamCAs: ca}, "for another name: x509: certificate is valid for example.com"},
	} {
		t.Run(what, func(t *testing.T) {
			if got := newForwarder(t, tt.e).failure(); !strings.HasPrefix(got, "LOCAL_TLS ") || !strings.Contains(got, tt.want) {
				t.Error(got)
			}
		})
	}
}

// TestHTTPSUpgrade: an upgraded connection over TLS goes both ways.
func TestHTTPSUpgrade(t *testing.T) {
	f := newForwarder(t, agent.Endpoint{Upstream: newTLSService(t, services(nil), nil).URL})
	c, r := f.raw("GET /hijack HTTP/1.1\nHost: HOST\nConnection: Upgrade\nUpgrade: echo\n\nearly ")
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 101 {
		t.Fatalf("%+v %v", res, err)
	}
	io.WriteString(c, "late ")
	c.(*net.TCPConn).CloseWrite()
	if b, err := io.ReadAll(r); err != nil || string(b) != "early late bye" {
		t.Errorf("%q %v", b, err)
	}
}

// TestClientCertificate: a service that asks for one gets it.
func TestClientCertificate(t *testing.T) {
	crt, key := newCertificate(t)
	s := newTLSService(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}), &tls.Config{ClientAuth: tls.RequireAnyClientCert})
	if _, got := newForwarder(t, agent.Endpoint{Upstream: s.URL, UpstreamCert: crt, UpstreamKey: key}).get("/"); got != "ann" {
		t.Errorf("the service knows %q", got)
	}
	picky := newTLSService(t, http.HandlerFunc(says), &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()})
	if got := newForwarder(t, agent.Endpoint{Upstream: picky.URL, UpstreamCert: crt, UpstreamKey: key}).failure(); !strings.Contains(got, "it does not take the client certificate") {
		t.Error(got)
	}
	only2 := localService(t, func(c *net.TCPConn) {
		_ = tls.Server(c, &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"h3"}}).Handshake()
	})
	if got := newForwarder(t, agent.Endpoint{Upstream: "https://" + only2}).failure(); !strings.HasPrefix(got, "LOCAL_TLS ") || !strings.HasSuffix(got, "Add --upstream-protocol http2.") {
		t.Error(got)
	}
	without := newForwarder(t, agent.Endpoint{Upstream: s.URL})
	if got := without.failure(); !strings.HasPrefix(got, "LOCAL_TLS ") || !strings.Contains(got, "it wants a client certificate") {
		t.Error(got)
	}
}

// newCertificate makes one that has signed itself, in files.
func newCertificate(t *testing.T) (crt, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	c.Subject.CommonName = "ann"
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return inFile(t, "CERTIFICATE", der), inFile(t, "PRIVATE KEY", pkcs8)
}

// TestMixedUp: http where https is spoken, and the other way round, is said so, and what to write instead.
func TestMixedUp(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(says))
	t.Cleanup(plain.Close)
	secure := newTLSService(t, http.HandlerFunc(says), nil)
	_, port, _ := net.SplitHostPort(plain.Listener.Addr().String())
	for _, tt := range []struct{ what, scheme, addr, want, mend string }{
		{"a web service", "https", "localhost:" + port, "LOCAL_TLS ", "it speaks plain HTTP) Give the upstream as http://ADDR."},
		{"no web service", "https", newAnswering(t, "220 mail ready\r\n"), "LOCAL_TLS ", "it does not speak TLS) If it is the right port, give the upstream as http://ADDR."},
		{"closes on a hello", "https", newAnswering(t, ""), "LOCAL_TLS ", "If it does not speak TLS, give the upstream as http://ADDR."},
		{"says in TLS that this is no hello", "http", newAnswering(t, "\x15\x03\x03\x00\x02\x02\x0a"), "LOCAL_NOT_HTTP ", "it speaks TLS) Give the upstream as https://ADDR."},
		{"speaks HTTP/2", "http", newAnswering(t, "\x00\x00\x0c\x04\x00\x00\x00\x00\x00\x00\x04\x00\x00\xff\xff\x00\x03\x00\x00\x00\x64"), "LOCAL_NOT_HTTP ", "it speaks HTTP/2, and not HTTP/1.1) Add --upstream-protocol http2."},
		{"is Go's", "http", secure.Listener.Addr().String(), "LOCAL_NOT_HTTP ", "it speaks TLS) Give the upstream as https://ADDR."},
		{"closes on what is no hello", "http", newAnswering(t, ""), "LOCAL_RESET ", "If the local service speaks TLS, give the upstream as https://ADDR;"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			mend := strings.Replace(tt.mend, "ADDR", tt.addr, 1)
			if got := newForwarder(t, agent.Endpoint{Upstream: tt.scheme + "://" + tt.addr}).failure(); !strings.HasPrefix(got, tt.want) || !strings.Contains(got, mend) {
				t.Errorf("%s\nwant %s%s", got, tt.want, mend)
			}
		})
	}
}

// TestCrashIsNoMixUp: of a service that has answered before, nobody is told that it may speak TLS.
func TestCrashIsNoMixUp(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			panic(http.ErrAbortHandler)
		}
		says(w, r)
	}))
	t.Cleanup(s.Close)
	f := newForwarder(t, agent.Endpoint{Upstream: s.URL})
	f.get("/well")
	if got := f.failure(); !strings.HasPrefix(got, "LOCAL_RESET ") || strings.Contains(got, "TLS") {
		t.Error(got)
	}
}

// newAnswering is a service that says one thing to everybody.
func newAnswering(t *testing.T, what string) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 4096))
			io.WriteString(c, what)
			c.Close()
		}
	})
	t.Cleanup(func() {
		ln.Close()
		all.Wait()
	})
	return ln.Addr().String()
}

// TestUnixUpstream: a service at a unix socket is served as others are.
func TestUnixUpstream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	big := content(3 << 20)
	s := &httptest.Server{Listener: ln, Config: &http.Server{Handler: services(big)}}
	s.Start()
	t.Cleanup(s.Close)
	f := newForwarder(t, agent.Endpoint{Upstream: "unix:" + path})
	v := f.visitor()
	for range 3 {
		if res, got := f.do(v, f.request("POST", "/echo", bytes.NewReader(big))); got != string(big) {
			t.Fatalf("%d, %d bytes", res.StatusCode, len(got))
		}
	}
	s.Close()
	if got := f.failure(); !strings.HasPrefix(got, "LOCAL_REFUSED ") || !strings.Contains(got, path) {
		t.Error(got)
	}
}

// TestUpstreamMistakes: what cannot work is said before anything starts.
func TestUpstreamMistakes(t *testing.T) {
	crt, key := newCertificate(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, e := range map[string]agent.Endpoint{
		"want http://HOST:PORT, https":           {Upstream: "ftp://a"},
		"no port number":                         {Upstream: "https://a:0"},
		"the whole path of a socket":             {Upstream: "unix:a.sock"},
		"the whole path of a directory":          {Upstream: "file://a"},
		"no such file or directory":              {Upstream: "file:///does/not/exist"},
		"it is no directory":                     {Upstream: "file://" + file},
		"adit itself":                            {Upstream: "file:///", ProxyProtocol: 1},
		"no version 3":                           {Upstream: "http://a", ProxyProtocol: 3},
		`"http3" is not known`:                   {Upstream: "http://a", UpstreamProtocol: "http3"},
		"only to an https:// or tls:// upstream": {Upstream: "http://a", VerifyUpstream: true},
		"go together":                            {Upstream: "https://a", UpstreamCert: crt},
		"no certificate in " + key:               {Upstream: "https://a", UpstreamCAs: key},
		"the client certificate for the upstre":  {Upstream: "https://a", UpstreamCert: key, UpstreamKey: crt},
		`the scheme "ftp"`:                       {Upstream: "http://a", Schemes: []string{"ftp"}},
	} {
		a, err := agent.New(agent.Options{Relay: "host:1", Pin: "sha256:" + strings.Repeat("0", 64)})
		if err != nil {
			t.Fatal(err)
		}
		e.Name = "web"
		if err := a.Forward(e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", e, err, want)
		}
	}
}

// TestHostHeaderLeadsBack: with Host replaced, what the service says of that name leads visitors back; nothing else changes by a byte.
func TestHostHeaderLeadsBack(t *testing.T) {
	said := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "HTTP/1.1 302 Found\r\nX-Host: %s\r\n%sContent-Length: 4\r\n\r\nbody", r.Host, strings.ReplaceAll(<-said, "HOST", r.Host))
	}))
	t.Cleanup(s.Close)
	for hostHeader, lines := range map[string][][2]string{
		"rewrite": {
			{"Location: http://HOST/login?next=http://HOST/\r\n", "Location: PUBLIC/login?next=http://HOST/\r\n"},
			{"location:  HTTPS://HOST\r\nx-other:kept \r\n", "location:  PUBLIC\r\nx-other:kept \r\n"},
			{"Content-Location: //HOST/a\r\n", "Content-Location: //NAME/a\r\n"},
			{"Refresh: 5; URL=http://HOST/\r\n", "Refresh: 5; URL=PUBLIC/\r\n"},
			{"Set-Cookie: a=b; Domain=127.0.0.1; Path=/\r\nSet-Cookie: c=d; domain=other.example\r\n", "Set-Cookie: a=b; Domain=HOSTNAME; Path=/\r\nSet-Cookie: c=d; domain=other.example\r\n"},
			{"Location: /login\r\n", "Location: /login\r\n"},
			{"Location: http://other.example/\r\n", "Location: http://other.example/\r\n"},
			{"Location: http://127.0.0.1:1/\r\n", "Location: http://127.0.0.1:1/\r\n"},
			{"Location: http://u@HOST/\r\n", "Location: http://u@HOST/\r\n"},
		},
		"shop.test": {
			{"Location: http://shop.test/login\r\n", "Location: PUBLIC/login\r\n"},
			{"Set-Cookie: a=b; Domain=.shop.test; Secure\r\n", "Set-Cookie: a=b; Domain=HOSTNAME; Secure\r\n"},
			{"Set-Cookie: a=b; Domain=test\r\n", "Set-Cookie: a=b; Domain=HOSTNAME\r\n"},
			{"Set-Cookie: a=Domain=shop.test\r\n", "Set-Cookie: a=Domain=shop.test\r\n"},
		},
		"preserve": {{"Location: http://127.0.0.1/\r\n", "Location: http://127.0.0.1/\r\n"}},
	} {
		f := newForwarder(t, agent.Endpoint{Upstream: s.URL, HostHeader: hostHeader})
		_, name, _ := strings.Cut(f.url, "://")
		hostname, _, _ := strings.Cut(name, ":")
		for _, line := range lines {
			said <- line[0]
			_, r := f.raw("GET / HTTP/1.1\nHost: HOST\nConnection: close\n\n")
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(string(b), "X-Host: ")
			host, rest, _ := strings.Cut(rest, "\r\n")
			want := strings.NewReplacer("HOSTNAME", hostname, "HOST", host, "PUBLIC", f.url, "NAME", name).Replace(line[1])
			if !strings.HasPrefix(rest, want) || !strings.HasSuffix(rest, "\r\n\r\nbody") {
				t.Errorf("%s, Host %s: %q\ngot  %q\nwant %q", hostHeader, host, line[0], rest, want)
			}
			f.until(func() bool { return f.last().State == inspect.Done })
			if x := f.last(); !strings.Contains(string(x.Response.Head), strings.ReplaceAll(line[0], "HOST", host)) {
				t.Errorf("recorded is not what the service said: %q", x.Response.Head)
			}
		}
	}
}

// until waits for the recorder.
func (f *forwarder) until(ok func() bool) {
	f.t.Helper()
	for late := time.Now().Add(limit); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			f.t.Fatalf("never: %+v", f.last())
		}
	}
}
