package relay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// nameLabel keeps names apart from whatever else is derived from the relay's key.
const nameLabel = "adit endpoint name 1"

// endpointName is the random-looking DNS label of an endpoint without a wanted host: 9a1b-quiet-otter-lusab-babad. It has 64 bits of
// HMAC-SHA-256 over who asks, with the relay's key: nobody without the key can guess it, and it is the same after every restart of either side,
// with no table to remember it. instance is the agent's slot, endpoint the endpoint's name at the agent.
func endpointName(key []byte, account, instance, endpoint string) string {
	mac := hmac.New(sha256.New, key)
	for _, s := range []string{nameLabel, account, instance, endpoint} {
		// With its length in front, no two lists of strings are the same bytes.
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		mac.Write(n[:])
		mac.Write([]byte(s))
	}
	return spell([8]byte(mac.Sum(nil)))
}

// spell writes 64 bits so that people can read them aloud: 16 as hex, 8 as an adjective, 8 as a noun, 32 as two proquints.
func spell(b [8]byte) string {
	out := make([]byte, 0, 32)
	out = hex.AppendEncode(out, b[:2])
	out = append(out, '-')
	out = append(out, adjectives[b[2]]...)
	out = append(out, '-')
	out = append(out, nouns[b[3]]...)
	out = append(out, '-')
	out = appendProquint(out, binary.BigEndian.Uint16(b[4:]))
	out = append(out, '-')
	out = appendProquint(out, binary.BigEndian.Uint16(b[6:]))
	return string(out)
}

// appendProquint writes 16 bits as five letters that can be pronounced (Daniel S. Wilkerson, "A Proposal for Proquints", 2009): lusab is 0x7f00.
func appendProquint(dst []byte, v uint16) []byte {
	const consonants, vowels = "bdfghjklmnprstvz", "aiou"
	return append(dst, consonants[v>>12], vowels[v>>10&3], consonants[v>>6&15], vowels[v>>4&3], consonants[v&15])
}
