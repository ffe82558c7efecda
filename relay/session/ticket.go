package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/adit-tunnel/adit/relay/registry"
)

// ticketLabel keeps tickets apart from whatever else is derived from the relay's key.
const ticketLabel = "adit ticket 1"

// A ticket proves that an agent's slot has held a name, and since when: the epoch and a MAC over it, the account, the instance and the name, with the relay's
// key. No table remembers it, so it outlives the relay. Agents see it as a word without meaning.

// ticket is what goes with Bound.
func (s *Server) ticket(e *registry.Endpoint) string {
	b := binary.BigEndian.AppendUint64(nil, e.Epoch)
	return base64.RawURLEncoding.EncodeToString(s.sign(b, e))
}

// claimed returns the epoch of a ticket for the place of e; 0 if it is none, is another's, or was given by a relay with another key.
func (s *Server) claimed(ticket string, e *registry.Endpoint) uint64 {
	b, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || len(b) != 8+sha256.Size || !hmac.Equal(b, s.sign(b[:8:8], e)) {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// sign appends the MAC to an epoch.
func (s *Server) sign(epoch []byte, e *registry.Endpoint) []byte {
	mac := hmac.New(sha256.New, s.o.Key)
	for _, part := range []string{ticketLabel, e.Account, e.Instance, e.Place(), string(epoch)} {
		// With its length in front, no two lists of strings are the same bytes.
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return mac.Sum(epoch)
}
