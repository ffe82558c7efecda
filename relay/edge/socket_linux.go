package edge

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unsent is how many bytes the kernel still has to send or get acknowledged; -1 if it does not say, or the socket is closed.
func unsent(nc net.Conn) int {
	n := -1
	c, ok := nc.(syscall.Conn)
	if !ok {
		return n
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return n
	}
	raw.Control(func(fd uintptr) {
		if v, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			n = v
		}
	})
	return n
}
