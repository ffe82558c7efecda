package edge

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// newID makes a UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, 12 bits of the millisecond's fraction (6.2, method 3), 62 random bits. Ids made
// one after another sort by time to a quarter of a microsecond; they are names, not secrets.
func newID(t time.Time) (id [16]byte) {
	const million = 1_000_000
	ns := t.UnixNano()
	ms, rest := uint64(ns/million), uint64(ns%million)
	binary.BigEndian.PutUint64(id[:8], ms<<16|7<<12|rest<<12/million)
	binary.BigEndian.PutUint64(id[8:], rand.Uint64()&^(3<<62)|2<<62)
	return id
}

// appendID spells an id as everybody does.
func appendID(dst []byte, id [16]byte) []byte {
	const digits = "0123456789abcdef"
	for i, b := range id {
		switch i {
		case 4, 6, 8, 10:
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}
