//go:build !linux

package edge

import "net"

// hasSpace says that a frame would go to the kernel as a whole: here it is not asked, and the next write waits.
func hasSpace(net.Conn) bool { return true }

// awaitSpace has nothing to wait for.
func awaitSpace(net.Conn) {}
