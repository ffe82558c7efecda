package edge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// atDoor says that a request which nobody serves, as err says, is an agent's, who comes as a WebSocket. Who knows the relay by its address names no server in TLS.
func (c *conn) atDoor(t *turn, err error) bool {
	return (err == registry.ErrNoEndpoint || err == errNoServerName) && c.s.door != nil && t.upgrade && c.fixed == 0 && string(t.req.Method) == http.MethodGet && string(t.req.Path) == wire.SocketPath
}

// handOver gives the connection to Options.Door, or closes it after what that has answered. It is the connection's last turn.
func (c *conn) handOver(t *turn) (more bool) {
	c.forwardingFields(t) // find the client
	d := &doorway{c: c, header: http.Header{}}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(t.req.Raw)))
	if err != nil {
		c.skipContent(t)
		c.answerError(t, errHost)
		c.record(t)
		c.lingerOn()
		return false
	}
	r.RemoteAddr = t.q.Client.String()
	c.s.door(d, r)
	t.status = d.status
	c.record(t)
	if c.given = d.given; !c.given {
		c.lingerOn()
	}
	return false
}

// doorway is the answer to a request at the door; whoever hijacks it has the connection.
type doorway struct {
	c      *conn
	header http.Header
	status int
	given  bool
}

func (d *doorway) Header() http.Header { return d.header }

func (d *doorway) WriteHeader(status int) {
	if d.status != 0 {
		return
	}
	d.status = status
	if status >= 200 {
		d.header.Set("Connection", "close") // which ends the content as well
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = d.header.Write(&head) // into memory
	head.WriteString("\r\n")
	_, _ = d.Write(head.Bytes())
}

// Write writes to the visitor; that he is gone shows when he is read.
func (d *doorway) Write(p []byte) (int, error) {
	if d.status == 0 {
		d.WriteHeader(http.StatusOK)
	}
	d.c.writing.Store(d.c.s.clock.Load())
	defer d.c.writing.Store(0)
	return d.c.net.Write(p)
}

// Hijack implements http.Hijacker.
func (d *doorway) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	d.given = true
	left := bytes.Clone(d.c.in.bytes())
	r := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(left), d.c.net), max(len(left), 4096))
	_, _ = r.Peek(len(left)) // from memory
	_ = d.c.net.SetDeadline(time.Time{})
	return d.c.net, bufio.NewReadWriter(r, bufio.NewWriter(d.c.net)), nil
}
