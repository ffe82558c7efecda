package cert

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// made is a pair of files for names from a CA of the test.
func made(t *testing.T, dir, name string, at time.Time, names ...string) (p Pair, leaf *x509.Certificate) {
	t.Helper()
	ca, err := NewAuthority("test", "", at)
	if err != nil {
		t.Fatal(err)
	}
	leaf, key, err := ca.Sign("test", names, nil, at)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p = Pair{Cert: filepath.Join(dir, name+".crt"), Key: filepath.Join(dir, name+".key")}
	write(t, p.Cert, PEM(leaf))
	write(t, p.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return p, leaf
}

// served is the address of a TLS server with the certificates of s.
func served(t *testing.T, s *Source) (addr string) {
	t.Helper()
	ln := tls.NewListener(listen(t), &tls.Config{GetCertificate: s.Certificate})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { _ = c.(*tls.Conn).HandshakeContext(t.Context()); c.Close() })
		}
	})
	t.Cleanup(func() { ln.Close(); all.Wait() })
	return ln.Addr().String()
}

// wants wants the certificate that is shown for name to be leaf; nil: the name is not served.
func wants(t *testing.T, addr, name string, leaf *x509.Certificate) {
	t.Helper()
	got, err := shake(addr, name)
	switch {
	case leaf == nil && (err == nil || !strings.Contains(err.Error(), "unrecognized name")):
		t.Errorf("%q: %v, want the alert unrecognized_name", name, err)
	case leaf != nil && err != nil:
		t.Errorf("%q: %v", name, err)
	case leaf != nil && !got.Equal(leaf):
		t.Errorf("%q: the certificate is for %q, want %q", name, got.DNSNames, leaf.DNSNames)
	}
}

func TestFilesByName(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	wild, wildLeaf := made(t, dir, "wild", now, "*.example.com", "example.com")
	exact, exactLeaf := made(t, dir, "exact", now, "App.example.com")
	o := options(t, newMemory(), nil)
	o.Pairs = []Pair{wild, exact}
	addr := served(t, open(t, o))
	wants(t, addr, "app.example.com", exactLeaf)
	wants(t, addr, "APP.EXAMPLE.COM", exactLeaf)
	wants(t, addr, "other.example.com", wildLeaf)
	wants(t, addr, "example.com", wildLeaf)
	wants(t, addr, "a.b.example.com", nil)
	wants(t, addr, "example.org", nil)
	wants(t, addr, "", wildLeaf)
}

func TestFilesAreFollowed(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	p, first := made(t, dir, "a", now, "a.example.com")
	o := options(t, newMemory(), nil)
	o.Pairs = []Pair{p}
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	s := open(t, o)
	addr := served(t, s)
	next, second := made(t, t.TempDir(), "a", now, "a.example.com")
	move := func(from, to string) { write(t, to, read(t, from)) }

	move(next.Cert, p.Cert) // half of it
	s.files.look()
	s.files.look()
	wants(t, addr, "a.example.com", first)
	if n := strings.Count(log.String(), "served on"); n != 1 || !strings.Contains(log.String(), "private key does not match") {
		t.Errorf("said %d times: %s", n, &log)
	}
	if err := s.Reload(); err == nil || !strings.Contains(err.Error(), p.Key) {
		t.Errorf("reload: %v", err)
	}
	move(next.Key, p.Key)
	s.files.look()
	wants(t, addr, "a.example.com", second)
	if got := s.Stats()[0]; got != (Stats{"file", 1, second.NotAfter, 2}) {
		t.Errorf("%+v", got)
	}
	write(t, p.Cert, []byte("-----BEGIN"))
	if err := s.Reload(); err == nil {
		t.Error("reload of a damaged file is no error")
	}
	wants(t, addr, "a.example.com", second)
	move(next.Cert, p.Cert)
	if err := s.Reload(); err != nil {
		t.Error(err)
	}
}

// TestReloadBesideALook: who asks for a reload hears what is wrong, also when it is seen without him in the same moment.
func TestReloadBesideALook(t *testing.T) {
	p, _ := made(t, t.TempDir(), "a", time.Now(), "a.example.com")
	o := options(t, newMemory(), nil)
	o.Pairs, o.Log = []Pair{p}, slog.New(slog.DiscardHandler)
	s := open(t, o)
	write(t, p.Cert, []byte("-----BEGIN"))
	over := make(chan struct{})
	var looks sync.WaitGroup
	for range 8 {
		looks.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					s.files.look()
				}
			}
		})
	}
	for range 3000 {
		if s.Reload() == nil {
			t.Error("reload of a damaged file is no error")
			break
		}
	}
	close(over)
	looks.Wait()
}

