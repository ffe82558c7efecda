package agent

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// tlsEnd is how the agent ends the TLS of an endpoint's visitors. The files of certificate and key are read again when they have changed.
type tlsEnd struct {
	crt, key string
	conf     *tls.Config
	log      *slog.Logger // nil until the endpoint is an agent's

	mu     sync.Mutex
	pair   *tls.Certificate
	stamps [2]stamp
}

// stamp tells one state of a file from another.
type stamp struct {
	changed time.Time
	size    int64
}

// newTLSEnd reads the files.
func newTLSEnd(crt, key string, clientCAs []string) (*tlsEnd, error) {
	if crt == "" || key == "" {
		return nil, errors.New("to end TLS at the agent takes a certificate and its key (--crt and --key)")
	}
	e := &tlsEnd{crt: crt, key: key}
	if err := e.load(); err != nil {
		return nil, err
	}
	e.conf = &tls.Config{
		MinVersion: tls.VersionTLS12, CipherSuites: aead, DynamicRecordSizingDisabled: true,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return e.certificate(), nil },
	}
	if len(clientCAs) == 0 {
		return e, nil
	}
	pem, err := authorities(clientCAs)
	if err != nil {
		return nil, err
	}
	cas := x509.NewCertPool()
	cas.AppendCertsFromPEM([]byte(pem)) // all were parsed once
	e.conf.ClientCAs, e.conf.ClientAuth = cas, tls.RequireAndVerifyClientCert
	e.conf.SessionTicketsDisabled = true // the certificate is looked at each time
	return e, nil
}

// aead are the suites of TLS 1.2 that are offered; those of 1.3 are all of that kind.
var aead = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

func (e *tlsEnd) config() *tls.Config { return e.conf }

// certificate is what the files hold now, or held when they could last be read.
func (e *tlsEnd) certificate() *tls.Certificate {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stamped() != e.stamps {
		if err := e.load(); err != nil && e.log != nil {
			e.log.Warn("a changed certificate cannot be read; the old one is kept", "err", err)
		}
	}
	return e.pair
}

// load reads the files. What cannot be read now is looked at again when it has changed once more.
func (e *tlsEnd) load() error {
	e.stamps = e.stamped()
	pair, err := tls.LoadX509KeyPair(e.crt, e.key)
	if err != nil {
		return fmt.Errorf("certificate %s and key %s: %w", e.crt, e.key, err)
	}
	e.pair = &pair
	return nil
}

func (e *tlsEnd) stamped() (all [2]stamp) {
	for i, file := range []string{e.crt, e.key} {
		if s, err := os.Stat(file); err == nil {
			all[i] = stamp{s.ModTime(), s.Size()}
		}
	}
	return all
}
