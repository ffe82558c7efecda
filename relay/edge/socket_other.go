//go:build !linux

package edge

import (
	"net"
	"time"
)

// unsent is how many bytes the kernel still has to send: here it is not asked.
func unsent(net.Conn) int { return -1 }

// keepUnsent bounds what the kernel holds that is not on its way yet: here it holds what it likes.
func keepUnsent(net.Conn, int) {}

// awaitBytes waits until something has come: here it is left to the read that follows.
func awaitBytes(net.Conn) {}

// broken says that a connection has ended and nobody has noticed: here it is not asked.
func broken(net.Conn) bool { return false }

// peeker waits for what comes: here nobody can without reading it.
type peeker struct{}

func newPeeker(net.Conn) *peeker { return &peeker{} }
func (*peeker) can() bool        { return false }
func (*peeker) wait() error      { return nil }

// mute keeps new connections away from a listener: here it is not tried.
func mute(net.Listener) bool { return false }

// readNow reads what has come, waiting only a moment; 0: nothing, or an error.
func readNow(nc net.Conn, p []byte) int {
	nc.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	defer nc.SetReadDeadline(time.Time{})
	n, _ := nc.Read(p)
	return n
}
