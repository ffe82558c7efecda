//go:build unix

package terminal

import (
	"os/exec"
	"syscall"
)

// ownSession keeps a program that outlives its call (a browser, xclip with what was copied) out of our process group and terminal: it goes on when the
// dashboard is suspended, and when the terminal is closed.
func ownSession(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
