package relay

import (
	"context"
	"net"
)

// listen opens a plain TCP listener. Go's default is multipath TCP where the kernel has it: those sockets are slower to accept, and options set on
// the listener do not reach the accepted ones.
func listen(network, addr string) (net.Listener, error) {
	var c net.ListenConfig
	c.SetMultipathTCP(false)
	return c.Listen(context.Background(), network, addr)
}
