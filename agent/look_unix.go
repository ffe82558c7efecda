//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package agent

import (
	"syscall"

	"github.com/adit-tunnel/adit/sock"
)

// look waits for a local connection without taking what has come, like watch, and keeps the error that it meets: the system tells of an RST once, and whoever
// reads after that finds an end in order.
type look struct {
	c    *local
	raw  syscall.RawConn // nil: not a socket of the kernel's
	peek func(fd uintptr) bool
	err  error
}

func newLook(c *local) *look {
	k := &look{c: c}
	if s, ok := c.conn.(syscall.Conn); ok {
		k.raw, _ = s.SyscallConn() // fails only when it is closed, which shows when it is read
	}
	k.peek = func(fd uintptr) bool {
		err := sock.Peek(fd)
		if err == syscall.EAGAIN {
			return false
		}
		k.err = err
		return true
	}
	return k
}

// await waits until bytes or the end in order have come; any other end is an error.
func (k *look) await() error {
	if k.raw == nil {
		return k.c.park()
	}
	if err := k.raw.Read(k.peek); err != nil {
		return err
	}
	return k.err
}
