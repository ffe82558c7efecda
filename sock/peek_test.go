//go:build unix

package sock

import (
	"io"
	"net"
	"syscall"
	"testing"
)

// peek peeks at conn, lets something come, and peeks until it has.
func peek(t *testing.T, conn net.Conn, come func()) (before, after error) {
	t.Helper()
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	first := true
	err = raw.Read(func(fd uintptr) bool {
		after = Peek(fd)
		if first {
			before, first = after, false
			go come()
		}
		return after != syscall.EAGAIN
	})
	if err != nil {
		t.Fatal(err)
	}
	return before, after
}

func TestPeek(t *testing.T) {
	for name, c := range map[string]struct {
		come func(peer net.Conn)
		want error
	}{
		"bytes":   {func(peer net.Conn) { io.WriteString(peer, "abc") }, nil},
		"the end": {func(peer net.Conn) { peer.Close() }, nil},
		"an RST":  {func(peer net.Conn) { peer.(*net.TCPConn).SetLinger(0); peer.Close() }, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			conn, peer := pair(t, "tcp")
			before, after := peek(t, Of(conn), func() { c.come(peer) })
			if before != syscall.EAGAIN || after != c.want {
				t.Errorf("got %v, then %v; want EAGAIN, then %v", before, after, c.want)
			}
			if name != "bytes" {
				return
			}
			if all, err := io.ReadAll(io.LimitReader(conn, 3)); string(all) != "abc" {
				t.Errorf("what was peeked at reads %q, %v", all, err)
			}
		})
	}
}
