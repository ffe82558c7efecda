package wire

import (
	"net"
	"time"

	"github.com/adit-tunnel/adit/sock"
)

const (
	linkUnsent = 128 << 10
	slowUnsent = 16 << 10 // on a slow link, which every one is at first
	linkDead   = 15 * time.Second
)

// TuneLink sets a link's TCP options, below TLS too: it dies when nothing is acknowledged for 15 s (TCP_USER_TIMEOUT), the kernel holds at most 16 KiB
// that have not been sent (TCP_NOTSENT_LOWAT; 128 KiB once the link has shown that it is not slow), so that control frames do not queue there, and keepalive runs. What the system does not know is left out; a
// connection that is not TCP is left alone. TLS goes on what it returns, which is conn but for the way it writes.
func TuneLink(conn net.Conn) net.Conn {
	tcp := tcpConn(conn)
	if tcp == nil {
		return conn
	}
	_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: linkDead, Interval: 5 * time.Second, Count: 3})
	setUserTimeout(tcp, linkDead)
	setNotSentLowat(tcp, slowUnsent)
	return &records{Conn: sock.Of(conn)}
}

// notSentLowat bounds what the kernel holds unsent. Elsewhere than on Linux it does nothing.
func notSentLowat(conn net.Conn, n int) {
	if tcp := tcpConn(conn); tcp != nil {
		setNotSentLowat(tcp, n)
	}
}

// tcpConn finds the TCP connection below TLS; nil if there is none.
func tcpConn(conn net.Conn) *net.TCPConn {
	for {
		switch c := conn.(type) {
		case *net.TCPConn:
			return c
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return nil
		}
	}
}
