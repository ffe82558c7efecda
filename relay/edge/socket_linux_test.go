package edge

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMute: nobody new comes to a mute listener and nobody is refused; who is there is let in.
func TestMute(t *testing.T) {
	ln := listen(t)
	defer ln.Close()
	before, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if !mute(ln) {
		t.Fatal("it cannot be done here")
	}
	nc, err := net.DialTimeout("tcp", ln.Addr().String(), 200*time.Millisecond)
	if err == nil {
		nc.Close()
		t.Error("somebody new has come")
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
	in, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	go before.Write([]byte("x"))
	in.SetReadDeadline(time.Now().Add(patience))
	if _, err := in.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

// TestPublicSocket: the kernel keeps little for a visitor that does not read, and says how much; it asks silent ones whether they are still there.
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
		if v, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE); err != nil || v != 1 {
			t.Errorf("SO_KEEPALIVE is %d, %v: nothing else ends an upgraded connection whose visitor is gone", v, err)
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
