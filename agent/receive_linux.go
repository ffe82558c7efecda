package agent

import (
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// What the kernel takes in of an answer from a service on this machine, as SO_RCVBUF, which Linux doubles. By default it grows the buffer to megabytes
// for a visitor that reads slowly, and several hundred of them stall all TCP on the machine.
const (
	// firstReceive is for answers that nobody may read. With less, the window is smaller than a segment of the loopback interface (64 KiB), and whoever
	// sends waits for acknowledgements that are delayed. It is set before connecting, so that no larger window is ever offered.
	firstReceive = 64 << 10
	// flowReceive is for answers whose visitors read.
	flowReceive = 256 << 10
)

// boundReceive is net.Dialer.Control.
func boundReceive(_, address string, c syscall.RawConn) error {
	if a, err := netip.ParseAddrPort(address); err != nil || !a.Addr().IsLoopback() {
		return nil
	}
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, firstReceive) // only a bound: without it everything works too
	})
}

// widenReceive raises the bound of a connection whose answer is read.
func widenReceive(c *net.TCPConn) {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, flowReceive)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_WINDOW_CLAMP, 2*flowReceive) // the first bound is one of the window, too
	})
}
