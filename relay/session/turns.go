package session

import (
	"net"
	"runtime"
)

// turns bounds how many TLS handshakes compute at once. One costs half a millisecond of a processor: when a thousand agents come back together, all of them
// would stand in front of every byte of those that are online.
type turns chan struct{}

// newTurns leaves half of the processors to those that are online.
func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)/2)) }

// newcomer is a connection that has a turn until its handshake is over, and gives it up while it waits for bytes: who says nothing keeps nobody waiting.
type newcomer struct {
	net.Conn
	turns turns // nil: the handshake is over
}

// begin waits for a turn.
func (t turns) begin(conn net.Conn) *newcomer {
	t <- struct{}{}
	return &newcomer{conn, t}
}

// end gives the turn back, for good. Nobody may be reading.
func (n *newcomer) end() {
	<-n.turns
	n.turns = nil
}

// NetConn is the connection itself.
func (n *newcomer) NetConn() net.Conn { return n.Conn }

func (n *newcomer) Read(b []byte) (int, error) {
	if t := n.turns; t != nil {
		<-t
		defer func() { t <- struct{}{} }()
	}
	return n.Conn.Read(b)
}
