package relay

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

const (
	caLife    = 10 * 365 * 24 * time.Hour
	caRenew   = 365 * 24 * time.Hour // a CA certificate with less left is signed anew with its old key, so that the pin stays
	leafLife  = 90 * 24 * time.Hour
	leafRenew = 30 * 24 * time.Hour
	backdate  = 24 * time.Hour // other machines' clocks are wrong
)

// authority is the relay's own CA. It signs the certificate of the agents' port and nothing else; agents know it by its pin.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// loadAuthority reads the CA from dir, or makes it on first start; a certificate near its end is signed anew with the same key.
func loadAuthority(dir string, now time.Time) (*authority, error) {
	path := filepath.Join(dir, caFile)
	cert, key, err := readPair(path)
	if errors.Is(err, fs.ErrNotExist) {
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, fmt.Errorf("relay CA: %w", err)
		}
		return newAuthority(dir, key, now)
	}
	if err != nil {
		return nil, fmt.Errorf("relay CA %s is damaged (%w): restore it, or delete it: then agents need the new pin", path, err)
	}
	if !cert.IsCA {
		return nil, fmt.Errorf("relay CA %s is not the certificate of a CA: restore it, or delete it: then agents need the new pin", path)
	}
	if now.After(cert.NotAfter.Add(-caRenew)) {
		return newAuthority(dir, key, now)
	}
	return &authority{cert: cert, key: key}, writeCACert(dir, cert)
}

// newAuthority signs a CA certificate for key and writes both.
func newAuthority(dir string, key *ecdsa.PrivateKey, now time.Time) (*authority, error) {
	template, err := newTemplate("adit relay CA", now, now.Add(caLife))
	if err != nil {
		return nil, fmt.Errorf("relay CA: %w", err)
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.MaxPathLenZero = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("relay CA: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("relay CA: %w", err)
	}
	if err := writePair(filepath.Join(dir, caFile), cert, key); err != nil {
		return nil, fmt.Errorf("relay CA: %w", err)
	}
	return &authority{cert: cert, key: key}, writeCACert(dir, cert)
}

// writeCACert keeps the certificate alone beside the CA, so that nobody hands out the file with the key.
func writeCACert(dir string, cert *x509.Certificate) error {
	path, text := filepath.Join(dir, caCertFile), pemCert(cert)
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, text) {
		return nil
	}
	if err := writeFile(path, text, 0o644); err != nil {
		return fmt.Errorf("relay CA: %w", err)
	}
	return nil
}

// pin is how agents know the CA: a hash of its public key, so that it outlives a renewed certificate.
func (a *authority) pin() string { return wire.Pin(a.cert) }

// sign makes a server certificate with a fresh key for hosts (names and addresses).
func (a *authority) sign(h hosts, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	end := now.Add(leafLife)
	if end.After(a.cert.NotAfter) {
		end = a.cert.NotAfter
	}
	template, err := newTemplate("adit relay", now, end)
	if err != nil {
		return nil, nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames, template.IPAddresses = h.names, h.addrs
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

func newTemplate(name string, now, end time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-backdate),
		NotAfter:     end,
	}, nil
}

// readPair reads a certificate and its key from one PEM file. It checks that they belong together.
func readPair(path string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	var cert *x509.Certificate
	var key *ecdsa.PrivateKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			if cert, err = x509.ParseCertificate(block.Bytes); err != nil {
				return nil, nil, err
			}
		case "PRIVATE KEY":
			k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, nil, err
			}
			key, _ = k.(*ecdsa.PrivateKey)
		}
	}
	if cert == nil || key == nil {
		return nil, nil, errors.New("it does not hold a certificate and an ECDSA key")
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, nil, errors.New("certificate and key do not belong together")
	}
	return cert, key, nil
}

func writePair(path string, cert *x509.Certificate, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := append(pemCert(cert), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	return writeFile(path, text, 0o600)
}

func pemCert(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
