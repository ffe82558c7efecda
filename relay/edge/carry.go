package edge

import (
	"net"
	"net/netip"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// way is a visitor's connection on its way to a tcp or tls endpoint.
type way struct {
	ep      *registry.Endpoint
	account netip.Addr // whom it is counted for
	peer    netip.AddrPort
	port    uint16 // ours
	trusted bool
	kind    wire.Kind
	flags   uint8
	ext     []byte
}

// carry passes a connection on to a tcp or tls endpoint, and owns it: nc yields all that the visitor sent.
func (s *Server) carry(nc net.Conn, _ way) { nc.Close() }
