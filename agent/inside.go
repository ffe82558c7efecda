package agent

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// inside answers in this process what a lane writes: net/http takes the requests from a connection in memory, and a handler does what a plain connection
// to a service cannot. So files, and services that speak HTTP/2, meet the same lane, with its recording, its limits and its errors. Whoever has the
// lane's end of a connection ends what serves it; a reset ends the request's context.
type inside struct {
	at     net.Addr
	server *http.Server
	each   func(v visit) *inside // one for each connection instead, which close ends; nil: this one for all
	end    func()                // when it serves no more; nil: nothing is left
}

func newInside(at string, h http.Handler) *inside {
	only := new(http.Protocols)
	only.SetHTTP1(true)
	return &inside{at: address(at), server: &http.Server{
		Handler: h, Protocols: only, DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout: time.Minute, // the head is in one write: it only keeps a broken lane from waiting
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, pipeKey{}, c) },
	}}
}

// pipeKey is where a request's context has its connection.
type pipeKey struct{}

// unanswered ends a request to which there is no answer: its lane says why to the visitor.
func unanswered(r *http.Request, why error) {
	if c, ok := r.Context().Value(pipeKey{}).(*half); ok {
		c.breakFor(why)
	}
	panic(http.ErrAbortHandler) // ends the connection
}

// dial makes a connection and serves it.
func (s *inside) dial(v visit) (localConn, error) {
	if s.each != nil {
		own := s.each(v)
		own.server.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				own.close()
			}
		}
		return own.dial(v)
	}
	theirs, ours := newPipe(s.at, net.TCPAddrFromAddrPort(v.client))
	_ = s.server.Serve(&single{conn: theirs}) // which returns at once: there will be no other connection
	return ours, nil
}

// close says that there will be no new exchanges.
func (s *inside) close() {
	if s.end != nil {
		s.end()
	}
}

// single is a listener that accepts one connection.
type single struct{ conn net.Conn }

func (l *single) Accept() (net.Conn, error) {
	c := l.conn
	if l.conn = nil; c == nil {
		return nil, io.EOF
	}
	return c, nil
}

func (l *single) Close() error   { return nil }
func (l *single) Addr() net.Addr { return address("") }
