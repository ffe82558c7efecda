package cert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"time"
)

const (
	caLife    = 10 * 365 * 24 * time.Hour
	caRenew   = 365 * 24 * time.Hour // a CA certificate with less left is to be signed anew
	leafLife  = 90 * 24 * time.Hour
	leafRenew = 30 * 24 * time.Hour
	backdate  = 24 * time.Hour // other machines' clocks are wrong
)

// Authority is a CA of the relay's own: a certificate and its key.
type Authority struct {
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes a CA with a fresh key. If domain is not "", its certificates are good for that domain and the names below it only, whatever it signs, and
// only for servers (RFC 5280, 4.2.1.10): who trusts it trusts it for nothing else.
func NewAuthority(name, domain string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return newAuthority(name, domain, key, now)
}

// Renewed is the CA with its old key and name, and a certificate that begins now.
func (a *Authority) Renewed(now time.Time) (*Authority, error) {
	return newAuthority(a.Cert.Subject.CommonName, a.domain(), a.key, now)
}

func newAuthority(name, domain string, key *ecdsa.PrivateKey, now time.Time) (*Authority, error) {
	template, err := newTemplate(name, now, now.Add(caLife))
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.MaxPathLenZero = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	if domain != "" {
		constrain(template, domain)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &Authority{Cert: cert, key: key}, err
}

// constrain limits a CA to a domain. What has no DNS name at all would not be met by a rule about DNS names: addresses are ruled out by themselves.
func constrain(template *x509.Certificate, domain string) {
	template.PermittedDNSDomainsCritical = true
	template.PermittedDNSDomains = []string{domain}
	template.ExcludedIPRanges = []*net.IPNet{
		{IP: make(net.IP, net.IPv4len), Mask: make(net.IPMask, net.IPv4len)},
		{IP: make(net.IP, net.IPv6len), Mask: make(net.IPMask, net.IPv6len)},
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
}

// domain is what the CA is limited to; "" nothing.
func (a *Authority) domain() string {
	if len(a.Cert.PermittedDNSDomains) == 0 {
		return ""
	}
	return a.Cert.PermittedDNSDomains[0]
}

// ParseAuthority reads what PEM wrote.
func ParseAuthority(text []byte) (*Authority, error) {
	cert, key, err := ParsePair(text)
	if err != nil {
		return nil, err
	}
	if !cert.IsCA {
		return nil, errors.New("it is not the certificate of a CA")
	}
	return &Authority{Cert: cert, key: key}, nil
}

// PEM is the CA with its key.
func (a *Authority) PEM() ([]byte, error) { return PairPEM(a.Cert, a.key) }

// NearEnd says that its certificate is to be renewed.
func (a *Authority) NearEnd(now time.Time) bool { return now.After(a.Cert.NotAfter.Add(-caRenew)) }

// RenewAt is when a certificate that it signed is to be renewed.
func RenewAt(leaf *x509.Certificate) time.Time { return leaf.NotAfter.Add(-leafRenew) }

// Sign makes a server certificate with a fresh key for names and addresses; it ends no later than the CA's own.
func (a *Authority) Sign(subject string, names []string, addrs []net.IP, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	end := now.Add(leafLife)
	if end.After(a.Cert.NotAfter) {
		end = a.Cert.NotAfter
	}
	template, err := newTemplate(subject, now, end)
	if err != nil {
		return nil, nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames, template.IPAddresses = names, addrs
	der, err := x509.CreateCertificate(rand.Reader, template, a.Cert, key.Public(), a.key)
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

// ParsePair reads a certificate and its key from one PEM text. It checks that they belong together.
func ParsePair(text []byte) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	var cert *x509.Certificate
	var key *ecdsa.PrivateKey
	var err error
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

// PairPEM is a certificate and its key in one PEM text, so that one never belongs to another.
func PairPEM(cert *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(PEM(cert), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...), nil
}

// PEM is a certificate alone, to be handed out.
func PEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
