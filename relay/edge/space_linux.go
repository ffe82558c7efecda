package edge

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// space asks the kernel what it has to send on a connection, always the same one.
type space struct {
	raw    syscall.RawConn // nil: it has no socket
	look   func(fd uintptr)
	unsent int
}

// is says that a frame written now would go to the kernel as a whole: nothing waits there to be sent. With less space it might take a part, and the rest would wait
// in our memory.
func (p *space) is(nc net.Conn) bool {
	if p.look == nil {
		p.raw = rawOf(nc)
		p.look = func(fd uintptr) { p.unsent, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQNSD) }
	}
	if p.raw == nil {
		return true
	}
	p.unsent = 0
	p.raw.Control(p.look) // what is closed shows when it is written
	return p.unsent == 0
}

// awaitSpace waits until there is space, or there is an error to tell, or the connection is closed here.
func awaitSpace(nc net.Conn) {
	raw := rawOf(nc)
	if raw == nil {
		return
	}
	keepUnsent(nc, 1)
	raw.Write(writable)
	keepUnsent(nc, FirstUnsent)
}

// rawOf is a connection's socket, nil if it has none.
func rawOf(nc net.Conn) syscall.RawConn {
	c, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, _ := c.SyscallConn() // nil when it is closed
	return raw
}

func writable(fd uintptr) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	return err != nil && err != unix.EINTR || n > 0
}
