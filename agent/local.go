package agent

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/sock"
)

// localConn is what a lane needs of a connection: a socket of a local service, TLS over one, or the agent's end of one in memory to a Listener or to what
// answers in this process.
type localConn interface {
	io.ReadWriteCloser
	CloseWrite() error
	SetLinger(sec int) error
	SetWriteDeadline(t time.Time) error
}

// socket is a localConn that the kernel has.
type socket interface {
	net.Conn
	localConn
	syscall.Conn
}

var (
	_ socket    = (*sock.TCPConn)(nil)
	_ socket    = unixConn{}
	_ localConn = (*secure)(nil)
	_ localConn = (*half)(nil)
)

// watcher tells whether bytes or the end have arrived on a connection.
type watcher interface {
	park() error                // waits for that; an error says that the connection was closed here; one goroutine at a time
	quiet() bool                // says that nothing has; it does not wait; one goroutine at a time
	take(b []byte) (int, error) // returns what park has had to read
}

// local is a connection to the local service. It stays with its lane as long as it may be trusted. The fields behind the blank line are
// guarded by lane.mu.
type local struct {
	watcher
	conn  localConn
	files *budget.Budget // of which it is one
	gone  atomic.Bool
	wide  bool   // widen was called
	armed bool   // arm was called
	sock  watch  // the watcher of a socket
	owner uint64 // the public connection it was made for

	cur     *exchange // whose answer comes next; nil: kept, and nothing may come
	answers bool      // cur's answer has begun
	since   time.Time // kept since then
	pinned  bool      // belongs to the public connection pin
	pin     uint64
}

func newLocal(conn localConn, owner uint64) (*local, error) {
	c := &local{conn: conn, owner: owner}
	switch conn := conn.(type) {
	case *half:
		c.watcher = conn
	case *secure:
		c.watcher = conn
	case socket:
		if err := c.sock.init(conn); err != nil {
			conn.Close() // never used
			return nil, err
		}
		c.watcher = &c.sock
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

// widen lets the kernel take in more of an answer that its visitor reads.
func (c *local) widen() {
	if tcp, ok := c.conn.(*sock.TCPConn); ok && !c.wide {
		widenReceive(tcp.TCPConn)
	}
	c.wide = true
}

// arm makes the kernel end the connection with RST should this process be killed: a FIN could pass for the visitor's.
func (c *local) arm() {
	c.conn.SetLinger(0)
	c.armed = true
}

// close ends the connection in order. What its error could say is known: nobody needs the connection any more.
func (c *local) close() {
	if c.armed {
		c.conn.SetLinger(-1)
	}
	c.end()
}

// abort ends the connection with RST: a FIN could pass for the end of a request.
func (c *local) abort() {
	c.conn.SetLinger(0)
	c.end()
}

func (c *local) end() {
	c.conn.Close()
	if !c.gone.Swap(true) {
		c.files.Give(1)
	}
}
