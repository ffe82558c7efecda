package session

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/wire"
)

// maxInstance bounds the agent's name for its slot.
const maxInstance = 128

// welcome takes a guest through TLS and authentication to a session. nil: it was refused, failed or was cut, and its connection is the caller's to
// close. It has left the lobby on return.
func (s *Server) welcome(g *guest) (made *session) {
	defer s.lobby.leave(g)
	conn := g.conn
	wire.TuneLink(conn)
	n := s.turns.begin(conn)
	tc := tls.Server(n, s.tls)
	err := tc.Handshake()
	n.end()
	if err != nil {
		s.o.Log.Debug("TLS with agent failed", "remote", conn.RemoteAddr().String(), "err", err)
		return nil
	}
	if tc.ConnectionState().NegotiatedProtocol != wire.ALPN {
		return nil
	}
	var sess *session
	defer func() {
		if made == nil && sess != nil {
			s.leave()
		}
	}()
	_, err = wire.ServerHandshake(tc, func(a *wire.Auth) (*wire.Welcome, error) {
		w, made, err := s.decide(conn, a)
		sess = made
		return w, err
	})
	if err != nil {
		s.refused(conn, err)
		return nil
	}
	leg, err := wire.NewRelayLeg(tc, wire.LegOptions{Go: s.o.Go, OnMessage: sess.message, Log: sess.log, Budget: s.grown})
	if err != nil {
		sess.log.Debug("session not begun", "err", err)
		return nil
	}
	sess.leg, sess.pools.leg = leg, leg
	if !s.lobby.leave(g) || !s.enter(sess) {
		leg.Close()
		return nil
	}
	return sess
}

// refused logs a refusal; what never authenticated, and what has been told to wait, is not worth a line for each try.
func (s *Server) refused(conn net.Conn, err error) {
	level := slog.LevelDebug
	var fe *wire.FatalError
	if errors.As(err, &fe) && fe.Code != wire.CodeTooManyTries && fe.Code != wire.CodeRelayBusy {
		level = slog.LevelInfo
	}
	s.o.Log.Log(context.Background(), level, "agent refused", "remote", conn.RemoteAddr().String(), "err", err)
}

// decide looks the token up and answers with Welcome or a *wire.FatalError. The token goes nowhere else.
func (s *Server) decide(conn net.Conn, a *wire.Auth) (*wire.Welcome, *session, error) {
	from := source(conn)
	if s.stopping() {
		return nil, nil, &wire.FatalError{Code: wire.CodeRelayStopping, Text: wire.CodeRelayStopping.Info().Text, Wait: time.Second}
	}
	if !validInstance(a.Instance) {
		return nil, nil, fatal(wire.CodeBadAuth)
	}
	grant, err := s.o.Control.Authenticate(a.Token)
	switch {
	case errors.Is(err, control.ErrUnknownToken) && a.Token == "":
		return nil, nil, fatal(wire.CodeTokenRequired)
	case errors.Is(err, control.ErrUnknownToken):
		return nil, nil, s.tries.refusal(from)
	case err != nil:
		s.o.Log.Error("token store failed", "err", err)
		return nil, nil, &wire.FatalError{Code: wire.CodeRelayBusy, Text: "the relay cannot look tokens up at the moment", Wait: 5 * time.Second}
	}
	s.tries.passed(from)
	if !s.room() {
		if n, due := s.full.Due(); due {
			s.o.Log.Warn("agents are refused: no memory or no connections are left", "times", n)
		}
		return nil, nil, &wire.FatalError{Code: wire.CodeRelayBusy, Text: wire.CodeRelayBusy.Info().Text, Wait: busyWait}
	}
	sess := newSession(s, newID(), grant, a.Instance, s.o.Log)
	return &wire.Welcome{
		Account: grant.Account, Plan: grant.Plan, Region: s.o.Region, Relay: s.o.Relay, Version: s.o.Version,
		Session: sess.id, Legs: 1,
		Limits: map[string]int64{"endpoints": maxEndpoints, "streams": wire.MaxStreams},
	}, sess, nil
}

func fatal(c wire.Code) error { return &wire.FatalError{Code: c, Text: c.Info().Text} }

// validInstance bounds what goes into logs and comparisons.
func validInstance(s string) bool {
	if s == "" || len(s) > maxInstance {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// source is whom connections and failed tries are counted for: the address, for IPv6 the /64 that one customer has.
func source(conn net.Conn) netip.Prefix {
	ap, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{}
	}
	a := ap.Addr().Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// newID is a session's id: 128 random bits.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
