package relay

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/adit-tunnel/adit/relay/cert"
)

// loadAuthority reads the CA of the agents' port from dir, or makes it on first start; a certificate near its end is signed anew with the same key, so that
// the pin stays. This CA signs the certificate of the agents' port and nothing else; agents know it by its pin.
func loadAuthority(dir string, now time.Time) (*cert.Authority, error) {
	path := filepath.Join(dir, caFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		ca, err := cert.NewAuthority("adit relay CA", "", now)
		return keepAuthority(dir, ca, err)
	}
	if err != nil {
		return nil, fmt.Errorf("relay CA: %w", err)
	}
	ca, err := cert.ParseAuthority(text)
	if err != nil {
		return nil, fmt.Errorf("relay CA %s is damaged (%w): restore it, or delete it: then agents need the new pin", path, err)
	}
	if ca.NearEnd(now) {
		return renewAuthority(dir, ca, now)
	}
	return ca, writeCACert(dir, ca.Cert)
}

func renewAuthority(dir string, ca *cert.Authority, now time.Time) (*cert.Authority, error) {
	ca, err := ca.Renewed(now)
	return keepAuthority(dir, ca, err)
}

// keepAuthority writes a CA that was made, if it was.
func keepAuthority(dir string, ca *cert.Authority, err error) (*cert.Authority, error) {
	var text []byte
	if err == nil {
		text, err = ca.PEM()
	}
	if err == nil {
		err = writeFile(filepath.Join(dir, caFile), text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("relay CA: %w", err)
	}
	return ca, writeCACert(dir, ca.Cert)
}

// writeCACert keeps the certificate alone beside the CA, so that nobody hands out the file with the key.
func writeCACert(dir string, c *x509.Certificate) error {
	path, text := filepath.Join(dir, caCertFile), cert.PEM(c)
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, text) {
		return nil
	}
	if err := writeFile(path, text, 0o644); err != nil {
		return fmt.Errorf("relay CA: %w", err)
	}
	return nil
}

func readPair(path string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	return cert.ParsePair(text)
}

func writePair(path string, c *x509.Certificate, key *ecdsa.PrivateKey) error {
	text, err := cert.PairPEM(c, key)
	if err != nil {
		return err
	}
	return writeFile(path, text, 0o600)
}
