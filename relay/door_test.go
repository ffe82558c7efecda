package relay

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// TestDoorsPass: a connection that waits in a listener is lost neither when the old process closes it nor because the new one was slow, and what the old one
// would set on the socket to end its Accept does not reach the new one.
func TestDoorsPass(t *testing.T) {
	old := newDoors(nil, discard)
	ln, err := old.listen(t.Context(), 0, "http", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone, err := old.listen(t.Context(), 0, "port", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	files, err := old.copies()
	if err != nil {
		t.Fatal(err)
	}
	next := newDoors(files, discard)
	heir, err := next.listen(t.Context(), 0, "http", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer heir.Close()
	if heir.Addr().String() != ln.Addr().String() {
		t.Fatalf("the address was %v, is %v", ln.Addr(), heir.Addr())
	}
	v, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	old.pass()
	if err := ln.(*door).SetDeadline(time.Unix(1, 0)); !errors.Is(err, errPassed) {
		t.Errorf("a deadline was set on what is another's: %v", err)
	}
	if _, err := ln.(*door).SyscallConn(); !errors.Is(err, errPassed) {
		t.Errorf("an option could be set on what is another's: %v", err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	nc, err := heir.Accept()
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()

	addr := gone.Addr().String()
	gone.Close()
	next.forget()
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("a listener that nobody wanted is still open")
	}
}

// TestTooLateToHandOver: a relay that stops already hands nothing over: what it does to its listeners would be done to the other process's.
func TestTooLateToHandOver(t *testing.T) {
	r, err := New(Options{Domain: "tunnel.test", HTTP: "127.0.0.1:0", Agents: "127.0.0.1:0", StateDir: t.TempDir(), Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if r.HandOver() {
		t.Error("it has handed over")
	}
}
