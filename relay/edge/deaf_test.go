package edge

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// deafListener hands out connections whose visitors read nothing: a write waits until its connection is closed.
type deafListener struct{ net.Listener }

func (l deafListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &deafConn{Conn: nc, closed: make(chan struct{})}, nil
}

type deafConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (c *deafConn) Write([]byte) (int, error) {
	<-c.closed
	return 0, net.ErrClosed
}

func (c *deafConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// TestPageNobodyReads: a visitor that does not read its error page is held no longer than one that does not read an answer, and is logged as gone.
func TestPageNobodyReads(t *testing.T) {
	const limit = 50 * time.Millisecond
	for name, req := range map[string]string{
		"head timeout": "GET / HTTP/1.1\r\nHost: app.test\r\n",
		"bad request":  "GET /\r\n\r\n",
		"no endpoint":  "GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, func(*fakeExchange) {}, func(o *Options, _ *limits) { o.Head, o.Reader = limit, limit })
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() { served <- w.s.Serve(context.Background(), deafListener{ln}, 0) }()
			t.Cleanup(func() { w.shutdown(0); <-served })
			w.addr = ln.Addr().String()
			w.dial().send(req)
			until(t, "logged", func() bool { return strings.Contains(w.log.String(), "\n") })
			until(t, "closed", func() bool { return w.s.Stats().Open == 0 })
			if line := w.log.String(); !strings.HasSuffix(line, " code=VISITOR_GONE\n") {
				t.Errorf("logged %q", line)
			}
		})
	}
}
