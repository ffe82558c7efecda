//go:build !linux

package edge

import "net"

// space says whether a frame would go to the kernel as a whole: here it is not asked, and the next write waits.
type space struct{}

func (*space) is(net.Conn) bool { return true }

// awaitSpace has nothing to wait for.
func awaitSpace(net.Conn) {}
