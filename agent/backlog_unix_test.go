//go:build unix

package agent

import (
	"net"
	"syscall"
	"testing"
)

// setBacklog makes ln take hardly any connection that is not accepted.
func setBacklog(t *testing.T, ln *net.TCPListener) {
	t.Helper()
	raw, err := ln.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), 0) })
	if err != nil {
		t.Fatal(err)
	}
}
