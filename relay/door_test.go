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

// TestDoorsDuringSuccession: what is opened while another process gets ready would not be that one's: it is opened when there is no such process after all, and not at
// all when there is. What the process before has left goes on to the next one whether anybody has wanted it yet or not.
func TestDoorsDuringSuccession(t *testing.T) {
	first := newDoors(nil, discard)
	ln, err := first.listen(t.Context(), 0, "port", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	files, err := first.copies()
	if err != nil {
		t.Fatal(err)
	}
	first.pass()
	ln.Close()
	second := newDoors(files, discard)
	defer second.forget()
	type result struct {
		ln  net.Listener
		err error
	}
	open := func(ctx context.Context) <-chan result {
		c := make(chan result, 1)
		go func() {
			ln, err := second.listen(ctx, 0, "another", "127.0.0.1:0")
			c <- result{ln, err}
		}()
		return c
	}
	for _, round := range []struct {
		after func()
		want  error
	}{{second.stay, nil}, {second.pass, errSuccession}} {
		files, err = second.copies()
		if err != nil {
			t.Fatal(err)
		}
		if files["port 127.0.0.1:0"] == nil {
			t.Fatalf("what nobody has wanted yet is not handed on: %v", files)
		}
		closeAll(files)
		hurried, cancel := context.WithCancel(t.Context())
		cancel()
		if got := <-open(hurried); !errors.Is(got.err, errSuccession) {
			t.Errorf("opened while it was not known who goes on: %v", got.err)
		}
		if _, err := second.listen(t.Context(), 0, "another", ln.Addr().String()); !errors.Is(err, errSuccession) {
			t.Errorf("a port that the next process may have is not free, but not taken either: %v", err)
		}
		waiting := open(t.Context())
		round.after()
		got := <-waiting
		if !errors.Is(got.err, round.want) || (got.ln == nil) != (round.want != nil) {
			t.Errorf("%v, want %v", got.err, round.want)
		}
		if got.ln != nil {
			got.ln.Close()
		}
	}
	claimed, err := second.listen(t.Context(), 0, "port", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer claimed.Close()
	if err := claimed.(*door).SetDeadline(time.Unix(1, 0)); !errors.Is(err, errPassed) {
		t.Errorf("what the next process has was taken for this one's alone: %v", err)
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
