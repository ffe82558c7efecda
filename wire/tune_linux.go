package wire

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

func setUserTimeout(conn *net.TCPConn, d time.Duration) {
	setOption(conn, unix.TCP_USER_TIMEOUT, int(d/time.Millisecond))
}

func setNotSentLowat(conn *net.TCPConn, n int) { setOption(conn, unix.TCP_NOTSENT_LOWAT, n) }

// setOption sets a TCP option if the kernel lets it: every one of them only makes things better.
func setOption(conn *net.TCPConn, option, value int) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, option, value) })
}
