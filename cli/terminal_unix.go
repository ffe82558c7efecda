//go:build unix

package cli

import "golang.org/x/sys/unix"

// hasTerminal says that the process belongs to a terminal, whose end sends it SIGHUP.
func hasTerminal() bool {
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	_ = unix.Close(fd)
	return true
}
