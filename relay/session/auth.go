package session

import (
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/wire"
)

// maxInstance bounds the agent's name for its slot.
const maxInstance = 128

// welcome takes a guest through TLS and authentication to a leg, of a new session or of one that is online. nil: it was refused, failed or was cut, and its
// connection is the caller's to close. It has left the lobby on return.
func (s *Server) welcome(g *guest) *leg {
	defer s.lobby.leave(g)
	conn := g.conn
	n := s.turns.begin(wire.TuneLink(conn), &s.lobby, g)
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
	l := &leg{}
	_, err = wire.ServerHandshake(greeted{tc, n},
		func(a *wire.Auth) (*wire.Welcome, error) { return s.decide(conn, l, a) },
		func(j *wire.Join) (*wire.Welcome, error) { return s.join(conn, l, j) })
	n.welcomed()
	begun := err == nil && s.begin(g, tc, l)
	if l.sess != nil && !l.more {
		s.arrived(l.sess)
	}
	if begun {
		return l
	}
	if l.sess != nil {
		l.sess.legs.withdraw()
	}
	s.givePlace(l)
	if err != nil {
		s.refused(conn, err)
	}
	return nil
}

// begin makes the leg of a guest that was welcomed; false: it ends here.
func (s *Server) begin(g *guest, conn net.Conn, l *leg) bool {
	var err error
	o := wire.LegOptions{Go: s.o.Go, OnMessage: l.hear, Log: l.sess.log, Budget: s.grown, IDs: s.o.StreamIDs}
	if l.Leg, err = wire.NewRelayLeg(conn, o); err != nil {
		l.sess.log.Debug("leg not begun", "err", err)
		return false
	}
	if !s.lobby.leave(g) || !s.enter(l) {
		_ = l.Close()
		return false
	}
	what := "agent online"
	if l.more {
		what = "leg online"
	}
	l.sess.log.Info(what, "remote", conn.RemoteAddr().String())
	return true
}

// refused logs a refusal; what never came to ask, and what has been told to wait, is not worth a line.
func (s *Server) refused(conn net.Conn, err error) {
	say := s.o.Log.Debug
	var fe *wire.FatalError
	if errors.As(err, &fe) && fe.Code != wire.CodeTooManyTries && fe.Code != wire.CodeRelayBusy {
		say = func(text string, args ...any) { s.refusals.info(s.o.Log, text, args...) }
	}
	say("agent refused", "remote", conn.RemoteAddr().String(), "err", err)
}

// decide looks the token up, and makes l the first leg of a session and answers with Welcome, or with a *wire.FatalError. The token goes nowhere else.
func (s *Server) decide(conn net.Conn, l *leg, a *wire.Auth) (*wire.Welcome, error) {
	from := source(conn)
	if s.stopping() {
		return nil, errStopping
	}
	if !validInstance(a.Instance) {
		return nil, fatal(wire.CodeBadAuth)
	}
	grant, err := s.o.Control.Authenticate(a.Token)
	switch {
	case errors.Is(err, control.ErrUnknownToken) && a.Token == "":
		return nil, fatal(wire.CodeTokenRequired)
	case errors.Is(err, control.ErrUnknownToken):
		return nil, s.tries.refusal(from, fatal(wire.CodeBadToken))
	case err != nil:
		s.o.Log.Error("token store failed", "err", err)
		return nil, &wire.FatalError{Code: wire.CodeRelayBusy, Text: "the relay cannot look tokens up at the moment", Wait: 5 * time.Second}
	}
	s.tries.passed(from)
	if !grant.Scopes.AllowsFrom(address(conn)) {
		return nil, outOfScope(conn)
	}
	sess := newSession(s, newID(), grant, a.Instance, s.o.Log)
	if err := s.takePlace(l, grant.Account); err != nil {
		return nil, err
	}
	if err := s.expect(sess); err != nil {
		s.givePlace(l)
		return nil, err
	}
	l.sess = sess
	l.sess.legs.promise()
	return s.greeting(l.sess), nil
}

// join makes l another leg of a session that is online. Who does not know its secret is not told whether there is such a session.
func (s *Server) join(conn net.Conn, l *leg, j *wire.Join) (*wire.Welcome, error) {
	sess := s.session(j.Session)
	switch {
	case s.stopping():
		return nil, errStopping
	case sess == nil || subtle.ConstantTimeCompare([]byte(j.Secret), []byte(sess.secret)) != 1:
		return nil, s.tries.refusal(source(conn), &wire.FatalError{Code: wire.CodeBadAuth, Text: "no session has this secret"})
	case !sess.granted().Scopes.AllowsFrom(address(conn)):
		return nil, outOfScope(conn)
	}
	if err := s.takePlace(l, sess.account); err != nil {
		return nil, err
	}
	if !sess.legs.promise() {
		return nil, &wire.FatalError{Code: wire.CodeRelayBusy, Text: "the session has all the connections it may have", Wait: time.Second}
	}
	l.sess, l.more, l.spare = sess, true, j.Spare
	return s.greeting(sess), nil
}

var errStopping = &wire.FatalError{Code: wire.CodeRelayStopping, Text: wire.CodeRelayStopping.Info().Text, Wait: time.Second}

func (s *Server) greeting(sess *session) *wire.Welcome {
	g := sess.granted()
	return &wire.Welcome{
		Account: sess.account, Plan: g.Plan, Region: s.o.Region, Relay: s.o.Relay, Version: s.o.Version, Time: time.Now().UnixMilli(),
		Session: sess.id, Secret: sess.secret, Legs: 1,
		Limits: limits(g.Limits),
	}
}

// limits are those of the session and of its account's plan, of which those that the plan does not set are left out.
func limits(l control.Limits) map[string]int64 {
	all := map[string]int64{"endpoints": maxEndpoints, "legs": maxLegs, "streams": wire.MaxStreams}
	for name, n := range map[string]int64{"endpoints": int64(l.Endpoints), "sessions": int64(l.Sessions), "rate": int64(l.Rate), "bandwidth": l.Bandwidth, "session_seconds": int64(l.SessionFor)} {
		if n > 0 && (all[name] == 0 || n < all[name]) {
			all[name] = n
		}
	}
	return all
}

func outOfScope(conn net.Conn) error {
	return &wire.FatalError{Code: wire.CodeAddressScope, Text: fmt.Sprintf("the token is not for agents at %v", address(conn))}
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

// address is the agent's; the zero Addr, if it has none.
func address(conn net.Conn) netip.Addr {
	ap, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// source is whom connections and failed tries are counted for: the address, for IPv6 the /64 that one customer has.
func source(conn net.Conn) netip.Prefix {
	a := address(conn)
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
