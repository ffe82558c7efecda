//go:build unix

package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// Foreground reports whether this process is in the foreground process group of the terminal f. Outside of it, the kernel stops whoever
// reads from the terminal or sets its mode. It is false too when f is not this process's controlling terminal, or none at all.
func Foreground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
