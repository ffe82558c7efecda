//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyRenew has the signal that asks for a new process sent to c.
func notifyRenew(c chan<- os.Signal) { signal.Notify(c, syscall.SIGUSR2) }

func isRenew(s os.Signal) bool { return s == syscall.SIGUSR2 }

// keepFromChildren has programs that this one starts not get the file.
func keepFromChildren(f *os.File) { syscall.CloseOnExec(int(f.Fd())) }
