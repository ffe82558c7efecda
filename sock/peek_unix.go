//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sock

import "syscall"

// Peek looks whether something has come on a socket, and neither takes it nor waits: nil when it has, bytes or the end in order; EAGAIN when not; else
// what broke the connection, which the system tells once. The socket must be one that does not block.
func Peek(fd uintptr) error {
	var b [1]byte
	for {
		if _, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK); err != syscall.EINTR {
			return err
		}
	}
}
