package edge

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/http1"
)

const (
	maxStreams = 100 // requests that a connection may have under way

	// What a visitor may have sent and nobody taken yet.
	h2Window     = 128 << 10 // of one request
	h2ConnWindow = 256 << 10 // of a connection

	// h2Cost is what HTTP/2 adds to what a TLS connection holds: its frames, tables and goroutines. All in all that is 38 KiB of one that idles, 41 KiB when it has
	// had requests, and 78 KiB when content has come in (measured like tlsCost). streamCost is a request's, without the window of its content, and
	// headCost that of each byte of its head, which is there as fields, as a head of HTTP/1.1 that is read, and as one that goes on.
	h2Cost     = 24 << 10
	streamCost = 24 << 10
	headCost   = 4

	// pingAfter is how long a connection may be silent before it is asked whether it still lives, and pingWithin how long the answer may take. A header block that
	// does not come to its end is silence, too.
	pingAfter  = 30 * time.Second
	pingWithin = 15 * time.Second

	// slowUnsent is what a link must have left to carry to be the reason for a request's waiting: one frame of content. Answers to pings do not come up to it.
	slowUnsent = 16 << 10

	// maxResets is how many requests a connection may give up, beyond those that it lets come to their end, before it is closed: opening and resetting costs a
	// visitor nothing, and us an exchange each. From the half of it on he is asked to go on with another connection: he may be a person in a hurry.
	maxResets = 200
)

// newH2 makes the one net/http server that does HTTP/2's framing, and nothing else, for all connections. It is fed through hand.
func (s *Server) newH2() *http.Server {
	var p http.Protocols
	p.SetHTTP2(true)
	return &http.Server{
		Handler:                      http.HandlerFunc(serveStream),
		DisableGeneralOptionsHandler: true, // OPTIONS * is the service's to answer, too
		Protocols:                    &p,
		MaxHeaderBytes:               http1.MaxHead,
		IdleTimeout:                  time.Duration(s.lim.idle),
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:                  func(net.Listener) context.Context { return s.begin },
		ConnContext: func(ctx context.Context, nc net.Conn) context.Context {
			return context.WithValue(ctx, muxKey{}, nc.(*tls.Conn).NetConn().(*front).mux)
		},
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams, MaxReadFrameSize: 16 << 10,
			MaxReceiveBufferPerStream: h2Window, MaxReceiveBufferPerConnection: h2ConnWindow,
			SendPingTimeout: pingAfter, PingTimeout: pingWithin, WriteByteTimeout: time.Duration(s.lim.reader),
		},
		WriteTimeout: 2 * time.Duration(s.lim.reader), // is for what net/http answers itself (400, 431); ours are the sweeper's, who lifts it
	}
}

type muxKey struct{}

// mux is a public connection with many requests at once. It is one of the server's connections, whose phase says whether any is under way.
type mux struct {
	*conn

	mu      sync.Mutex
	streams map[*stream]struct{}
	resets  int  // given up by the visitor, less those that were not
	over    bool // no request is begun any more
	running sync.WaitGroup
	pace    pace
}

// multiplex has HTTP/2 served until the connection's end, which comes without this goroutine: thousands of connections idle.
func (c *conn) multiplex(t *tls.Conn) {
	if c.front.single { // and the visitor speaks nothing else
		c.s.noRoom()
		c.tooLate()
		return
	}
	m := &mux{conn: c, streams: map[*stream]struct{}{}}
	m.pace.moved.L = &m.pace.mu
	c.front.mux = m
	c.mux.Store(m)
	c.since.Store(c.s.clock.Load())
	if !c.phase.CompareAndSwap(phaseFresh, phaseRest) {
		return // the end of the stop was quicker, or who needs the place
	}
	c.in.free() // net/http has buffers of its own
	c.lent = true
	if !c.s.hand.give(t) {
		c.lent = false
		c.in.init()
		c.tooLate()
	}
}

// end is the connection's, once net/http has closed it.
func (m *mux) end() {
	defer m.finish()
	defer m.conn.end() // a panic is this connection's alone here, too
	m.mu.Lock()
	m.over = true
	m.mu.Unlock()
	m.running.Wait()
	m.seeOff()
}

// seeOff lets a visitor who heard that the server stops (GOAWAY) read what it was sent, and leave by itself, which it does when it has no request left. While it reads
// it says so (WINDOW_UPDATE): a socket that is closed would answer with a reset, and what it has not read would be lost. A visitor who was told to leave for giving up
// much has no such time: it might go on with that.
func (m *mux) seeOff() {
	if m.s.stopping.Load() {
		m.in.init()
		m.lingerOn()
	}
	m.sock.Close() // TLS is closed already, and would not do it
}

// leaves says that the visitor hears with its next answer that it should go on with another connection (GOAWAY): the server stops, or the visitor has given up much.
func (m *mux) leaves() bool { return m.s.stopping.Load() || m.strained() }

// goneAway is all that the server says on a connection that it serves no request of: SETTINGS, with which either side begins (RFC 9113, 3.4), and GOAWAY without
// an error, whose last stream is none (6.8).
const goneAway = "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x08\x07\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00"

// tooLate answers a connection whose handshake was over when the server took no more, or had no memory for it: its visitor hears that nobody has begun what he asks for, and asks again.
func (c *conn) tooLate() {
	if _, err := c.net.Write([]byte(goneAway)); err == nil { // the socket has room for it
		c.lingerOn()
	}
}

// begin takes a request in; false: the connection is over.
func (m *mux) begin(st *stream) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over {
		return false
	}
	if len(m.streams) == 0 && !m.phase.CompareAndSwap(phaseRest, phaseStreams) {
		return false // closed to make room
	}
	m.streams[st] = struct{}{}
	m.running.Add(1)
	return true
}

// done is a request's end. gone: the visitor gave it up.
func (m *mux) done(st *stream, gone bool) {
	m.mu.Lock()
	delete(m.streams, st)
	if gone {
		m.resets++
	} else if m.resets > 0 {
		m.resets--
	}
	flood := m.resets > maxResets
	if len(m.streams) == 0 {
		m.enter(phaseRest)
	}
	m.mu.Unlock()
	if flood {
		m.s.log.Debug("a visitor gives up too many requests", "client", m.peer)
		m.sock.Close()
	}
	m.running.Done()
}

// strained says that the visitor has given up so much that he should go on with another connection.
func (m *mux) strained() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.resets > maxResets/2
}

// sweep holds the limits of the requests under way. It must not block.
func (m *mux) sweep(now int64, l *limits) {
	slow := m.slow()
	m.each(func(st *stream) { st.sweep(now, l, slow) })
}

// slow says that the requests share a link that carries all it can: much is left for it to carry, and not what was left at the last look.
func (m *mux) slow() bool {
	n := unsent(m.sock)
	moved := n != m.stall.unsent
	m.stall.unsent = n
	return moved && n >= slowUnsent
}

// each calls f for every request under way. f must not block.
func (m *mux) each(f func(*stream)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for st := range m.streams {
		f(st)
	}
}

// seatFor is sit for requests that come at the same time.
func (m *mux) seatFor(t *turn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sit(t.ep.Upstream)
}
