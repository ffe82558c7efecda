// Package sock has the kernel's sockets without Go's ado about system calls.
//
// Go tells its scheduler of every system call, since it might block: the thread's work is put up for others to take, and a monitor is woken that looks every 20 µs
// whether somebody must. A read or write of a socket from package net never blocks, it says EAGAIN; yet the monitor alone costs a process that carries small pieces,
// and sleeps between them, a tenth of its time. So on Linux the connections here read and write by calls that the scheduler does not hear of. In everything else they
// are package net's: errors, deadlines, Close, and on other systems the calls, too.
//
//	conn = sock.Of(conn)
package sock

import "net"

// Of returns a TCP connection that is package net's as one of this package, which owns it from then on; any other connection as it is.
func Of(nc net.Conn) net.Conn {
	if tcp, ok := nc.(*net.TCPConn); ok {
		return OfTCP(tcp)
	}
	return nc
}

// NetConn is package net's connection: for options, not for reading and writing beside this one.
func (c *TCPConn) NetConn() net.Conn { return c.TCPConn }
