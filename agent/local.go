package agent

import (
	"net"
	"time"
)

// local is a connection to the local service. It stays with its lane as long as it may be trusted. The fields behind the blank line are
// guarded by lane.mu.
type local struct {
	watch
	conn *net.TCPConn

	cur     *exchange // whose answer comes next; nil: kept, and nothing may come
	answers bool      // cur's answer has begun
	since   time.Time // kept since then
	pinned  bool      // belongs to the public connection pin
	pin     uint64
}

func newLocal(conn *net.TCPConn) (*local, error) {
	c := &local{conn: conn}
	if err := c.init(conn); err != nil {
		conn.Close() // never used
		return nil, err
	}
	return c, nil
}

// read reads what has arrived, waiting for it.
func (c *local) read(b []byte) (int, error) {
	if n, err := c.take(b); n > 0 || err != nil {
		return n, err
	}
	return c.conn.Read(b)
}

// close ends the connection in order. What its error could say is known: nobody needs the connection any more.
func (c *local) close() { c.conn.Close() }

// abort ends the connection with RST: a FIN could pass for the end of a request.
func (c *local) abort() {
	c.conn.SetLinger(0)
	c.conn.Close()
}
