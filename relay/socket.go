package relay

import (
	"net/http"
	"net/netip"

	"github.com/adit-tunnel/adit/wire"
)

// takeSocket lets an agent in that comes to the public listener as a WebSocket.
func (r *Relay) takeSocket(w http.ResponseWriter, q *http.Request) {
	client, err := netip.ParseAddrPort(q.RemoteAddr)
	if err != nil {
		http.Error(w, "this connection has no address", http.StatusBadRequest)
		return
	}
	conn, err := wire.AcceptSocket(w, q, client)
	if err != nil {
		r.o.Log.Debug("an agent's WebSocket was refused", "remote", q.RemoteAddr, "err", err)
		return
	}
	r.sessions.Take(conn)
}
