package edge

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPublicSocket: the kernel keeps little for a visitor that does not read, and says how much.
func TestPublicSocket(t *testing.T) {
	hold := make(chan struct{})
	w := start(t, func(x *fakeExchange) { <-hold; x.ok("x") })
	v := w.dial().send(get)
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 1 })
	var nc net.Conn
	w.s.each(func(c *conn) { nc = c.net })
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if v, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); err != nil || v != notSentLowat {
			t.Errorf("TCP_NOTSENT_LOWAT is %d, %v", v, err)
		}
	})
	if n := unsent(nc); n != 0 {
		t.Errorf("unsent %d", n)
	}
	close(hold)
	v.response("GET")
	v.Close()
	until(t, "closed", func() bool { return unsent(nc) == -1 })
}
