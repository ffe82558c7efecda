package sign

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"hash"
	"strings"
)

// hashes are those of HMAC.
var hashes = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

// encodings are how a signature is written.
var encodings = map[string]struct {
	encode func([]byte) string
	decode func(string) ([]byte, error)
}{
	"hex":    {hex.EncodeToString, hex.DecodeString},
	"base64": {base64.StdEncoding.EncodeToString, base64.StdEncoding.Strict().DecodeString},
}

// CheckSecret says what is wrong with a secret of the provider, in words that do not hold it.
func (p *Provider) CheckSecret(secret string) error { return p.schemes[0].checkSecret(secret) }

func (s *Scheme) checkSecret(secret string) (err error) {
	switch s.Algorithm {
	case "ed25519":
		_, err = ed25519Key(secret)
	case "ecdsa":
		_, err = ecdsaKey(secret)
	default:
		_, err = s.key(secret)
	}
	return err
}

// key is a secret as HMAC takes it.
func (s *Scheme) key(secret string) ([]byte, error) {
	if secret == "" {
		return nil, errors.New("the secret is empty")
	}
	if s.Key != "base64" {
		return []byte(secret), nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return nil, errors.New("the secret is not base64, as the provider's are")
	}
	return key, nil
}

// mac is the HMAC of content.
func (s *Scheme) mac(secret string, content []byte) ([]byte, error) {
	key, err := s.key(secret)
	if err != nil {
		return nil, err
	}
	m := hmac.New(hashes[s.Algorithm], key)
	m.Write(content)
	return m.Sum(nil), nil
}

// matches says whether one of sigs is that of content with the secret. How long it takes tells nothing of the secret.
func (s *Scheme) matches(secret string, content []byte, sigs []string) bool {
	switch s.Algorithm {
	case "token":
		return matchesToken(secret, sigs)
	case "ed25519", "ecdsa":
		return s.matchesPublic(secret, content, sigs)
	}
	want, err := s.mac(secret, content)
	if err != nil {
		return false
	}
	ok := false
	for _, sig := range sigs {
		have, err := encodings[s.Encoding].decode(sig)
		ok = err == nil && hmac.Equal(have, want) || ok
	}
	return ok
}

// matchesToken compares hashes, which are of one length.
func matchesToken(secret string, sigs []string) bool {
	want, ok := sha256.Sum256([]byte(secret)), 0
	for _, sig := range sigs {
		have := sha256.Sum256([]byte(sig))
		ok |= subtle.ConstantTimeCompare(have[:], want[:])
	}
	return ok == 1 && secret != ""
}

// matchesPublic verifies with a public key, which is no secret.
func (s *Scheme) matchesPublic(key string, content []byte, sigs []string) bool {
	for _, sig := range sigs {
		raw, err := encodings[s.Encoding].decode(sig)
		if err != nil {
			continue
		}
		if s.Algorithm == "ed25519" {
			public, err := ed25519Key(key)
			if err == nil && ed25519.Verify(public, content, raw) {
				return true
			}
			continue
		}
		public, err := ecdsaKey(key)
		if sum := sha256.Sum256(content); err == nil && ecdsa.VerifyASN1(public, sum[:], raw) {
			return true
		}
	}
	return false
}

func ed25519Key(text string) (ed25519.PublicKey, error) {
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("the public key is not 64 hexadecimal digits")
	}
	return key, nil
}

// ecdsaKey reads a public key in PEM, or the base64 of it alone.
func ecdsaKey(text string) (*ecdsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der, err = block.Bytes, nil
	}
	if err == nil {
		var key any
		if key, err = x509.ParsePKIXPublicKey(der); err == nil {
			if public, ok := key.(*ecdsa.PublicKey); ok {
				return public, nil
			}
		}
	}
	return nil, errors.New("the public key is not the base64 of an ECDSA key, as the provider shows it")
}
