package sign

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// oidK1 names the curve secp256k1. What SendGrid publishes to sign and verify makes keys on it by itself, and the standard library has none.
var oidK1 = asn1.ObjectIdentifier{1, 3, 132, 0, 10}

// secp256k1Key reads a public key (SubjectPublicKeyInfo); ok is false when it is one of another curve, or none.
func secp256k1Key(der []byte) (_ verifier, ok bool) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	var curve asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return nil, false
	}
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &curve); err != nil || !curve.Equal(oidK1) {
		return nil, false
	}
	key, err := secp256k1.ParsePubKey(info.Key.RightAlign())
	if err != nil {
		return nil, false
	}
	return func(content, sig []byte) bool {
		sum := sha256.Sum256(content)
		s, err := ecdsa.ParseDERSignature(sig)
		return err == nil && s.Verify(sum[:], key)
	}, true
}
