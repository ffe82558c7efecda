package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
)

// TestCertificatesOfTheRelay: a relay shows certificates of its CA for its domain, and for what is bound or reserved; the CA outlives it.
func TestCertificatesOfTheRelay(t *testing.T) {
	o := Options{Domain: "tunnel.test", HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Agents: "127.0.0.1:0", StateDir: t.TempDir(), Log: discard}
	var first []byte
	for range 2 {
		r, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := InternalCA(r.store)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = text
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(first)
		if _, err := r.registry.Bind(&registry.Endpoint{Host: "a.b.tunnel.test", Account: "acme"}, registry.Claim{}); err != nil {
			t.Fatal(err)
		}
		for name, good := range map[string]bool{"tunnel.test": true, "app.tunnel.test": true, "a.b.tunnel.test": true, "c.b.tunnel.test": false, "www.example.com": false} {
			if err := handshake(t, r, name, roots); (err == nil) != good {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// handshake shakes hands with what would be the relay's public side.
func handshake(t *testing.T, r *Relay, name string, roots *x509.CertPool) error {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- tls.Server(b, &tls.Config{GetCertificate: r.certs.Certificate}).HandshakeContext(ctx) }()
	err := tls.Client(a, &tls.Config{ServerName: name, RootCAs: roots}).HandshakeContext(ctx)
	a.Close()
	<-ended
	return err
}

// TestSubjects: what a certificate is for is what the registry and the owner say of the name.
func TestSubjects(t *testing.T) {
	r, err := New(Options{Domain: "tunnel.test", HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Agents: "127.0.0.1:0", StateDir: t.TempDir(), Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.store.CreateAccount("acme", "free"); err != nil {
		t.Fatal(err)
	}
	if err := r.store.ReserveDomain("www.example.com", "acme"); err != nil {
		t.Fatal(err)
	}
	e := &registry.Endpoint{Host: "app.tunnel.test", Account: "acme"}
	if _, err := r.registry.Bind(e, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"tunnel.test": true, "app.tunnel.test": true, "www.example.com": true, "example.com": false, "b.tunnel.test": false} {
		subject, account, wanted := r.subject(name)
		if wanted != want || wanted && subject != name || wanted && (account == "acme") != (name != "tunnel.test") {
			t.Errorf("%s: %q of %q %v, want %v", name, subject, account, wanted, want)
		}
	}
	r.registry.Unbind(e)
	if _, _, wanted := r.subject(e.Host); wanted {
		t.Error("what was bound is still wanted")
	}
}

// TestSubjectsOfLostAgents: who comes for a name whose agent was lost a moment ago, or before a restart, is not turned away in the handshake already: his
// request waits.
func TestSubjectsOfLostAgents(t *testing.T) {
	o := Options{Domain: "tunnel.test", HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Agents: "127.0.0.1:0", StateDir: t.TempDir(), Log: discard}
	wants := func(r *Relay, when string) {
		t.Helper()
		for name, subject := range map[string]string{"a.b.tunnel.test": "a.b.tunnel.test", "x.dev.example.com": "*.dev.example.com", "c.b.tunnel.test": ""} {
			if got, account, wanted := r.subject(name); wanted != (subject != "") || wanted && (got != subject || account != "acme") {
				t.Errorf("%s: %s: %q %v, want %q", when, name, got, wanted, subject)
			}
		}
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, host := range []string{"a.b.tunnel.test", "*.dev.example.com"} {
		e := &registry.Endpoint{Host: host, Account: "acme"}
		if _, err := r.registry.Bind(e, registry.Claim{}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			r.registry.Lose(e)
		}
	}
	wants(r, "lost")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = New(o); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	wants(r, "after a restart")
}

// TestItems: the control store is what package cert wants.
func TestItems(t *testing.T) {
	r, err := New(Options{Domain: "tunnel.test", HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Agents: "127.0.0.1:0", StateDir: t.TempDir(), Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := items{r.store}
	if _, _, err := s.Item("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	if err := s.AddItem("a", []byte("1"), time.Hour); err != nil {
		t.Error(err)
	}
	if err := s.AddItem("a", []byte("2"), time.Hour); !errors.Is(err, fs.ErrExist) {
		t.Errorf("twice: %v", err)
	}
	if v, modified, err := s.Item("a"); string(v) != "1" || modified.IsZero() || err != nil {
		t.Errorf("%q %v %v", v, modified, err)
	}
}
