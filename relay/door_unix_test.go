//go:build unix

package relay

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDoorsDoNotBlock: what os/exec does to a file that it gives to a process (Fd) does not make the listener block in this one: an Accept that blocks cannot be ended, and
// neither could the relay's stop.
func TestDoorsDoNotBlock(t *testing.T) {
	d := newDoors(nil, discard)
	ln, err := d.listen(t.Context(), 0, "http", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	files, err := d.copies()
	if err != nil {
		t.Fatal(err)
	}
	next := newDoors(files, discard)
	defer next.forget()
	more, err := next.copies() // of one that nobody has wanted yet
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(more)
	for _, f := range []*os.File{files["http 127.0.0.1:0"], more["http 127.0.0.1:0"]} {
		f.Fd()
		raw, err := ln.(*door).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			if flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
				t.Errorf("a copy has made the socket block: flags %#x, %v", flags, err)
			}
		})
	}
}
