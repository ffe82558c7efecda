package agent

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/adit-tunnel/adit/wire"
)

// proxySignature begins a header of the PROXY protocol's version 2.
const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

// appendProxyHeader appends the header of the PROXY protocol, in version 1 or 2, that names a visitor
// (https://www.haproxy.org/download/1.8/doc/proxy-protocol.txt, sections 2.1 and 2.2).
func appendProxyHeader(dst []byte, version int, v visit) []byte {
	client, server, known := sameFamily(v)
	switch {
	case version == 1 && !known:
		return append(dst, "PROXY UNKNOWN\r\n"...)
	case version == 1:
		return appendProxyLine(dst, client, server)
	}
	dst = append(append(dst, proxySignature...), 0x21) // version 2, for somebody else
	switch {
	case !known:
		return append(dst, 0, 0, 0) // a family that is not said, and nothing about it
	case client.Addr().Is4():
		dst = append(dst, 0x11, 0, 12) // TCP over IPv4
	default:
		dst = append(dst, 0x21, 0, 36) // TCP over IPv6
	}
	dst = append(append(dst, client.Addr().AsSlice()...), server.Addr().AsSlice()...)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(dst, client.Port()), server.Port())
}

func appendProxyLine(dst []byte, client, server netip.AddrPort) []byte {
	family := "PROXY TCP6 "
	if client.Addr().Is4() {
		family = "PROXY TCP4 "
	}
	dst = append(client.Addr().AppendTo(append(dst, family...)), ' ')
	dst = append(server.Addr().AppendTo(dst), ' ')
	dst = append(strconv.AppendUint(dst, uint64(client.Port()), 10), ' ')
	return append(strconv.AppendUint(dst, uint64(server.Port()), 10), "\r\n"...)
}

// sameFamily are both addresses as the header has them: of one family. A server that is not known is the unspecified address. known says that the client is.
func sameFamily(v visit) (client, server netip.AddrPort, known bool) {
	c, s := v.client.Addr().Unmap().WithZone(""), v.server.Addr().Unmap().WithZone("")
	switch {
	case !c.IsValid():
		return client, server, false
	case c.Is4() && !s.Is4():
		s = netip.IPv4Unspecified()
	case c.Is6() && s.Is4():
		s = netip.AddrFrom16(s.As16())
	case !s.IsValid():
		s = netip.IPv6Unspecified()
	}
	return netip.AddrPortFrom(c, v.client.Port()), netip.AddrPortFrom(s, v.server.Port()), true
}

// serverOf is where the visitor has connected to, as far as the relay tells.
func serverOf(q *wire.Req) netip.AddrPort {
	var addr netip.Addr
	_ = wire.EachExt(q.Ext, func(typ uint8, v []byte) { // it was read already
		if typ == wire.ExtServerAddr && len(v) == 16 {
			addr = netip.AddrFrom16([16]byte(v)).Unmap()
		}
	})
	return netip.AddrPortFrom(addr, q.ServerPort)
}
