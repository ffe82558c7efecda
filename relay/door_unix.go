//go:build unix

package relay

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// duplicate is another file of a socket, for a process that is to be started. (net's File is not fit for that: os/exec would have it block, and with it the socket itself,
// in this process, too. An Accept that has begun then cannot be ended.)
func duplicate(c syscall.Conn, name string) (*os.File, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if cerr := raw.Control(func(socket uintptr) { fd, err = unix.FcntlInt(socket, unix.F_DUPFD_CLOEXEC, 0) }); cerr != nil {
		return nil, cerr
	}
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(fd), name), nil // it stays non-blocking, as this is no file that os has made so
}
