package wire

import (
	"math"
	"net/netip"
	"time"
)

// wireLength is what stands in a length field: it means something with BodyLength only.
func wireLength(b Body, n uint64) uint64 {
	if b != BodyLength {
		return 0
	}
	return n
}

// microTime is µs since 1970; earlier is 0.
func microTime(t time.Time) uint64 { return uint64(max(t.UnixMicro(), 0)) }

func timeOf(us uint64) time.Time { return time.UnixMicro(int64(min(us, math.MaxInt64))).UTC() }

// saturate counts d in units as far as a u32 can; less than 0 is 0.
func saturate(d, unit time.Duration) uint32 {
	return uint32(min(max(d/unit, 0), math.MaxUint32))
}

// appendAddrPort writes 16 bytes of address, IPv4 mapped, and the port; an address that is not known is all zeros.
func appendAddrPort(dst []byte, a netip.AddrPort) []byte {
	var b [16]byte
	if a.IsValid() {
		b = a.Addr().As16()
	}
	dst = append(dst, b[:]...)
	return be.AppendUint16(dst, a.Port())
}

func addrPortOf(p []byte) netip.AddrPort {
	addr, port := netip.AddrFrom16([16]byte(p[:16])).Unmap(), be.Uint16(p[16:])
	if addr.IsUnspecified() && port == 0 {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, port)
}
