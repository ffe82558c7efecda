package relay

import (
	"net"
	"syscall"

	"github.com/adit-tunnel/adit/relay/edge"
	"golang.org/x/sys/unix"
)

// notSentLowat is how much of an answer the kernel keeps for a visitor that does not read it, beyond what is on its way; for one that does, the edge raises
// it. With the default, 500 unread downloads held 1.8 GB of kernel memory and stalled all TCP on the machine.
const notSentLowat = edge.FirstUnsent

// inherited are options of a listener that its connections have from the start, so that none of them costs a system call for each: keepalive, which finds
// visitors that are gone while nothing is said, as Go has it by default.
var inherited = []struct{ level, option, value int }{
	{unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowat},
	{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
	{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
	{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
	{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9},
}

func listenConfig() net.ListenConfig {
	return net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			for _, o := range inherited {
				_ = unix.SetsockoptInt(int(fd), o.level, o.option, o.value) // it works without, too
			}
		})
	}}
}
