package sock

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TCPConn is a TCP connection.
type TCPConn struct {
	*net.TCPConn
	calls
}

// OfTCP takes a connection over.
func OfTCP(tcp *net.TCPConn) *TCPConn {
	c := &TCPConn{TCPConn: tcp}
	c.init(tcp, tcp)
	return c
}

// UnixConn is a connection of a unix socket.
type UnixConn struct {
	*net.UnixConn
	calls
}

// OfUnix takes a connection of a stream socket over.
func OfUnix(conn *net.UnixConn) *UnixConn {
	c := &UnixConn{UnixConn: conn}
	c.init(conn, conn)
	return c
}

// calls are the Read and Write of a connection. Where they are embedded they hide package net's, which lie deeper.
type calls struct{ in, out call }

func (c *calls) init(conn net.Conn, of syscall.Conn) {
	raw, _ := of.SyscallConn() // fails for nil only
	c.in.init(raw, conn, receive)
	c.out.init(raw, conn, send)
}

// Read implements net.Conn.
func (c *calls) Read(p []byte) (int, error) { return c.in.read(p) }

// Write implements net.Conn.
func (c *calls) Write(p []byte) (int, error) { return c.out.write(p) }

// call is one direction of a connection.
type call struct {
	raw  syscall.RawConn
	conn net.Conn // for errors
	try  func(fd uintptr) (done bool)

	mu  sync.Mutex // held for a whole read or write, as package net does
	p   []byte
	n   int
	err syscall.Errno
}

func (c *call) init(raw syscall.RawConn, conn net.Conn, try func(c *call, fd uintptr) bool) {
	c.raw, c.conn = raw, conn
	c.try = func(fd uintptr) bool { return try(c, fd) }
}

func (c *call) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.p, c.n, c.err = p, 0, 0
	err := c.raw.Read(c.try)
	c.p = nil
	switch {
	case err != nil || c.err != 0:
		return 0, c.fail("read", err)
	case c.n == 0:
		return 0, io.EOF
	}
	return c.n, nil
}

func (c *call) write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.p, c.n, c.err = p, 0, 0
	err := c.raw.Write(c.try)
	c.p = nil
	if err != nil || c.err != 0 {
		return c.n, c.fail("write", err)
	}
	return c.n, nil
}

// fail is the error as package net has it: err if that is one, else what the system said.
func (c *call) fail(op string, err error) error {
	if e, ok := err.(*net.OpError); ok {
		e.Op = op // not "raw-read"
	}
	if err != nil {
		return err
	}
	at := c.conn.LocalAddr()
	return &net.OpError{Op: op, Net: at.Network(), Source: at, Addr: c.conn.RemoteAddr(), Err: os.NewSyscallError(op, c.err)}
}

// receive reads once; false: nothing has come.
func receive(c *call, fd uintptr) bool {
	for {
		n, err := readNow(fd, c.p)
		switch err {
		case 0:
			c.n = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		default:
			c.err = err
		}
		return true
	}
}

// send writes what is left; false: the socket takes no more for now.
func send(c *call, fd uintptr) bool {
	for c.n < len(c.p) {
		n, err := writeNow(fd, c.p[c.n:])
		switch err {
		case 0:
			c.n += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			c.err = err
			return true
		}
	}
	return true
}

// Peek looks whether something has come on a socket, and neither takes it nor waits: nil when it has, bytes or the end in order; EAGAIN when not; else
// what broke the connection, which the system tells once.
func Peek(fd uintptr) error {
	var b [1]byte
	for {
		_, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b)), 1, syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
		switch err {
		case 0:
			return nil
		case syscall.EINTR:
			continue
		}
		return err
	}
}
