//go:build !linux

package agent

import (
	"net"
	"syscall"
)

// boundReceive is net.Dialer.Control: elsewhere than on Linux the kernel is left alone.
func boundReceive(_, _ string, _ syscall.RawConn) error { return nil }

func widenReceive(*net.TCPConn) {}
