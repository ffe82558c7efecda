package edge

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
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

// TestUnsent: the kernel says how much of an answer is still on its way.
func TestUnsent(t *testing.T) {
	hold := make(chan struct{})
	w := start(t, func(x *fakeExchange) { <-hold; x.ok("x") })
	v := w.dial().send(get)
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 1 })
	var nc net.Conn
	w.s.each(func(c *conn) { nc = c.net })
	if n := unsent(nc); n != 0 {
		t.Errorf("unsent %d", n)
	}
	close(hold)
	v.response("GET")
	v.Close()
	until(t, "closed", func() bool { return unsent(nc) == -1 })
}
