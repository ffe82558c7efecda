package relay

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPublicSocket: the kernel keeps little for a visitor that does not read, and asks silent ones whether they are still there: nothing else ends an upgraded
// connection whose visitor is gone.
func TestPublicSocket(t *testing.T) {
	ln, err := listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	v, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		for _, o := range inherited {
			if v, err := unix.GetsockoptInt(int(fd), o.level, o.option); err != nil || v != o.value {
				t.Errorf("option %d of level %d is %d, %v; want %d", o.option, o.level, v, err, o.value)
			}
		}
	})
}
