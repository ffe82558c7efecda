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

// mute keeps new connections away from a listener: here it is not tried.
func mute(net.Listener) bool { return false }

// readNow reads what has come, waiting only a moment; 0: nothing, or an error.
func readNow(nc net.Conn, p []byte) int {
	nc.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	defer nc.SetReadDeadline(time.Time{})
	n, _ := nc.Read(p)
	return n
}
