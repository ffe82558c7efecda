package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTLSTrust(t *testing.T) {
	good, ca := testCA()
	_, otherCA := makeCA(time.Now().Add(time.Hour))
	expired, expiredCA := makeCA(time.Now().Add(-time.Hour))
	leafOnly := good
	leafOnly.Certificate = good.Certificate[:1]
	forged := good // the pinned CA is in the chain, but has not signed the certificate
	other, _ := makeCA(time.Now().Add(time.Hour))
	forged = other
	forged.Certificate = [][]byte{other.Certificate[0], ca.Raw}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	tests := []struct {
		name  string
		cert  tls.Certificate
		pin   string
		roots *x509.CertPool
		host  string
		code  Code
	}{
		{"pin", good, Pin(ca), nil, "", 0},
		{"pin in capitals", good, "SHA256:" + strings.ToUpper(Pin(ca)[7:]), nil, "", 0},
		{"pin, wrong name", good, Pin(ca), nil, "elsewhere.test", 0},
		{"another pin", good, Pin(otherCA), nil, "", CodePinMismatch},
		{"another pin, right roots", good, Pin(otherCA), roots, "relay.test", CodePinMismatch},
		{"pin of the certificate itself", good, Pin(good.Leaf), nil, "", CodePinMismatch},
		{"no CA in the chain", leafOnly, Pin(ca), nil, "", CodePinMismatch},
		{"not signed by the pinned CA", forged, Pin(ca), nil, "", CodeUntrustedRelay},
		{"expired", expired, Pin(expiredCA), nil, "", CodeUntrustedRelay},
		{"roots", good, "", roots, "relay.test", 0},
		{"roots, address", leafOnly, "", roots, "127.0.0.1", 0},
		{"roots, wrong name", good, "", roots, "elsewhere.test", CodeUntrustedRelay},
		{"unknown roots", good, "", x509.NewCertPool(), "relay.test", CodeUntrustedRelay},
		{"system's roots", good, "", nil, "relay.test", CodeUntrustedRelay},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := ClientTLS(tt.pin, tt.roots, tt.host)
			if err != nil {
				t.Fatal(err)
			}
			err = handshakeTLS(t, ServerTLS(tt.cert), cfg)
			var fatal *FatalError
			if tt.code == 0 && err != nil {
				t.Error(err)
			}
			if tt.code != 0 && (!errors.As(err, &fatal) || fatal.Code != tt.code) {
				t.Error(err)
			}
		})
	}
}

// handshakeTLS returns what the client says.
func handshakeTLS(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	r, a := tcpPair(t)
	defer r.Close()
	defer a.Close()
	done := make(chan struct{})
	go func() { defer close(done); _ = tls.Server(r, server).Handshake(); _ = r.Close() }()
	c := tls.Client(a, client)
	err := c.Handshake()
	if err == nil && c.ConnectionState().Version != tls.VersionTLS13 {
		t.Errorf("version %x", c.ConnectionState().Version)
	}
	_ = a.Close()
	within(t, "the relay's end", func() { <-done })
	return err
}

func TestTLSProtocol(t *testing.T) {
	cert, ca := testCA()
	cfg, err := ClientTLS(Pin(ca), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	web := ServerTLS(cert)
	web.NextProtos = nil
	wantCode(t, handshakeTLS(t, web, cfg), CodeProtocol)
	old := cfg.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if handshakeTLS(t, ServerTLS(cert), old) == nil {
		t.Error("TLS 1.2 was spoken")
	}
}

func TestTLSRefusesToTrustEverybody(t *testing.T) {
	for _, tt := range [][2]string{{"", ""}, {"sha256:", "h"}, {"sha256:00", "h"}, {strings.Repeat("0", 64), "h"}, {"sha256:" + strings.Repeat("g", 64), "h"}} {
		if _, err := ClientTLS(tt[0], nil, tt[1]); err == nil {
			t.Errorf("%q was taken", tt)
		}
	}
}

func TestTune(t *testing.T) {
	r, a := tlsPair(t)
	TuneLink(r)
	notSentLowat(a, 128<<10)
	m, n := memPair(1)
	TuneLink(m)
	notSentLowat(n, 1)
	for _, c := range []interface{ Close() error }{r, a} {
		_ = c.Close()
	}
}
