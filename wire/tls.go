package wire

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strings"
)

const pinPrefix = "sha256:"

// Pin is how a relay's CA is named: "sha256:" and the hex SHA-256 of its SubjectPublicKeyInfo.
func Pin(ca *x509.Certificate) string {
	sum := sha256.Sum256(ca.RawSubjectPublicKeyInfo)
	return pinPrefix + hex.EncodeToString(sum[:])
}

// ServerTLS is the relay's configuration for the agents' port: TLS 1.3 only, ALPN adit/1. cert's chain must contain the CA that signed it, because agents
// look for their pin in what is sent.
func ServerTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{cert}, NextProtos: []string{ALPN},
		MinVersion: tls.VersionTLS13, DynamicRecordSizingDisabled: true,
	}
}

// ClientTLS is an agent's configuration. With a pin, the relay must send a chain that holds the CA with that key and a certificate signed by it; names are
// not looked at. Without one, the chain must lead to roots (nil: the system's) and the certificate be valid for serverName, a name or an address.
// There is no way to trust everybody: one of the two must be given. What the handshake returns for a relay that is not trusted is a *FatalError: CodePinMismatch or CodeUntrustedRelay. A pin that
// cannot be read is an error.
func ClientTLS(pin string, roots *x509.CertPool, serverName string) (*tls.Config, error) {
	if pin == "" && serverName == "" {
		return nil, errors.New("without a pin the relay's name must be known")
	}
	verify := func(chain []*x509.Certificate) error { return verifyName(chain, roots, serverName) }
	if pin != "" {
		sum, err := hex.DecodeString(strings.TrimPrefix(strings.ToLower(pin), pinPrefix))
		if err != nil || len(sum) != sha256.Size || !strings.HasPrefix(strings.ToLower(pin), pinPrefix) {
			return nil, errors.New("a pin is sha256: and 64 hexadecimal digits")
		}
		verify = func(chain []*x509.Certificate) error { return verifyPin(chain, sum) }
	}
	return &tls.Config{
		ServerName: serverName, NextProtos: []string{ALPN}, MinVersion: tls.VersionTLS13,
		DynamicRecordSizingDisabled: true, ClientSessionCache: tls.NewLRUClientSessionCache(4),
		// What crypto/tls verifies by itself knows no pins, and its errors no codes: VerifyConnection, which is called for resumed sessions too, does it all.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if err := verify(s.PeerCertificates); err != nil {
				return err
			}
			if s.NegotiatedProtocol != ALPN {
				return protocolError(CodeProtocol, "the server does not speak %s", ALPN)
			}
			return nil
		},
	}, nil
}

func verifyName(chain []*x509.Certificate, roots *x509.CertPool, name string) error {
	return verifyChain(chain, x509.VerifyOptions{Roots: roots, DNSName: name})
}

func verifyPin(chain []*x509.Certificate, pin []byte) error {
	for _, c := range chain {
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		if !c.IsCA || subtle.ConstantTimeCompare(sum[:], pin) != 1 {
			continue
		}
		roots := x509.NewCertPool()
		roots.AddCert(c)
		return verifyChain(chain, x509.VerifyOptions{Roots: roots})
	}
	return &FatalError{Code: CodePinMismatch}
}

func verifyChain(chain []*x509.Certificate, o x509.VerifyOptions) error {
	if len(chain) == 0 {
		return &FatalError{Code: CodeUntrustedRelay, Text: "no certificate was sent"}
	}
	o.Intermediates = x509.NewCertPool()
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := chain[0].Verify(o); err != nil {
		return &FatalError{Code: CodeUntrustedRelay, Text: err.Error()}
	}
	return nil
}
