package sign

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
)

// verifier says whether a signature is that of content. Nothing in it is secret.
type verifier func(content, sig []byte) bool

// publicKeys read a provider's public key, by the algorithm.
var publicKeys = map[string]func(text string) (verifier, error){"ed25519": ed25519Key, "ecdsa": ecdsaKey}

func ed25519Key(text string) (verifier, error) {
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("the public key is not 64 hexadecimal digits")
	}
	return func(content, sig []byte) bool { return ed25519.Verify(key, content, sig) }, nil
}

// ecdsaKey reads a public key in PEM, or the base64 of it alone.
func ecdsaKey(text string) (verifier, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der, err = block.Bytes, nil
	}
	if err != nil {
		return nil, errECDSA
	}
	if verify, ok := secp256k1Key(der); ok {
		return verify, nil
	}
	key, err := x509.ParsePKIXPublicKey(der)
	public, ok := key.(*ecdsa.PublicKey)
	if err != nil || !ok {
		return nil, errECDSA
	}
	return func(content, sig []byte) bool {
		sum := sha256.Sum256(content)
		return ecdsa.VerifyASN1(public, sum[:], sig)
	}, nil
}

var errECDSA = errors.New("the public key is not that of ECDSA, in PEM or as the base64 of it, as the provider shows it")
