package agent

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/adit-tunnel/adit/sock"
)

func socketOption(t *testing.T, c *net.TCPConn, level, option int) (value int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, option) })
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestReceive: the kernel takes in little from a service on this machine, and more once that is read.
func TestReceive(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := connect(t.Context(), ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := &local{conn: conn}
	tcp := conn.(*sock.TCPConn).TCPConn
	defer conn.Close()
	if n := socketOption(t, tcp, unix.SOL_SOCKET, unix.SO_RCVBUF); n != 2*firstReceive {
		t.Errorf("at first: %d", n)
	}
	c.widen()
	if n := socketOption(t, tcp, unix.SOL_SOCKET, unix.SO_RCVBUF); n <= 2*firstReceive { // the system has a limit of its own
		t.Errorf("widened: %d", n)
	}
	if n := socketOption(t, tcp, unix.IPPROTO_TCP, unix.TCP_WINDOW_CLAMP); n <= 2*firstReceive {
		t.Errorf("the window is widened to %d", n)
	}
}
