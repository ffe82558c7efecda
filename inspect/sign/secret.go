package sign

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"slices"
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
	if read := publicKeys[s.Algorithm]; read != nil {
		_, err = read(secret)
	} else {
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
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimPrefix(secret, "v1,"), "whsec_")) // as some show it
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
	if s.Algorithm == "token" {
		return matchesToken(secret, sigs)
	}
	if read := publicKeys[s.Algorithm]; read != nil {
		verify, err := read(secret)
		return err == nil && slices.ContainsFunc(sigs, func(sig string) bool {
			raw, err := encodings[s.Encoding].decode(sig)
			return err == nil && verify(content, raw)
		})
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
