package edge

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	alpnHTTP1     = "http/1.1"
	alpnHTTP2     = "h2"
	alpnChallenge = "acme-tls/1" // RFC 8737

	// maxHello is how much of a connection is kept until its hello is understood. Those of today have 2 KiB.
	maxHello = 32 << 10
)

// course is where a TLS connection goes, as its hello says.
type course uint8

const (
	courseHTTP      course = iota // TLS ends here, requests follow
	courseChallenge               // TLS ends here, and that is all (RFC 8737, 3)
	courseTerminate               // TLS ends here, what is in it is carried to an endpoint
	coursePass                    // carried as it is: its TLS ends behind the tunnel
	courseAgent                   // an agent's
)

var (
	errHelloTooLarge = errors.New("the hello is too large")
	errNotOurs       = errors.New("the connection is somebody else's to answer") // ends our handshake; nobody hears of it
)

// front is the socket below a visitor's TLS. It keeps what it reads until the hello is understood, so that the connection can go on elsewhere as if nobody had
// looked.
type front struct {
	net.Conn
	s *Server

	hello []byte // what was read
	known bool   // the hello is understood
	mute  bool   // nothing is written: crypto/tls would send an alert when its handshake is given up

	owner  *conn // that it is below
	turned bool  // there is no owner: the visitor is only told that there is no room
	single bool  // there is no memory for HTTP/2

	course  course
	name    string             // canonical; "": the hello named none
	strange bool               // what it named is no name
	ep      *registry.Endpoint // that has the name; nil: none
	alpn    []string           // what the visitor offers

	mux    *mux // above TLS, when that is HTTP/2
	closed sync.Once
}

func (f *front) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if !f.known && n > 0 {
		if len(f.hello)+n > maxHello {
			return 0, errHelloTooLarge
		}
		f.hello = append(f.hello, p[:n]...)
	}
	if f.mux != nil {
		f.mux.pace.heard(n)
	}
	return n, err
}

func (f *front) Write(p []byte) (int, error) {
	if f.mute {
		return len(p), nil
	}
	if f.mux != nil {
		f.mux.pace.begin()
		defer f.mux.pace.end()
	}
	return f.Conn.Write(p)
}

// Close is for who owns the TLS above. With HTTP/2 that is net/http, a second after its last word on a connection: at the stop only our side is closed here, and
// the rest is left to the connection's end.
func (f *front) Close() error {
	if f.mux == nil || !f.mux.lent {
		return f.Conn.Close()
	}
	defer f.closed.Do(func() { f.s.run(f.mux.end) })
	if f.s.stopping.Load() {
		return closeWrite(f.Conn)
	}
	return f.Conn.Close()
}

// NetConn is the socket.
func (f *front) NetConn() net.Conn { return f.Conn }

// understand is GetConfigForClient of every handshake: it decides by the hello what becomes of the connection.
func understand(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	f := hello.Conn.(*front)
	f.known = true
	f.look(hello)
	switch {
	case f.course == coursePass, f.course == courseAgent, f.turned && f.course != courseHTTP:
		f.mute = true
		return nil, errNotOurs
	case f.turned:
		return f.s.tls.single, nil
	}
	f.hello = nil
	if f.course == courseHTTP && f.offers(alpnHTTP2) {
		f.owner.since.Store(f.s.clock.Load()) // it has not waited for nothing, and is not to be shed
		f.single = !f.owner.afford(h2Cost)
	}
	return f.s.tls.config(f), nil
}

// look finds the course.
func (f *front) look(hello *tls.ClientHelloInfo) {
	f.alpn = hello.SupportedProtos
	if f.offers(wire.ALPN) && f.s.agents != nil {
		f.course = courseAgent
		return
	}
	if hello.ServerName != "" {
		name, port, ok := registry.CanonicalHost(nil, []byte(hello.ServerName))
		if !ok || port != 0 {
			f.strange = true
			return
		}
		f.name = string(name)
		if f.turned { // nobody waits
			f.ep, _ = f.s.registry.Pick(name)
		} else {
			f.ep, _ = f.s.registry.Await(f.s.begin, name) // of one that stays away requests are told
		}
	}
	switch {
	case slices.Equal(f.alpn, []string{alpnChallenge}) && !f.provesItself():
		f.course = courseChallenge
	case f.ep != nil && f.ep.Protocol == wire.ProtocolTLS && f.ep.Terminate:
		f.course = courseTerminate
	case f.ep != nil && f.ep.Protocol == wire.ProtocolTLS:
		f.course = coursePass
	}
}

// provesItself says that a CA that comes here looks for the proof of a service whose TLS ends behind the tunnel, and not for the relay's.
func (f *front) provesItself() bool {
	passes := f.ep != nil && f.ep.Protocol == wire.ProtocolTLS && !f.ep.Terminate
	return passes && (f.s.challenged == nil || !f.s.challenged(f.name))
}

func (f *front) offers(protocol string) bool { return slices.Contains(f.alpn, protocol) }

// plainly says that a handshake has failed because the visitor speaks HTTP without TLS: a method begins with capital letters.
func plainly(err error) bool {
	var first tls.RecordHeaderError
	if !errors.As(err, &first) || first.Conn == nil {
		return false
	}
	for _, c := range first.RecordHeader {
		if (c < 'A' || c > 'Z') && c != ' ' && c != '/' {
			return false
		}
	}
	return true
}

// rewind gives the connection away as it came.
func (f *front) rewind() net.Conn { return &rewound{Conn: f.Conn, left: f.hello} }

// rewound is a socket whose first bytes were read already, and are read again.
type rewound struct {
	net.Conn
	left []byte
}

func (r *rewound) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.left)
	if r.left = r.left[n:]; len(r.left) == 0 {
		r.left = nil
	}
	return n, nil
}

// NetConn is the socket, for who sets its options.
func (r *rewound) NetConn() net.Conn { return r.Conn }

// CloseWrite ends our direction.
func (r *rewound) CloseWrite() error { return closeWrite(r.Conn) }

// SetLinger is the socket's.
func (r *rewound) SetLinger(sec int) error {
	if l, ok := r.Conn.(interface{ SetLinger(int) error }); ok {
		return l.SetLinger(sec)
	}
	return errors.ErrUnsupported
}

// closeWrite sends FIN.
func closeWrite(nc net.Conn) error {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
