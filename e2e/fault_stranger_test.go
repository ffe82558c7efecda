package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A stranger at the relay's address, as a relay that has lost its state is to an agent: the agent says so, ends, and has told it nothing.
func TestStrangerGetsNoToken(t *testing.T) {
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"adit/1"}, Certificates: []tls.Certificate{selfSigned(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	heard := make(chan string, 100)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(patience))
			b, _ := io.ReadAll(c)
			_ = c.Close()
			heard <- string(b)
		}
	}()
	p := start(t, nil, "http", service(t, http.HandlerFunc(hello)), "--no-tui", "--relay", ln.Addr().String(),
		"--relay-pin", "sha256:"+strings.Repeat("0", 64), "--authtoken", "adit_secret")
	if c := p.code(); c != 3 {
		t.Errorf("exit code %d, want 3", c)
	}
	if !strings.Contains(p.stderr.text(), "ADIT-1008") {
		t.Errorf("stderr does not say ADIT-1008:\n%s", p.stderr.text())
	}
	select {
	case said := <-heard:
		if said != "" {
			t.Errorf("the agent told the stranger %q", said)
		}
	case <-time.After(patience):
		t.Error("the agent did not come")
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