// TestRunFollowsFiles: nobody has to ask.
func TestRunFollowsFiles(t *testing.T) {
	p, _ := made(t, t.TempDir(), "a", time.Now(), "a.example.com")
	o := options(t, newMemory(), nil)
	o.Pairs = []Pair{p}
	s := open(t, o)
	addr := served(t, s)
	run(t, s)
	next, second := made(t, t.TempDir(), "a", time.Now(), "a.example.com")
	write(t, p.Cert, read(t, next.Cert))
	write(t, p.Key, read(t, next.Key))
	eventually(t, "the new certificate", func() bool { c, err := shake(addr, "a.example.com"); return err == nil && c.Equal(second) })
}

func TestMistakesInFiles(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	a, _ := made(t, dir, "a", now, "a.example.com")
	b, _ := made(t, dir, "b", now, "b.example.com")
	old, oldLeaf := made(t, dir, "old", now.AddDate(-1, 0, 0), "old.example.com")
	nameless, _ := made(t, dir, "nameless", now)
	for want, pair := range map[string]Pair{
		"--cert: open none.crt":                               {Cert: "none.crt", Key: a.Key},
		"--key: open none.key":                                {Cert: a.Cert, Key: "none.key"},
		"a.crt --key " + b.Key + ": private key does not":     {Cert: a.Cert, Key: b.Key},
		"nameless.crt: its first certificate holds no DNS":    nameless,
		"--key " + a.Cert + ": found a certificate rather":    {Cert: a.Cert, Key: a.Cert},
		"--cert " + a.Key + " --key " + a.Key + ": failed to": {Cert: a.Key, Key: a.Key},
	} {
		o := options(t, newMemory(), nil)
		o.Pairs = []Pair{pair}
		if s, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v %v, want %q", pair, s, err, want)
		}
	}
	o := options(t, newMemory(), nil)
	var log bytes.Buffer
	o.Log, o.Pairs = slog.New(slog.NewTextHandler(&log, nil)), []Pair{old}
	wants(t, served(t, open(t, o)), "old.example.com", oldLeaf)
	if !strings.Contains(log.String(), "expired") {
		t.Errorf("nothing is said of one that has expired: %s", &log)
	}
	late, _ := made(t, dir, "late", now.AddDate(0, 0, -80), "late.example.com")
	log.Reset()
	o.Pairs = []Pair{a, late}
	s := open(t, o)
	s.files.remind()
	if said := log.String(); strings.Count(said, "ends soon") != 2 || strings.Contains(said, a.Cert) {
		t.Errorf("of one that ends soon is said, at the start and later: %s", said)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func rsaPair(t *testing.T, dir, name string) Pair {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template, err := newTemplate("test", now, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	template.DNSNames = []string{name}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	p := Pair{Cert: filepath.Join(dir, "rsa.crt"), Key: filepath.Join(dir, "rsa.key")}
	write(t, p.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, p.Key, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	return p
}

// TestKeyKinds: of two certificates of a name the visitor gets the one that he can use.
func TestKeyKinds(t *testing.T) {
	dir := t.TempDir()
	ec, ecLeaf := made(t, dir, "ec", time.Now(), "a.example.com")
	other := rsaPair(t, dir, "a.example.com")
	o := options(t, newMemory(), nil)
	o.Pairs = []Pair{ec, other}
	addr := served(t, open(t, o))
	wants(t, addr, "a.example.com", ecLeaf)
	c, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "a.example.com", InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12,
		CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if kind := c.ConnectionState().PeerCertificates[0].PublicKeyAlgorithm; kind != x509.RSA {
		t.Errorf("the key is %v", kind)
	}
}

func TestInternalCA(t *testing.T) {
	store := newMemory()
	o := options(t, store, []string{"a.b.tunnel.test", "www.example.com"})
	addr := served(t, open(t, o))
	text, err := InternalCA(store)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	trusted := func(name string) error {
		c, err := tls.Dial("tcp", addr, &tls.Config{ServerName: name, RootCAs: roots})
		if err == nil {
			c.Close()
		}
		return err
	}
	for _, name := range []string{"tunnel.test", "app.tunnel.test", "A.B.tunnel.test"} {
		if err := trusted(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wants(t, addr, "c.b.tunnel.test", nil)
	if c, err := shake(addr, ""); err != nil || c.VerifyHostname("tunnel.test") != nil {
		t.Errorf("without a name: %v", err)
	}
	if err := trusted("www.example.com"); err == nil || strings.Contains(err.Error(), "unrecognized") {
		t.Errorf("a name that the CA is not for: %v", err)
	}
	again := open(t, o)
	if text2, _ := InternalCA(store); !bytes.Equal(text, text2) {
		t.Error("a restart made another CA")
	}
	if !bytes.Equal(PEM(again.ca.ca.Cert), text) {
		t.Error("it is not the one that is printed")
	}
}

// TestPossible: what can have a certificate is what gets one.
func TestPossible(t *testing.T) {
	file, _ := made(t, t.TempDir(), "wild", time.Now(), "*.dev.example.com", "shop.example.com")
	possible := func(a *ACME) *Source {
		o := options(t, newMemory(), nil)
		o.Pairs, o.ACME = []Pair{file}, a
		return open(t, o)
	}
	own, plain := possible(nil), possible(&ACME{Directory: "letsencrypt"})
	hooked := possible(&ACME{Directory: "letsencrypt", Hook: "/hook"})
	for host, want := range map[string][3]bool{ // by the internal CA, by ACME, and with a hook
		"tunnel.test":          {true, true, true},
		"app.tunnel.test":      {true, true, true},
		"*.tunnel.test":        {true, false, true},
		"*.a.b.tunnel.test":    {true, false, true},
		"shop.example.com":     {true, true, true},
		"a.dev.example.com":    {true, true, true},
		"*.dev.example.com":    {true, true, true},
		"*.shop.example.com":   {false, false, true},
		"other.example.com":    {false, true, true},
		"eviltunnel.test":      {false, true, true},
		"a.b.dev.example.com":  {false, true, true},
		"*.a.dev.example.com":  {false, false, true},
		"*.eviltunnel.test":    {false, false, true},
		"xn--bcher-kva.test":   {false, true, true},
		"*.xn--bcher-kva.test": {false, false, true},
	} {
		for i, s := range []*Source{own, plain, hooked} {
			if err := s.Possible(host); (err == nil) != want[i] || err != nil && !strings.Contains(err.Error(), "a certificate for "+host+" takes --") {
				t.Errorf("%s, %d: %v", host, i, err)
			}
		}
	}
}

// TestInternalCAIsForItsDomain: whatever it signs, nobody who trusts it trusts it for other names or for addresses.
func TestInternalCAIsForItsDomain(t *testing.T) {
	now := time.Now()
	ca, err := NewAuthority("test", "tunnel.test", now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.Cert)
	for name, good := range map[string]bool{"tunnel.test": true, "a.b.tunnel.test": true, "bank.example": false, "eviltunnel.test": false, "192.0.2.1": false, "2001:db8::1": false} {
		var names []string
		var addrs []net.IP
		if ip := net.ParseIP(name); ip != nil {
			addrs = []net.IP{ip}
		} else {
			names = []string{name}
		}
		leaf, _, err := ca.Sign("test", names, addrs, now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInternalCALives(t *testing.T) {
	store, at := newMemory(), time.Now()
	c, err := openInternal(store, "tunnel.test", func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	key := c.ca.Cert.PublicKey
	for end := at.AddDate(12, 0, 0); at.Before(end); at = at.AddDate(0, 2, 0) {
		leaf, err := c.get("app.tunnel.test")
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AddCert(c.ca.Cert)
		if _, err := leaf.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "app.tunnel.test", CurrentTime: at}); err != nil {
			t.Fatalf("%v: %v", at, err)
		}
	}
	if !c.ca.key.PublicKey.Equal(key) {
		t.Error("another key")
	}
	at = c.ca.Cert.NotAfter.Add(-caRenew / 2) // of a store that is full the old one is made do with
	store.sick = errors.New("no space left on device")
	before := c.ca.Cert
	if leaf, err := c.get("app.tunnel.test"); err != nil || !at.Before(leaf.Leaf.NotAfter) || !c.ca.Cert.Equal(before) || c.failures != 1 {
		t.Errorf("with a full store: %v, %d failures", err, c.failures)
	}
	at = before.NotAfter.Add(time.Hour)
	if _, err := c.get("app.tunnel.test"); err == nil {
		t.Error("the old CA is used after its end")
	}
	store.sick = nil
	if _, err := c.get("app.tunnel.test"); err != nil || c.ca.Cert.Equal(before) {
		t.Errorf("when there is room again: %v", err)
	}
	for i := range 2 * maxLeaves {
		if _, err := c.get(strings.Repeat("a", 1+i%60) + "." + strings.Repeat("b", 1+i/60) + ".tunnel.test"); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.leaves) > maxLeaves {
		t.Errorf("%d certificates are kept", len(c.leaves))
	}
	other, err := openInternal(store, "other.test", time.Now)
	if err != nil || other.ca.domain() != "other.test" {
		t.Errorf("%v", err)
	}
	write := store.items[internalKey]
	write.value = []byte("x")
	store.items[internalKey] = write
	if _, err := openInternal(store, "other.test", time.Now); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v", err)
	}
}
