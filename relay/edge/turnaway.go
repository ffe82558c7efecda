package edge

import (
	"crypto/tls"
	"io"
	"net"
	"time"

	"github.com/adit-tunnel/adit/errorpage"
	"github.com/adit-tunnel/adit/wire"
)

// maxTurned is how many may be told at once that there is no room. More are just closed: who opens connections by the thousand must not have a goroutine for each, nor a
// handshake.
const maxTurned = 16

// turnAway tells a visitor why it is not served, without reading what it asks for. It does not wait.
func (s *Server) turnAway(nc net.Conn, e entrance, code wire.Code) {
	s.count.failed(code)
	if !s.mayTell() {
		nc.Close()
		return
	}
	s.helpers.Add(1)
	s.run(func() {
		defer s.helpers.Done()
		defer s.turning.Add(-1)
		defer nc.Close()
		s.tell(nc, e.tls, code)
	})
}

// mayTell says that one more may be told; s.turning counts it then.
func (s *Server) mayTell() bool {
	if s.turning.Add(1) <= maxTurned {
		return true
	}
	s.turning.Add(-1)
	return false
}

// tell writes the page for a code to who has come with nc, which is left to be closed.
func (s *Server) tell(nc net.Conn, secure bool, code wire.Code) {
	nc.SetDeadline(time.Now().Add(time.Duration(s.lim.turn)))
	if secure {
		t := tls.Server(&front{Conn: nc, s: s, turned: true}, s.tls.hello)
		if t.Handshake() != nil {
			return
		}
		t.Write(s.shortPage(code))
		_ = t.CloseWrite() // FIN follows anyway
	} else {
		nc.Write(s.shortPage(code))
	}
	if closeWrite(nc) == nil {
		io.Copy(io.Discard, nc) // closing with bytes unread would be an RST, which may overtake the page
	}
}

// shortPage is the whole answer.
func (s *Server) shortPage(code wire.Code) []byte {
	head, content := errorpage.New(code, "", string(appendID(nil, newID(s.now())))).Response(errorpage.Text)
	return append(append(head, "Connection: close\r\n\r\n"...), content...)
}
