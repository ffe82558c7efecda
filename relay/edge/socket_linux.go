package edge

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/adit-tunnel/adit/sock"
)

// synOnly drops segments that have SYN and not ACK set: the first of a handshake. The rest passes.
var synOnly = []unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13}, // the flags, in the TCP header
	{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0x12},
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0x02, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1},
}

// mute keeps new connections away from a listener, while handshakes under way end. It refuses nobody: the visitor's system asks again after a second,
// and finds the door closed, or open again. False: the system cannot do that.
func mute(ln net.Listener) bool {
	c, ok := ln.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	p := unix.SockFprog{Len: uint16(len(synOnly)), Filter: &synOnly[0]}
	cerr := raw.Control(func(fd uintptr) { err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &p) })
	return cerr == nil && err == nil
}

// readNow reads what has come, without waiting; 0: nothing, or an error.
func readNow(nc net.Conn, p []byte) int {
	n := 0
	if c, ok := nc.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			raw.Read(func(fd uintptr) bool { n, _ = unix.Read(int(fd), p); return true })
		}
	}
	return max(n, 0)
}

// awaitBytes waits until something has come, bytes or the end, without taking it. What keeps it from that shows when it is read.
func awaitBytes(nc net.Conn) {
	c, ok := nc.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := c.SyscallConn(); err == nil {
		raw.Read(arrived)
	}
}

// arrived says whether something has come, if only the end.
func arrived(fd uintptr) bool { return sock.Peek(fd) != syscall.EAGAIN }

// broken says that a connection has ended by an RST, or because its other end has not been heard of, and that nobody has noticed yet.
func broken(nc net.Conn) bool {
	c, ok := nc.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(p, 0)
		gone = err == nil && n > 0 && p[0].Revents&unix.POLLERR != 0
	})
	return gone
}

// peeker waits like awaitBytes, and keeps the error that it meets: the system tells of an RST once, and whoever reads after that finds an end in order.
type peeker struct {
	raw  syscall.RawConn // nil: not a socket
	look func(fd uintptr) bool
	err  error
}

func newPeeker(nc net.Conn) *peeker {
	p := &peeker{}
	if c, ok := nc.(syscall.Conn); ok {
		p.raw, _ = c.SyscallConn() // fails only when it is closed, which shows when it is read
	}
	p.look = func(fd uintptr) bool {
		err := sock.Peek(fd)
		if err == syscall.EAGAIN {
			return false
		}
		p.err = err
		return true
	}
	return p
}

// can says that there is something to wait for without reading it.
func (p *peeker) can() bool { return p.raw != nil }

// wait waits until something has come, bytes or the end in order; an error is any other end. A deadline shows when it is read.
func (p *peeker) wait() error {
	_ = p.raw.Read(p.look) // closed, or late: shows when it is read
	return p.err
}

// keepUnsent is how many bytes the kernel keeps beyond what is on its way before a write has to wait (TCP_NOTSENT_LOWAT).
func keepUnsent(nc net.Conn, n int) {
	c, ok := nc.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, n) }) // slower without
	}
}

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
