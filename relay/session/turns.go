package session

import (
	"crypto/tls"
	"errors"
	"net"
	"runtime"
)

// turns bounds how many TLS handshakes compute at once. One costs half a millisecond of a processor: when a thousand agents come back together, all of them
// would stand in front of every byte of those that are online.
type turns chan struct{}

// newTurns leaves half of the processors to those that are online.
func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)/2)) }

// newcomer is a guest's connection. It has a turn until its TLS handshake is over, and gives it up while it waits for bytes: who says nothing keeps nobody
// waiting. Until Welcome the lobby's memory decides how much is read of it.
type newcomer struct {
	net.Conn
	turns turns // nil: the handshake is over
	lobby *lobby
	guest *guest // nil: it is none any more
}

// begin waits for a turn.
func (t turns) begin(conn net.Conn, l *lobby, g *guest) *newcomer {
	t <- struct{}{}
	return &newcomer{conn, t, l, g}
}

// end gives the turn back, for good. Nobody may be reading.
func (n *newcomer) end() {
	<-n.turns
	n.turns = nil
}

// welcomed lets it say what it wants, at nobody's cost. Nobody may be reading.
func (n *newcomer) welcomed() { n.guest = nil }

var errTalkative = errors.New("there is no memory for what it says before Welcome")

// greeted is a newcomer's TLS connection while it is answered.
type greeted struct {
	*tls.Conn
	n *newcomer
}

// CloseWrite is called when it was refused: what it says from now on is thrown away as it comes, and costs nothing more.
func (g greeted) CloseWrite() error {
	g.n.welcomed()
	return g.Conn.CloseWrite()
}

// NetConn is the connection itself.
func (n *newcomer) NetConn() net.Conn { return n.Conn }

// Read is called with a buffer that is as large as what TLS has made room for: for a record that was announced, too.
func (n *newcomer) Read(b []byte) (had int, err error) {
	if n.guest == nil {
		return n.read(b)
	}
	if !n.lobby.listen(n.guest, len(b)) {
		return 0, errTalkative
	}
	had, err = n.read(b)
	n.guest.said += had
	return had, err
}

func (n *newcomer) read(b []byte) (int, error) {
	if t := n.turns; t != nil {
		<-t
		defer func() { t <- struct{}{} }()
	}
	return n.Conn.Read(b)
}
