//go:build !linux

package sock

import "net"

// TCPConn is a TCP connection.
type TCPConn struct{ *net.TCPConn }

// OfTCP takes a connection over.
func OfTCP(tcp *net.TCPConn) *TCPConn { return &TCPConn{tcp} }

// UnixConn is a connection of a unix socket.
type UnixConn struct{ *net.UnixConn }

// OfUnix takes a connection of a stream socket over.
func OfUnix(conn *net.UnixConn) *UnixConn { return &UnixConn{conn} }
